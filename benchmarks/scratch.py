"""Where benchmarks keep their files: on the disk that the project is on, and never among its files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CACHE", "scratch"]

CACHE = Path(__file__).parents[1] / ".cache" / "bench"


@contextmanager
def scratch() -> Iterator[Path]:
    """A new directory that is gone afterwards; /tmp may be memory, where writes cost nothing."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        yield Path(directory)

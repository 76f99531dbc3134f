"""The composed scenes of the benchmarks, for tests: those modules find each other in their own folder."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

__all__ = ["benchmark_module"]

BENCHMARKS = str(Path(__file__).parent.parent / "benchmarks")


def benchmark_module(name: str) -> Any:
    """Import a module of the benchmarks."""
    if BENCHMARKS not in sys.path:
        sys.path.append(BENCHMARKS)
    return importlib.import_module(name)

"""What a start leaves for later: collecting garbage, and reading certificates."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgepi.runtime.certificates import put_off_certificates

__all__ = ["hurried"]


@contextmanager
def hurried() -> Iterator[Callable[[], None]]:
    """Start without looking for garbage, until what is yielded is called or the block ends.

    A start makes hundreds of thousands of objects that stay. Later collections need not look at them either.
    """
    gc.disable()
    try:
        with put_off_certificates():
            import aiohttp  # noqa: F401 (the parts that import it next find it done)
        yield _settle
    finally:
        gc.enable()


def _settle() -> None:
    gc.freeze()
    gc.enable()

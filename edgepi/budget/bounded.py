"""Calls into plugins that may fail or hang, each failure told in one sentence."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from edgepi.errors import PluginCallError
from edgepi.runtime.containment import within

__all__ = ["bounded"]

T = TypeVar("T")


async def bounded(work: Coroutine[Any, Any, T], timeout_s: float, what: str) -> T:
    """Wait for *work* for at most so many real seconds; what hangs on is left behind.

    Raises:
        PluginCallError: it failed (by any exception, `SystemExit` too) or did not end in time.
    """
    try:
        return await within(timeout_s, work, name=what)
    except Exception as error:
        raise PluginCallError(_sentence(what, error), hint=getattr(error, "hint", None)) from error


def _sentence(what: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return str(error) or f"{what} took too long"
    text = getattr(error, "message", "") or str(error)
    return f"{what} failed: {text or type(error).__name__}"

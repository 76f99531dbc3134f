"""Keeps what plugin code does away from the rest: hangs, exits, and exceptions of every kind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from edgepi.errors import PluginError

__all__ = ["GRACE_S", "contained", "run", "within"]

T = TypeVar("T")
GRACE_S = 1.0
log = logging.getLogger("edgepi.runtime")


async def contained(work: Coroutine[Any, Any, T]) -> T:
    """Await *work*; what would end the process becomes a `PluginError`."""
    try:
        return await work
    except (asyncio.CancelledError, KeyboardInterrupt, Exception):
        raise
    except BaseException as error:
        raise PluginError(f"it raised {type(error).__name__}: {error}") from error


async def within(seconds: float, work: Coroutine[Any, Any, T], *, name: str) -> T:
    """Await *work* for so many real seconds at most; whoever ignores its cancellation is left behind.

    Real seconds, whatever the clock's rate: devices and networks are not faster in a fast world.

    Raises:
        TimeoutError: it took longer.
        PluginError: it tried to end the process.
    """
    task = asyncio.create_task(contained(work), name=name)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
        if not done:
            await _abandon(task)
            raise TimeoutError(f"{name} took longer than {seconds:g} s")
    except asyncio.CancelledError:
        await _abandon(task)
        raise
    return task.result()


async def _abandon(task: asyncio.Task[Any]) -> None:
    task.cancel()
    done, _ = await asyncio.wait((task,), timeout=GRACE_S)
    if not done:
        log.warning("%s ignores its cancellation and is left behind", task.get_name())
    task.add_done_callback(_swallow)


def _swallow(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.debug("%s, left behind, ended with %r", task.get_name(), task.exception())


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* as `asyncio.run` does, except that only *main* itself can end the process.

    A callback or task that raises SystemExit stops the loop's run, not its work: it is
    logged and the run goes on.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(main, name="edgepi")
        while not task.done():
            try:
                loop.run_until_complete(task)
            except SystemExit as stop:
                if not task.done():
                    log.exception("something tried to end the process with code %s; it goes on", stop.code)
        return task.result()

"""Time that passes only when nobody has anything to do, and lives that end between two steps."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["LIFE", "Life", "LoopClock", "SwiftLoop"]

_REAL_PAUSE_S = 0.001
_DEADLOCK_PAUSES = 20_000


class _Selector(selectors.DefaultSelector):
    """Where another would wait for the next timer, the loop's time moves there."""

    loop: SwiftLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look at the sockets; wait really only while a thread is at work."""
        ready = super().select(0)
        pauses = 0
        while not ready and (timeout is None or (timeout > 0.0 and self.loop.outstanding)):
            ready = super().select(_REAL_PAUSE_S)
            pauses += 1
            assert pauses < _DEADLOCK_PAUSES, "nothing will ever happen again"
        if not ready and timeout is not None and timeout > 0.0:
            self.loop.move(timeout)
        return ready


class SwiftLoop(asyncio.SelectorEventLoop):
    """An event loop in pure time: timers are due at once, threads take none; sockets on loopback are real.

    *outstanding* counts the answers that threads of their own still owe.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self.outstanding = 0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self._clock_resolution = 1e-6
        self.set_task_factory(_task)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._now_s

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._now_s += seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do it here and now, and tell in the next round of the loop."""
        del executor
        answer: asyncio.Future[Any] = self.create_future()
        try:
            told = func(*args)
        except Exception as error:  # noqa: BLE001 (the awaiter's affair)
            self.call_soon(_settle, answer, None, error)
        else:
            self.call_soon(_settle, answer, told, None)
        return answer


def _settle(answer: asyncio.Future[Any], told: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(told)
    else:
        answer.set_exception(error)


class LoopClock:
    """The loop's time as a clock; monotonic seconds begin anew with each of them, as with each boot."""

    rate = 1.0
    trusted = True

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: datetime) -> None:
        self._loop = loop
        self._origin = origin.astimezone(UTC)
        self._born_s = loop.time()

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._loop.time() - self._born_s

    def now(self) -> datetime:
        """Wall time in UTC."""
        return self._origin + timedelta(seconds=self._loop.time())

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of the loop."""
        await asyncio.sleep(max(0.0, seconds))


class Life:
    """All tasks that were begun under it, and their tasks, stop for ever where they stand when it ends.

    Nothing of them runs any more, no ``finally`` either: that is what a power cut is like. *fuse* is how
    many steps are left, None while nothing threatens.
    """

    def __init__(self) -> None:
        self.dead = False
        self.fuse: int | None = None
        self.steps = 0
        self.ended = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._frozen: list[Any] = []

    def hold(self, task: asyncio.Task[Any]) -> None:
        """Keep a task from being thrown away as long as it is not done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task under this life."""
        token = LIFE.set(self)
        try:
            return asyncio.get_running_loop().create_task(work)
        finally:
            LIFE.reset(token)

    def end(self) -> None:
        """End it now."""
        if not self.dead:
            self.dead = True
            self.ended.set()

    def goes_on(self) -> bool:
        """Count a step; False when there is to be none."""
        if self.dead:
            return False
        self.steps += 1
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.end()
        return not self.dead

    def freeze(self, work: object) -> asyncio.Future[Any]:
        """Something to wait for that never comes; *work* is never thrown away, so it never cleans up."""
        never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        setattr(never, "_asyncio_future_blocking", True)  # noqa: B010 (what `await` does)
        self._frozen += (work, never)
        return never


LIFE: ContextVar[Life | None] = ContextVar("LIFE", default=None)


class _Mortal(Coroutine[Any, Any, Any]):
    """Passes on to a coroutine as long as its life goes on."""

    def __init__(self, inner: Coroutine[Any, Any, Any], life: Life) -> None:
        self._inner = inner
        self._life = life
        self.__name__ = getattr(inner, "__name__", "work")
        self.__qualname__ = getattr(inner, "__qualname__", "work")

    def send(self, value: Any) -> Any:
        return self._inner.send(value) if self._life.goes_on() else self._life.freeze(self._inner)

    def throw(self, *args: Any) -> Any:
        return self._inner.throw(*args) if self._life.goes_on() else self._life.freeze(self._inner)

    def close(self) -> None:
        if not self._life.dead:
            self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise NotImplementedError("only tasks run these")


def _task(loop: asyncio.AbstractEventLoop, work: Any, **named: Any) -> asyncio.Task[Any]:
    context = named.get("context")
    life = LIFE.get() if context is None else context.get(LIFE)
    if life is None:
        return asyncio.Task(work, loop=loop, **named)
    task = asyncio.Task(_Mortal(work, life), loop=loop, **named)
    life.hold(task)
    return task

"""One thread per plugin instance for what blocks; a hung one is replaced, and never outlives the node."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from edgepi.errors import PluginError

__all__ = ["PluginThread"]

T = TypeVar("T")


@dataclass(slots=True)
class _Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Any]


@dataclass(slots=True)
class _Worker:
    calls: queue.SimpleQueue[_Call | None] = field(default_factory=queue.SimpleQueue)
    pending: int = 0
    abandoned_at_s: float | None = None


class PluginThread:
    """Runs blocking functions one after the other, as `RunBlocking`.

    A call whose awaiter gave up *patience_s* real seconds ago is hung: the next call gets a fresh
    thread, up to *spares* times. Threads are daemons, so that a hung one cannot keep the process.
    """

    def __init__(
        self,
        name: str,
        *,
        patience_s: float = 10.0,
        spares: int = 3,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._patience_s = patience_s
        self._spares = spares
        self._stopwatch = stopwatch
        self._worker: _Worker | None = None
        self._hung: list[_Worker] = []
        self._closed = False

    async def __call__(self, function: Callable[..., T], /, *args: Any) -> T:
        """Run *function* in the plugin's thread and wait for its result."""
        worker = self._choose()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        worker.pending += 1
        worker.calls.put(_Call(function, args, loop, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            worker.abandoned_at_s = worker.abandoned_at_s or self._stopwatch()
            raise

    def close(self) -> None:
        """Let the thread end after its last call; later calls are refused."""
        self._closed = True
        for worker in (self._worker, *self._hung):
            if worker is not None:
                worker.calls.put(None)

    def _choose(self) -> _Worker:
        if self._closed:
            raise PluginError(f"{self._name} has been stopped")
        self._hung = [worker for worker in self._hung if worker.pending]
        if self._worker is not None and self._is_hung(self._worker):
            if len(self._hung) >= self._spares:
                raise PluginError(
                    f"{len(self._hung) + 1} blocking calls hang",
                    hint="check the device, then restart the node",
                )
            self._worker.calls.put(None)
            self._hung.append(self._worker)
            self._worker = None
        if self._worker is None:
            self._worker = self._start()
        return self._worker

    def _is_hung(self, worker: _Worker) -> bool:
        since_s = worker.abandoned_at_s
        return since_s is not None and self._stopwatch() - since_s >= self._patience_s

    def _start(self) -> _Worker:
        worker = _Worker()
        threading.Thread(target=_work, args=(worker,), name=f"edgepi-{self._name}", daemon=True).start()
        return worker


def _work(worker: _Worker) -> None:
    while (call := worker.calls.get()) is not None:
        result, error = _attempt(call)
        # A closed loop means that the node has ended without waiting for this call.
        with contextlib.suppress(RuntimeError):
            call.loop.call_soon_threadsafe(_deliver, worker, call.answer, result, error)


def _attempt(call: _Call) -> tuple[Any, BaseException | None]:
    if call.answer.cancelled():
        return None, None
    try:
        return call.function(*call.arguments), None
    except Exception as error:  # noqa: BLE001 (handed to whoever waits)
        return None, error
    except BaseException as error:  # noqa: BLE001 (SystemExit and worse must not reach the loop)
        wrapped = PluginError(f"a blocking call raised {type(error).__name__}: {error}")
        wrapped.__cause__ = error
        return None, wrapped


def _deliver(worker: _Worker, answer: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    worker.pending -= 1
    worker.abandoned_at_s = None
    if answer.done():
        return
    if isinstance(error, StopIteration):  # a future cannot hold one
        error = RuntimeError("a blocking call raised StopIteration")
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)

"""Lives of many tasks on all processors, with a bar that shows how far they are."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice

from edgepi.cli.output import progress
from edgepi.cli.simulate.life import Life, Task, live
from edgepi.errors import TraceError

__all__ = ["live_all"]

_MOST_PROCESSES = 8


def live_all(tasks: Sequence[Task]) -> list[Life]:
    """Live all tasks, in the order given.

    Raises:
        EdgePiError: one of them cannot be lived.
    """
    workers = min(len(tasks), len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    try:
        if workers <= 1:
            return [live(task, _bar_of(i, len(tasks))) for i, task in enumerate(tasks)]
        return _shared(tasks, workers)
    finally:
        progress("")


def _shared(tasks: Sequence[Task], workers: int) -> list[Life]:
    _bar(0.0, f"0 of {len(tasks)}")
    with _interruptible(workers) as pool:
        try:
            return _collected(pool, tasks, workers)
        except BrokenProcessPool as error:
            raise TraceError("a process ended early, perhaps for want of memory", hint="--years 5") from error


def _collected(pool: ProcessPoolExecutor, tasks: Sequence[Task], workers: int) -> list[Life]:
    """Hand out one task for each process at a time.

    Those that wait in a pool's queue fill its pipe, and Python before 3.11.6 then never ends a pool whose
    processes are gone.
    """
    waiting = iter(range(len(tasks)))
    running: dict[Future[Life], int] = {}
    lives: dict[int, Life] = {}
    while len(lives) < len(tasks):
        for number in islice(waiting, workers - len(running)):
            running[pool.submit(live, tasks[number])] = number
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            lives[running.pop(future)] = future.result()
        _bar(len(lives) / len(tasks), f"{len(lives)} of {len(tasks)}")
    return [lives[number] for number in range(len(tasks))]


@contextmanager
def _interruptible(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that leave Ctrl-C to their parent, and end with the block whatever happens."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        # Fresh ones: a fork would take over what other threads hold.
        fresh = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=fresh, initializer=_obey)
        for future in [pool.submit(os.getpid) for _ in range(workers)]:
            future.result()
    finally:
        signal.signal(signal.SIGINT, handler)
    try:
        yield pool
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _obey() -> None:
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Bar:
    def __init__(self, number: int, count: int) -> None:
        self._number, self._count = number, count

    def __call__(self, done: int, total: int) -> None:
        _bar((self._number + done / total) / self._count, "")


def _bar_of(number: int, count: int) -> _Bar:
    return _Bar(number, count)


def _bar(share: float, words: str) -> None:
    progress(f"[{'#' * int(40 * share):40}] {share:4.0%} {words}")

"""What waits for the disk, in a thread of its own so that no picture has to."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

__all__ = ["Disk"]

WAITING = 64


class Disk:
    """Does one thing after the other in a thread; whoever hands in too much waits."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._work: queue.Queue[Callable[[], None]] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], None]) -> None:
        """Do *work* after what was handed in before."""
        self._work.put(work)

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was handed in is done; False if it takes longer."""
        done = threading.Event()
        self._work.put(done.set)
        return done.wait(timeout_s)

    def _run(self) -> None:
        while True:
            work = self._work.get()
            try:
                work()
            except Exception:  # noqa: BLE001 (the next thing is to be done nevertheless)
                self._log.exception("what should have been written to disk was not")

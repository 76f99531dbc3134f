"""What other threads ask of the camera's, done there between two packets."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from edgepi.errors import RequestError

__all__ = ["Calls"]

T = TypeVar("T")


class Calls:
    """Calls that wait for the one thread that does them; *changed* wakes it, and guards them."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._waiting: deque[Callable[[], None]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def ask(self, what: Callable[[], T], timeout_s: float) -> T:
        """Have *what* done, and wait for it; raises its RequestError, and TimeoutError."""
        done = threading.Event()
        results: list[T] = []
        errors: list[RequestError] = []

        def work() -> None:
            try:
                results.append(what())
            except RequestError as error:
                errors.append(error)
            finally:
                done.set()

        with self._changed:
            self._waiting.append(work)
            self._changed.notify_all()
        done.wait(timeout_s)
        if errors:
            raise errors[0]
        if not results:
            raise TimeoutError("the camera is busy or hangs")
        return results[0]

    def do(self) -> None:
        """Do all that wait, in the order in which they were asked."""
        while self._waiting:
            self._waiting.popleft()()

"""One listener of notifications, whatever carries it; what waits for a slow reader is bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

__all__ = ["Session"]


class Session:
    """STOMP texts to send, a sign of life that is due, or the end.

    Transports wait for `wake`, then `take`; *on_close* is told once, however it ended.
    """

    def __init__(self, *, outbox_frames: int, on_close: Callable[[Session], None]) -> None:
        self.connected = False
        self.subscriptions: dict[str, str] = {}
        self.abort: Callable[[], None] | None = None
        self.closed: tuple[int, str] | None = None
        self.wake = asyncio.Event()
        self._outbox: deque[str] = deque()
        self._most = outbox_frames
        self._on_close = on_close
        self._beat = False

    @property
    def waiting(self) -> int:
        """How many texts are still to be sent."""
        return len(self._outbox)

    def push(self, text: str) -> None:
        """Queue a text; a session whose reader is too slow is ended."""
        if self.closed is not None:
            return
        if len(self._outbox) >= self._most:
            self.close(1011, "too slow")
            if self.abort is not None:
                self.abort()
            return
        self._outbox.append(text)
        self.wake.set()

    def beat(self) -> None:
        """Have a sign of life sent, unless something else is."""
        self._beat = True
        self.wake.set()

    def close(self, code: int = 3000, reason: str = "Go away!") -> None:
        """End it; what is queued is still sent if somebody reads."""
        if self.closed is None:
            self.closed = (code, reason)
            self._on_close(self)
            self.wake.set()

    def take(self) -> tuple[list[str], bool]:
        """Texts to send, and whether a sign of life is due."""
        self.wake.clear()
        texts, beat = list(self._outbox), self._beat
        self._outbox.clear()
        self._beat = False
        return texts, beat

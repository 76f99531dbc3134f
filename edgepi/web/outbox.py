"""What waits to be sent to one client: never more than a slow one can catch up with."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

__all__ = ["Outbox"]

Message = Callable[[], str]


class Outbox:
    """Bounded: of states only the latest waits, of other events the oldest is dropped.

    Messages are functions, so that what is overtaken is never put into words.
    """

    def __init__(self, *, most_events: int = 256) -> None:
        self._latest: dict[str, Message] = {}
        self._events: deque[Message] = deque(maxlen=most_events)
        self._lost = 0
        self._waiting = asyncio.Event()

    def put_latest(self, key: str, message: Message) -> None:
        """Send this unless something newer of the same key comes first."""
        self._latest[key] = message
        self._waiting.set()

    def put_event(self, message: Message) -> None:
        """Send this in order; the oldest is lost when too many wait."""
        if len(self._events) == self._events.maxlen:
            self._lost += 1
        self._events.append(message)
        self._waiting.set()

    async def take(self) -> tuple[list[Message], int]:
        """Wait for something to send; returns it, and how many events were lost before."""
        await self._waiting.wait()
        self._waiting.clear()
        messages = [*self._events, *self._latest.values()]
        lost, self._lost = self._lost, 0
        self._events.clear()
        self._latest.clear()
        return messages, lost

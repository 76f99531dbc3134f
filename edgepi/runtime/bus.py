"""The typed event bus: what one part says, any other may hear, and none can harm another."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["EventBus", "Subscription", "Unlisten"]

E = TypeVar("E")
Unlisten = Callable[[], None]
Deliver = Callable[[Any], None]


class EventBus:
    """Delivers each event to whoever listens to its type or to a base of it.

    Everything happens in the event loop's thread; `publish` never raises and never waits.
    """

    def __init__(self, log: logging.Logger | None = None) -> None:
        self._log = log or logging.getLogger("edgepi.bus")
        self._receivers: list[_Receiver] = []
        self._routes: dict[type, tuple[_Receiver, ...]] = {}

    def publish(self, event: object) -> None:
        """Hand *event* to every listener and subscription of its type."""
        kind = type(event)
        route = self._routes.get(kind)
        if route is None:
            route = self._routes[kind] = self._find_route(kind)
        for receiver in route:
            try:
                receiver.deliver(event)
            except (Exception, SystemExit) as error:  # noqa: BLE001 (a listener harms nobody)
                receiver.failed(error, self._log)

    def listen(self, kind: type[E], callback: Callable[[E], None], *, name: str) -> Unlisten:
        """Call *callback* at once for each event of *kind*; it must be quick and not wait."""
        return self._add(_Receiver(name, (kind,), callback))

    def subscribe(self, *kinds: type, name: str, maxsize: int = 1000) -> Subscription:
        """Queue events of *kinds* for an ``async for``; the oldest is dropped when it is full."""
        subscription = Subscription(name, maxsize)
        subscription.on_close(self._add(_Receiver(name, kinds, subscription.put)))
        return subscription

    def failures(self) -> dict[str, int]:
        """Count the exceptions of each listener that raised any."""
        counts: Counter[str] = Counter()
        for receiver in self._receivers:
            counts[receiver.name] += sum(receiver.errors.values())
        return {name: count for name, count in counts.items() if count}

    def _add(self, receiver: _Receiver) -> Unlisten:
        self._receivers.append(receiver)
        self._routes.clear()

        def unlisten() -> None:
            if receiver in self._receivers:
                self._receivers.remove(receiver)
                self._routes.clear()

        return unlisten

    def _find_route(self, kind: type) -> tuple[_Receiver, ...]:
        return tuple(r for r in self._receivers if issubclass(kind, r.kinds))


class _Receiver:
    """One listener with its name and what it raised so far."""

    __slots__ = ("deliver", "errors", "kinds", "name")

    def __init__(self, name: str, kinds: tuple[type, ...], deliver: Deliver) -> None:
        self.name = name
        self.kinds = kinds
        self.deliver = deliver
        self.errors: Counter[tuple[type, str, int]] = Counter()

    def failed(self, error: BaseException, log: logging.Logger) -> None:
        """Count an exception; log it the first time it comes from that line."""
        key = _origin(error)
        self.errors[key] += 1
        if self.errors[key] == 1:
            log.error("listener %r failed (said once): %r", self.name, error, exc_info=error)


def _origin(error: BaseException) -> tuple[type, str, int]:
    trace: TracebackType | None = error.__traceback__
    file, line = "", 0
    while trace is not None:
        file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return type(error), file, line


class Subscription:
    """A bounded queue of events; iterate it with ``async for``, one reader at a time.

    *dropped* counts what was lost because the reader was slower than the events.
    """

    def __init__(self, name: str, maxsize: int) -> None:
        self.name = name
        self.dropped = 0
        self._events: deque[object] = deque()
        self._maxsize = max(1, maxsize)
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self._close: Unlisten | None = None

    def put(self, event: object) -> None:
        """Append an event; drop the oldest when the queue is full."""
        if len(self._events) >= self._maxsize:
            self._events.popleft()
            self.dropped += 1
        self._events.append(event)
        if self._waiter is not None:
            self._wake()

    def on_close(self, unlisten: Unlisten) -> None:
        """Keep what ends the delivery."""
        self._close = unlisten

    def close(self) -> None:
        """End the delivery; the reader gets what is queued, then its loop ends."""
        self._closed = True
        if self._close is not None:
            self._close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._waiter = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._events.popleft()

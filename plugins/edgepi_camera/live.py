"""Live pictures for many viewers from one encoder: each is given the latest, none holds up another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgepi.clock import Clock

__all__ = ["BOUNDARY", "CONTENT_TYPE", "FPS", "MOST_VIEWERS", "WIDTH", "Hub", "Wish", "part"]

BOUNDARY = "frame"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
AGAIN_S = 20.0
WIDTH = 640
FPS = 5.0
MOST_VIEWERS = 50
EARLY = 0.8  # a picture that comes a little before its time is not left out for that


@dataclass(frozen=True, slots=True)
class Wish:
    """What one viewer would like."""

    width: int = WIDTH
    fps: float = FPS


@dataclass(frozen=True, slots=True)
class _Frame:
    jpeg: bytes
    number: int


def part(jpeg: bytes) -> bytes:
    """One picture of a multipart stream, with its header."""
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return b"".join((head.encode(), jpeg, b"\r\n"))


class Hub:
    """All viewers of one picture of a camera (*what*: as it is, or as the detector sees it).

    *want* asks for pictures (the largest width and rate that any viewer wishes) or for no more; *latest* is
    what a viewer sees first, while none are made. The stream goes on through all levels: at those without
    live pictures the last one stays, and is sent again now and then so that nobody takes it for dead.
    """

    def __init__(
        self,
        what: str,
        *,
        want: Callable[[str, Mapping[str, Any] | None], None],
        latest: Callable[[], Awaitable[bytes | None]],
        clock: Clock,
    ) -> None:
        self._what = what
        self._want = want
        self._latest = latest
        self._clock = clock
        self._viewers: dict[object, Wish] = {}
        self._frame: _Frame | None = None
        self._number = 0
        self._news = asyncio.Event()

    @property
    def viewers(self) -> int:
        """How many look now."""
        return len(self._viewers)

    def push(self, jpeg: bytes) -> None:
        """Take a new picture."""
        self._number += 1
        self._frame = _Frame(jpeg, self._number)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def forget(self) -> None:
        """No picture is new any more: the camera has stopped."""
        self._frame = None

    async def stream(self, wish: Wish) -> AsyncIterator[bytes]:
        """Yield parts for as long as the viewer takes them."""
        viewer = object()
        self._viewers[viewer] = wish
        self._ask()
        try:
            first = self._frame.jpeg if self._frame is not None else await self._latest()
            seen = 0 if self._frame is None else self._frame.number
            if first is not None:
                yield part(first)
            last, due_s = first, self._clock.monotonic()
            while True:
                due_s = max(due_s + EARLY * self._clock.rate / wish.fps, self._clock.monotonic())
                frame = await self._next(seen)
                if frame is not None:
                    seen, last = frame.number, frame.jpeg
                    yield part(frame.jpeg)
                    await self._clock.sleep(due_s - self._clock.monotonic())
                elif (last := await self._latest() or last) is not None:
                    yield part(last)
        finally:
            del self._viewers[viewer]
            self._ask()

    async def _next(self, seen: int) -> _Frame | None:
        """The latest that was not seen; None if nothing came for a while."""
        if self._frame is None or self._frame.number == seen:
            news = asyncio.ensure_future(self._news.wait())
            nap = asyncio.ensure_future(self._clock.sleep(AGAIN_S * self._clock.rate))
            try:
                await asyncio.wait((news, nap), return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
                nap.cancel()
        return self._frame if self._frame is not None and self._frame.number != seen else None

    def _ask(self) -> None:
        if not self._viewers:
            self._frame = None
            self._want(self._what, None)
            return
        wishes = self._viewers.values()
        self._want(
            self._what, {"width": max(each.width for each in wishes), "fps": max(each.fps for each in wishes)}
        )

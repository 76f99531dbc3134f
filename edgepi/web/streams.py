"""What a plugin's route sends piece by piece: a file, any part of it, or a stream without end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
import socket
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from edgepi.errors import NotFoundError

__all__ = ["UNREAD_S", "Stream", "file_answer"]

UNREAD_S = 20.0
_LOOK_S = 1.0
_CLOSE_S = 2.0
# What is sent and not read yet is old when it is shown: the kernel alone would keep megabytes of it.
_UNSENT_BYTES = 64 * 1024
_LOG = logging.getLogger(__name__)


async def file_answer(path: Path, *, content_type: str | None, status: int) -> web.FileResponse:
    """Answer with a regular file, by its name's type if none is given; raises NotFoundError."""
    if not await asyncio.to_thread(_is_regular, path):
        raise NotFoundError("what was asked for is not stored any more", hint="ask for the list again")
    kind = content_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    # A browser may keep what it has, but asks each time whether it is still so (and may have it).
    headers = {"Content-Type": kind, "Cache-Control": "private, no-cache"}
    return web.FileResponse(path, status=status, headers=headers)


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


class Stream(web.StreamResponse):
    """Writes each item of an iterator as it comes, until that ends or fails, or the viewer goes.

    It ends early when *stop* is set, or *wanted* says no more, which is asked for each item and each second;
    a viewer that reads nothing for *unread_s* is hung up on. The iterator is closed in any case.
    """

    def __init__(
        self,
        items: AsyncIterator[bytes],
        *,
        content_type: str | None,
        status: int,
        name: str,
        wanted: Callable[[], bool],
        stop: asyncio.Future[None],
        unread_s: float = UNREAD_S,
    ) -> None:
        headers = {
            "Content-Type": content_type or "application/octet-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        super().__init__(status=status, headers=headers)
        self.force_close()
        self._items = items
        self._name = name
        self._wanted = wanted
        self._stop = stop
        self._unread_s = unread_s
        self._coming: asyncio.Task[bytes | None] | None = None
        self._failed = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head and everything that comes; called after all gates, as that of a file is."""
        try:
            writer = await super().prepare(request)
            if request.method != "HEAD" and request.transport is not None:
                await self._pump(request.transport)
                if self._failed:  # hung up without the mark of the end, so that the viewer can tell
                    request.transport.close()
            return writer
        finally:
            await self._close()

    async def _pump(self, transport: asyncio.Transport) -> None:
        _keep_little(transport)
        while not (self._stop.done() or transport.is_closing()) and self._wanted():
            if self._coming is None:
                self._coming = asyncio.create_task(self._next(), name=f"stream {self._name}")
            either: set[asyncio.Future[Any]] = {self._coming, self._stop}
            await asyncio.wait(either, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            if self._coming.done():
                coming, self._coming = self._coming, None
                item = None if coming.cancelled() else coming.result()
                if item is None:
                    return
                await self._send(item, transport)

    async def _next(self) -> bytes | None:
        """Return what comes next, or None after the last; an iterator that fails is blamed on the plugin."""
        try:
            item = await anext(self._items, None)
            return None if item is None else bytes(memoryview(item))
        except (Exception, SystemExit):  # noqa: BLE001 (a plugin harms nobody)
            _LOG.exception("the stream %s failed", self._name)
            self._failed = True
            return None

    async def _send(self, item: bytes, transport: asyncio.Transport) -> None:
        try:
            async with asyncio.timeout(self._unread_s):
                await self.write(item)
        except TimeoutError:
            transport.abort()
        except ConnectionError:
            transport.close()

    async def _close(self) -> None:
        """Close the iterator, which is the plugin's: it may take a while, fail, or hang."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.wait({self._coming}, timeout=_CLOSE_S)
        close = getattr(self._items, "aclose", None)
        if close is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_S):
                await close()
        except (Exception, SystemExit):  # noqa: BLE001 (the plugin's own code runs; it harms nobody)
            _LOG.exception("the stream %s could not be closed", self._name)


def _keep_little(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)

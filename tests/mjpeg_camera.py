"""A camera that serves MJPEG over HTTP on loopback, from a thread: ``with MjpegCamera() as camera:``.

Its tricks are those of `tests.cameras.RtspCamera`: `hang`, `resume`, `drop`, `leave`, `come_back`, `play`,
`tear`. ``/snapshot.jpg`` beside ``/video`` gives single pictures. Sizes may differ from picture to picture.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import cv2
from aiohttp import BasicAuth, hdrs, web

from tests.cameras import Picture, moving_square

__all__ = ["MjpegCamera"]

T = TypeVar("T")


class MjpegCamera:
    """Shows *pictures* (BGR) again and again, *fps* a second."""

    def __init__(
        self,
        pictures: Sequence[Picture] | None = None,
        *,
        fps: float = 25.0,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        self.opened = 0
        self._shown = self._coded(pictures or [moving_square(number) for number in range(40)])
        self._fps = fps
        self._auth = BasicAuth(user, password or "").encode() if user else None
        self._login = f"{user}:{password}@" if user else ""
        self._silent = self._torn = False
        self._viewers: set[web.StreamResponse] = set()
        self._port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mjpeg camera", daemon=True)
        self._thread.start()
        self._runner: web.AppRunner
        self._call(self._start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the stream is."""
        return f"http://{self._login}127.0.0.1:{self._port}/video"

    def close(self) -> None:
        """End the server and its thread."""
        self._call(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def hang(self) -> None:
        """Send nothing more, and keep the connections."""
        self._silent = True

    def resume(self) -> None:
        """Send again."""
        self._silent = False

    def tear(self, torn: bool = True) -> None:
        """Send half of each picture only."""
        self._torn = torn

    def play(self, pictures: Sequence[Picture]) -> None:
        """Show others from now on."""
        self._shown = self._coded(pictures)

    def drop(self) -> None:
        """Close all connections."""
        self._call(self._drop)

    def leave(self) -> None:
        """Close all connections and take no new ones."""
        self._call(self._end)

    def come_back(self) -> None:
        """Take connections again, on the same port."""
        self._call(self._start)

    def _call(self, what: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(what(), self._loop).result(30)

    def _coded(self, pictures: Sequence[Picture]) -> list[bytes]:
        return [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/video", self._video)
        app.router.add_get("/snapshot.jpg", self._snapshot)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def _end(self) -> None:
        await self._drop()
        await self._runner.cleanup()

    async def _drop(self) -> None:
        for viewer in list(self._viewers):
            if (transport := viewer._req.transport) is not None:  # type: ignore[union-attr]
                transport.abort()
        self._viewers.clear()

    def _check(self, request: web.Request) -> None:
        if self._auth and request.headers.get(hdrs.AUTHORIZATION) != self._auth:
            raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="camera"'})

    async def _snapshot(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.Response(body=self._shown[0], content_type="image/jpeg")

    async def _video(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        kind = "multipart/x-mixed-replace; boundary=frame"
        response = web.StreamResponse(headers={hdrs.CONTENT_TYPE: kind})
        await response.prepare(request)
        self.opened += 1
        self._viewers.add(response)
        number = 0
        while response in self._viewers:
            if not self._silent:
                data = self._shown[number % len(self._shown)]
                data = data[: len(data) // 2] if self._torn else data
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                await response.write(head.encode() + data + b"\r\n")
                number += 1
            await asyncio.sleep(1 / self._fps)
        return response

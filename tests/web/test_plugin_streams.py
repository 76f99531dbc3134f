"""Files and streams of plugins' routes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import ClientPayloadError

from edgepi.plugin import Request, Response, Route
from edgepi.web.plugin_routes import PluginRoutes
from edgepi.web.server import WebServer
from tests.web.conftest import Served

LIVE = "/api/v1/plugins/camera/live"
CLIP = "/api/v1/plugins/camera/clip"
MJPEG = "multipart/x-mixed-replace; boundary=frame"
CONTENT = bytes(range(256)) * 16


class Film:
    """A stream that a test feeds: bytes are yielded, None ends it, an error is raised."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue()
        self.closed = 0

    async def play(self) -> AsyncIterator[bytes]:
        try:
            while (item := await self.coming.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.closed += 1


@pytest.fixture
def film(served: Served) -> Film:
    made = Film()

    async def live(_: Request) -> Response:
        return Response(stream=made.play(), content_type=MJPEG)

    served.node.routes["camera"] = [Route("GET", "live", live, "What it sees")]
    return made


def keep(served: Served, path: Path, **said: str) -> None:
    async def clip(_: Request) -> Response:
        return Response(file=path, **said)  # type: ignore[arg-type]

    served.node.routes["camera"] = [Route("GET", "clip", clip, "What it saw")]


@pytest.fixture
def clip(served: Served, tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(CONTENT)
    keep(served, path)
    return path


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20.0):
        while not true():  # noqa: ASYNC110 (what happens in the server cannot be awaited)
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("clip")
class TestFile:
    async def test_comes_whole_with_the_type_of_its_name(self, served: Served) -> None:
        async with served.local.get(CLIP) as response:
            assert (response.status, response.content_type) == (200, "video/mp4")
            assert response.headers["Cache-Control"] == "private, no-cache"
            assert await response.read() == CONTENT

    async def test_comes_in_parts(self, served: Served) -> None:
        async with served.local.get(CLIP, headers={"Range": "bytes=10-19"}) as response:
            assert response.status == 206
            assert response.headers["Content-Range"] == f"bytes 10-19/{len(CONTENT)}"
            assert await response.read() == CONTENT[10:20]
        async with served.local.get(CLIP, headers={"Range": "bytes=9999-"}) as response:
            assert response.status == 416

    async def test_is_not_sent_again_while_it_is_the_same(self, served: Served, clip: Path) -> None:
        async with served.local.get(CLIP) as response:
            known = {"If-None-Match": response.headers["ETag"]}
        async with served.local.get(CLIP, headers=known) as response:
            assert (response.status, await response.read()) == (304, b"")
        await asyncio.to_thread(clip.write_bytes, CONTENT + b"more")
        async with served.local.get(CLIP, headers=known) as response:
            assert response.status == 200

    async def test_tells_its_length_first_to_those_who_ask(self, served: Served) -> None:
        async with served.local.head(CLIP) as response:
            assert (response.status, response.headers["Content-Length"]) == (200, str(len(CONTENT)))
            assert await response.read() == b""

    async def test_needs_a_login_over_the_network(self, served: Served) -> None:
        async with served.browser.get(served.url(CLIP)) as response:
            assert response.status == 401
        await served.log_in()
        async with served.browser.get(served.url(CLIP)) as response:
            assert await response.read() == CONTENT
            assert "media-src 'self'" in response.headers["Content-Security-Policy"]


async def test_the_plugin_may_name_the_type_of_a_file(served: Served, clip: Path) -> None:
    keep(served, clip, content_type="video/iso.segment")
    async with served.local.get(CLIP) as response:
        assert response.content_type == "video/iso.segment"


@pytest.mark.parametrize("kind", ["gone", "folder", "pipe", "link"])
async def test_only_a_regular_file_is_sent(served: Served, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing.mp4"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    keep(served, path)
    async with served.local.get(CLIP) as response:
        assert (response.status, (await response.json())["key"]) == (404, "not_found")


async def test_a_stream_comes_piece_by_piece(served: Served, film: Film) -> None:
    await served.log_in()
    async with served.browser.get(served.url(LIVE)) as response:
        assert (response.status, response.headers["Content-Type"]) == (200, MJPEG)
        assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == (
            "no-store",
            "no",
        )
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        for part in (b"one", b"two"):
            film.coming.put_nowait(part)
            assert await response.content.readany() == part
        film.coming.put_nowait(None)
        assert await response.content.read() == b""
    assert film.closed == 1


async def test_a_stream_needs_a_login(served: Served, film: Film) -> None:
    async with served.browser.get(served.url(LIVE)) as response:
        assert response.status == 401
    assert film.closed == 0


async def test_only_the_head_of_a_stream_may_be_asked_for(served: Served, film: Film) -> None:
    async with served.local.head(LIVE) as response:
        assert (response.status, response.headers["Content-Type"]) == (200, MJPEG)
    assert film.closed == 0


async def test_a_stream_is_closed_when_its_viewer_goes_though_nothing_comes(
    served: Served, film: Film
) -> None:
    async with served.local.get(LIVE) as response:
        film.coming.put_nowait(b"one")
        await response.content.readany()
    await until(lambda: film.closed == 1)


async def test_a_stream_ends_with_its_plugin(served: Served, film: Film) -> None:
    async with served.local.get(LIVE) as response:
        film.coming.put_nowait(b"one")
        await response.content.readany()
        del served.node.routes["camera"]
        assert await response.content.read() == b""
    assert film.closed == 1


async def test_a_stream_that_fails_ends_for_its_viewer_alone_and_is_told_once(
    served: Served, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    async with served.local.get(LIVE) as response:
        film.coming.put_nowait(b"one")
        await response.content.readany()
        film.coming.put_nowait(SystemExit("no light"))
        with pytest.raises(ClientPayloadError):
            await response.content.read()
    assert caplog.text.count("the stream live of plugin camera failed") == 1
    async with served.local.get("/api/v1/health") as response:
        assert response.status == 200


async def test_the_server_stops_with_viewers_attached(served: Served, film: Film) -> None:
    async with served.local.get(LIVE) as first, served.local.get(LIVE) as second:
        async with asyncio.timeout(20.0):
            await served.server.stop()
        for response in (first, second):
            assert await response.content.read() == b""
    assert film.closed == 2


async def test_who_does_not_read_is_hung_up_on(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usual = PluginRoutes.__init__
    monkeypatch.setattr(PluginRoutes, "__init__", lambda self, services: usual(self, services, unread_s=0.2))
    closed: list[bool] = []

    async def flood() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(64 * 1024)
        finally:
            closed.append(True)

    async def live(_: Request) -> Response:
        return Response(stream=flood())

    served.node.routes["camera"] = [Route("GET", "live", live, "Too much")]
    folder = tmp_path / "impatient"
    folder.mkdir()
    impatient = WebServer(
        settings=served.server._settings, state_dir=folder, services=served.node.services(), real=served.real
    )
    await impatient.start()
    link = impatient.login_link()
    async with served.browser.get(link, allow_redirects=False) as response:
        assert response.status == 303
    async with served.browser.get(f"{impatient.url}{LIVE}") as response:
        await until(lambda: closed == [True])
        with pytest.raises(ClientPayloadError):
            await response.content.read()
    await impatient.stop()

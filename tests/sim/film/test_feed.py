"""A film played to those who listen, in a camera that has its ailments."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import pytest

from edgepi.sim.film.feed import Ailment, Feed
from edgepi.sim.film.ts import Film

LONGEST_S = 20.0  # for what must come; nothing here takes longer than it needs


class Camera:
    """A feed whose presence and ailments a test decides."""

    def __init__(self, folder: Path, film: Film) -> None:
        self.present = True
        self.ailing: set[Ailment] = set()
        self._listeners: list[Listener] = []
        self.feed = Feed(
            folder / "video0.sock",
            film,
            present=lambda: self.present,
            ails=lambda ailment: ailment in self.ailing,
        )

    async def listen(self) -> Listener:
        for _ in range(400):
            try:
                reader, writer = await asyncio.open_unix_connection(str(self.feed.path))
            except OSError:
                await asyncio.sleep(0.05)
            else:
                self._listeners.append(Listener(reader, writer))
                return self._listeners[-1]
        raise AssertionError("the camera never came")

    async def close(self) -> None:
        await self.feed.stop()
        for listener in self._listeners:
            await listener.leave()


class Listener:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def bytes(self, count: int) -> bytes:
        return await asyncio.wait_for(self._reader.readexactly(count), LONGEST_S)

    async def hung_up(self) -> None:
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(self._reader.read(), LONGEST_S)

    async def leave(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@pytest.fixture
async def camera(tiny: Film, smaller: Film) -> AsyncIterator[Camera]:
    with TemporaryDirectory(prefix="edgepi-") as name:
        made = Camera(Path(name), tiny)
        made.feed.resized = smaller
        await made.feed.start()
        yield made
        await made.close()


def decoded(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data), "r", format="mpegts") as container:
        return list(container.decode(video=0))


async def test_a_listener_gets_pictures_from_one_that_can_be_begun_with(camera: Camera, tiny: Film) -> None:
    listener = await camera.listen()
    frames = decoded(await listener.bytes(len(tiny.data) // 188 // 2 * 188))
    assert frames[0].key_frame
    assert len(frames) >= 5


async def test_several_listen_and_one_who_leaves_disturbs_nobody(camera: Camera, tiny: Film) -> None:
    first, second = await camera.listen(), await camera.listen()
    one = await first.bytes(188 * 10)
    assert await second.bytes(188 * 10) == one
    await first.leave()
    assert len(await second.bytes(188 * 50)) == 188 * 50
    third = await camera.listen()
    assert (await third.bytes(188))[:1] == b"\x47"


async def test_a_camera_without_power_hangs_up_and_comes_back(camera: Camera) -> None:
    listener = await camera.listen()
    await listener.bytes(188)
    camera.present = False
    await listener.hung_up()
    assert camera.feed.listeners == 0
    camera.present = True
    assert (await (await camera.listen()).bytes(188))[:1] == b"\x47"


async def test_a_camera_that_hangs_sends_nothing_and_then_goes_on(camera: Camera) -> None:
    camera.ailing.add(Ailment.HANGS)
    listener = await camera.listen()
    waiting = asyncio.create_task(listener.bytes(188))
    done, _ = await asyncio.wait({waiting}, timeout=0.6)
    assert not done
    camera.ailing.clear()
    assert (await waiting)[:1] == b"\x47"


async def test_a_torn_stream_still_flows(camera: Camera, tiny: Film) -> None:
    camera.ailing.add(Ailment.TORN)
    listener = await camera.listen()
    data = await listener.bytes(188 * 30)
    starts = sum(data[at] == 0x47 for at in range(0, len(data), 188))
    assert starts < 30


async def test_a_camera_changes_its_size_in_the_same_stream(camera: Camera, tiny: Film) -> None:
    listener = await camera.listen()
    before = await listener.bytes(188 * 5)
    camera.ailing.add(Ailment.RESIZED)
    data = before + await listener.bytes(len(tiny.data) // 188 * 188)
    assert {frame.width for frame in decoded(data)} == {96, 64}


async def test_a_listener_that_does_not_read_is_skipped_until_a_picture_it_can_begin_with(
    tiny: Film, monkeypatch: pytest.MonkeyPatch, camera: Camera
) -> None:
    monkeypatch.setattr("edgepi.sim.film.feed.LARGEST_BACKLOG", -1)
    listener = await camera.listen()
    waiting = asyncio.create_task(listener.bytes(188))
    done, _ = await asyncio.wait({waiting}, timeout=0.6)
    assert not done
    monkeypatch.setattr("edgepi.sim.film.feed.LARGEST_BACKLOG", 1 << 20)
    frames = decoded(await waiting + await listener.bytes(len(tiny.data) // 188 // 2 * 188))
    assert frames[0].key_frame

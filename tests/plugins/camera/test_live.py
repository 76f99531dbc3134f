from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from edgepi.testing.clock import ManualClock, settle
from edgepi_camera.live import Hub, Wish, part


class Theatre:
    """A hub with viewers; *wants* is what it asked the camera for."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.wants: list[Mapping[str, Any] | None] = []
        self.last: bytes | None = None
        self.hub = Hub("picture", want=self._want, latest=self._latest, clock=clock)

    def _want(self, what: str, fields: Mapping[str, Any] | None) -> None:
        assert what == "picture"
        self.wants.append(fields)

    async def _latest(self) -> bytes | None:
        return self.last


class Viewer:
    """Somebody who looks, and has *seen* parts."""

    def __init__(self, hub: Hub, wish: Wish, pause: asyncio.Event | None = None) -> None:
        self.seen: list[bytes] = []
        self.stream = hub.stream(wish)
        self._pause = pause
        self.task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        async for each in self.stream:
            self.seen.append(each)
            if self._pause is not None:
                await self._pause.wait()

    async def leave(self) -> None:
        """Go, as the server does with a viewer that is gone."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.stream.aclose()  # type: ignore[attr-defined]  # a generator


@pytest.fixture
async def theatre(manual_clock: ManualClock) -> AsyncIterator[Theatre]:
    yield Theatre(manual_clock)
    await settle()


def test_a_part_is_header_and_picture_in_one() -> None:
    assert part(b"abc") == b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n"


async def test_nothing_is_asked_for_while_nobody_looks(theatre: Theatre) -> None:
    viewer = Viewer(theatre.hub, Wish())
    await settle()
    assert theatre.hub.viewers == 1
    await viewer.leave()
    assert theatre.hub.viewers == 0
    assert theatre.wants == [{"width": 640, "fps": 5.0}, None]


async def test_all_share_one_encoder_that_serves_the_largest_wish(theatre: Theatre) -> None:
    one, two = Viewer(theatre.hub, Wish(320, 10.0)), Viewer(theatre.hub, Wish(1280, 2.0))
    await settle()
    assert theatre.wants[-1] == {"width": 1280, "fps": 10.0}
    theatre.hub.push(b"1")
    await settle()
    assert one.seen == two.seen == [part(b"1")]
    await two.leave()
    assert theatre.wants[-1] == {"width": 320, "fps": 10.0}
    await one.leave()


async def test_whoever_comes_sees_the_last_picture_at_once(theatre: Theatre) -> None:
    first = Viewer(theatre.hub, Wish())
    await settle()
    theatre.hub.push(b"1")
    second = Viewer(theatre.hub, Wish())
    await settle()
    assert second.seen == [part(b"1")]
    await first.leave()
    await second.leave()


async def test_a_slow_viewer_sees_the_latest_and_holds_up_nobody(theatre: Theatre) -> None:
    gate = asyncio.Event()
    slow, quick = Viewer(theatre.hub, Wish(fps=25.0), gate), Viewer(theatre.hub, Wish(fps=25.0))
    for number in range(10):
        await settle()
        theatre.hub.push(b"%d" % number)
        await theatre.clock.advance(0.04)
    assert len(quick.seen) == 10
    assert slow.seen == [part(b"0")]
    gate.set()
    await theatre.clock.advance(0.2)
    assert slow.seen == [part(b"0"), part(b"9")]
    await slow.leave()
    await quick.leave()


async def test_no_viewer_gets_more_than_it_wished(theatre: Theatre) -> None:
    few, all_ = Viewer(theatre.hub, Wish(fps=1.0)), Viewer(theatre.hub, Wish(fps=10.0))
    for number in range(100):
        await settle()
        theatre.hub.push(b"%d" % number)
        await theatre.clock.advance(0.1)
    assert len(all_.seen) >= 95
    assert 9 <= len(few.seen) <= 13
    await few.leave()
    await all_.leave()


async def test_without_live_pictures_the_last_still_stays_and_is_sent_again(theatre: Theatre) -> None:
    theatre.last = b"still"
    viewer = Viewer(theatre.hub, Wish())
    await settle()
    assert viewer.seen == [part(b"still")]
    await theatre.clock.advance(21.0)
    assert viewer.seen == [part(b"still")] * 2
    theatre.last = b"newer"
    await theatre.clock.advance(21.0)
    assert viewer.seen[-1] == part(b"newer")
    theatre.hub.push(b"live")
    await settle()
    assert viewer.seen[-1] == part(b"live")
    await viewer.leave()


async def test_where_there_is_no_picture_a_viewer_waits_for_the_first(theatre: Theatre) -> None:
    viewer = Viewer(theatre.hub, Wish())
    await theatre.clock.advance(60.0)
    assert viewer.seen == []
    theatre.hub.push(b"1")
    await settle()
    assert viewer.seen == [part(b"1")]
    await viewer.leave()


async def test_an_old_picture_is_not_taken_for_new_after_the_camera_rested(theatre: Theatre) -> None:
    first = Viewer(theatre.hub, Wish())
    await settle()
    theatre.hub.push(b"old")
    await settle()
    theatre.hub.forget()
    theatre.last = b"still"
    second = Viewer(theatre.hub, Wish())
    await settle()
    assert second.seen == [part(b"still")]
    theatre.hub.push(b"new")
    await theatre.clock.advance(1.0)
    assert first.seen[-1] == second.seen[-1] == part(b"new")
    await first.leave()
    await second.leave()


async def test_in_a_simulated_world_viewers_look_in_real_time(theatre: Theatre) -> None:
    theatre.clock.rate = 60.0
    viewer = Viewer(theatre.hub, Wish(fps=10.0))
    for number in range(20):
        await settle()
        theatre.hub.push(b"%d" % number)
        await theatre.clock.advance(6.0)
    assert len(viewer.seen) >= 18
    await viewer.leave()


async def test_a_stream_that_nobody_read_yet_asks_for_nothing(theatre: Theatre) -> None:
    stream = theatre.hub.stream(Wish())
    await stream.aclose()  # type: ignore[attr-defined]  # a generator
    assert theatre.wants == []

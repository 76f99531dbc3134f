"""The camera with its real process, on a film in which somebody goes past."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import pytest

from edgepi.clock import SystemClock
from edgepi.model import Reading
from edgepi.plugin import ChildProcess, PluginContext, Request
from edgepi.runtime.child import Child
from edgepi.testing.doubles import build_context
from edgepi_camera import plugin
from edgepi_camera.address import Address
from edgepi_camera.camera import Camera, camera_of
from edgepi_camera.config import CameraConfig
from tests.plugins.camera.films import film

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


class House:
    """A context with real processes, which the test can find and kill."""

    def __init__(self, folder: Path, config: CameraConfig) -> None:
        self.reports: list[Reading] = []
        self.children: dict[str, Child] = {}
        self.context: PluginContext[Any] = build_context(
            config=config,
            clock=SystemClock(),
            state_dir=folder,
            reports=self.reports,
            child=self._child,
            plugin="camera",
            instance="yard",
        )
        self.camera: Camera = camera_of(self.context)
        (self.duty,) = plugin.duties(self.context)
        self.routes = {(route.method, route.path): route for route in plugin.routes(self.context)}

    def _child(self, target: str, *, name: str, **hears: Any) -> ChildProcess:
        make = partial(Child, clock=SystemClock(), log=logging.getLogger("edgepi.plugins.yard"))
        self.children[name] = make(target, name=name, **hears)
        return self.children[name]

    async def get(self, path: str, **query: str) -> Any:
        return (await self.routes["GET", path].handler(Request({}, query))).data

    async def event(self, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for an event of which something holds."""
        while True:
            for event in (await self.get("events"))["events"]:
                if done(event):
                    return dict(event)
            await asyncio.sleep(0.2)


def _film(folder: Path) -> Path:
    return film(folder / "yard.mp4", 14.0, [(5.0, 8.0)])


def _seconds(path: Path) -> float:
    """How long a clip plays, decoding all of it."""
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    return max(times) - min(times)


def pairs(reports: list[Reading]) -> list[list[Any]]:
    """What was said of motion, each with what was said next."""
    said = [reading.value for reading in reports if reading.key == "motion"]
    return [list(pair) for pair in itertools.pairwise(said)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    path = await asyncio.to_thread(_film, tmp_path)
    config = CameraConfig(source=Address(str(path)), loop=True, before=2.0, after=2.0)
    made = House(tmp_path / "state", config)
    await made.duty.start()
    yield made
    await made.duty.stop()


async def test_somebody_who_goes_past_is_an_event_with_clip_and_picture(house: House) -> None:
    await house.duty.apply("full")
    event = await house.event(lambda event: event["ended_utc"] is not None)
    score = Path(f"/proc/{house.children['eye'].pid}/oom_score_adj")
    assert await asyncio.to_thread(score.read_text) == "500\n"
    assert event["reason"] == ""
    folder = house.camera.keeper.folder
    assert await asyncio.to_thread(_seconds, folder / f"{event['id']}.mp4") > 4.0
    assert (await asyncio.to_thread((folder / f"{event['id']}.jpg").read_bytes)).startswith(b"\xff\xd8")
    while [True, False] not in pairs(house.reports):  # noqa: ASYNC110 (another process is waited for)
        await asyncio.sleep(0.1)
    stream = (await house.routes["GET", "live.mjpg"].handler(Request({}, {"fps": "10"}))).stream
    assert stream is not None
    for _ in range(3):
        assert b"\xff\xd8" in await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # a generator
    content = (await house.routes["GET", "snapshot.jpg"].handler(Request({}, {}))).content
    assert content is not None
    assert content.startswith(b"\xff\xd8")


async def test_a_process_killed_in_an_event_leaves_a_clip_that_plays(house: House) -> None:
    await house.duty.apply("full")
    begun = await house.event(lambda event: event["ended_utc"] is None)
    await asyncio.sleep(2.5)
    pid = house.children["eye"].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    event = await house.event(lambda event: event["id"] == begun["id"] and event["ended_utc"] is not None)
    assert event["reason"] == "cut off"
    clip = house.camera.keeper.folder / f"{event['id']}.mp4"
    assert await asyncio.to_thread(_seconds, clip) == pytest.approx(event["clip_s"], abs=0.5)
    await house.event(lambda event: event["id"] != begun["id"])
    assert house.children["eye"].starts == 2


async def test_going_off_in_an_event_keeps_its_clip_and_ends_the_process(house: House) -> None:
    await house.duty.apply("full")
    begun = await house.event(lambda event: event["ended_utc"] is None)
    await house.duty.apply("off")
    assert not house.children["eye"].alive
    event = await house.event(lambda event: event["id"] == begun["id"] and event["ended_utc"] is not None)
    clip = house.camera.keeper.folder / f"{event['id']}.mp4"
    assert await asyncio.to_thread(_seconds, clip) > 1.0


async def test_at_snapshot_a_still_is_kept_and_a_hung_process_is_replaced(house: House) -> None:
    await house.duty.apply("snapshot")
    while not (stills := (await house.get("stills"))["stills"]):  # noqa: ASYNC110 (another process is waited for)
        await asyncio.sleep(0.1)
    assert stills[0]["bytes"] > 500
    pid = house.children["eye"].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    await house.duty.apply("full")
    while house.camera.link.status.link != "running":  # noqa: ASYNC110 (another process is waited for)
        await asyncio.sleep(0.1)
    assert house.children["eye"].pid != pid

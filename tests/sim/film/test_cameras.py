"""Cameras as the world has them: asked for over its socket, broken by its faults."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edgepi.config import Settings
from edgepi.config.settings import PluginSettings
from edgepi.errors import DeviceNotFoundError, WorldError
from edgepi.hardware import open_hardware
from edgepi.model import NodeInfo
from edgepi.plugin import VideoFeed
from edgepi.sim.build import video_devices
from edgepi.sim.desk import Desk
from edgepi.sim.film import Ailment, Cameras, cameras
from edgepi.sim.film.studio import Progress, Reel, Studio
from edgepi.sim.film.ts import Film
from edgepi.sim.simulation import Simulation
from edgepi.testing.world import build_simulation, served_world

DEVICE = "/dev/video0"


class Shelf(Studio):
    """Films that are there at once, or after `released`, or never."""

    def __init__(self, films: list[Film], *, trouble: str = "") -> None:
        super().__init__(Path("/nowhere"))
        self._films, self._trouble = films, trouble
        self.released = asyncio.Event()
        self.released.set()

    async def film(self, reel: Reel, progress: Progress) -> Film:
        progress(0)
        progress(42)
        await self.released.wait()
        if self._trouble:
            raise WorldError(self._trouble)
        return self._films[reel != cameras.FILM]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def shelf(tiny: Film, smaller: Film) -> Shelf:
    return Shelf([tiny, smaller])


@pytest.fixture
def simulation(shelf: Shelf, said: list[str]) -> Simulation:
    plain = build_simulation()
    plain.world.advance(1.0)
    assert plain.world.rail_on
    return Simulation(plain.world, plain.keeper, cameras=Cameras([DEVICE], shelf, say=said.append))


@pytest.fixture
async def served(simulation: Simulation) -> AsyncIterator[Path]:
    async with served_world(simulation) as path:
        yield path


async def appears(simulation: Simulation) -> VideoFeed:
    for _ in range(400):
        try:
            return simulation.cameras.open(DEVICE)
        except DeviceNotFoundError:
            await asyncio.sleep(0.01)
    raise AssertionError("the camera never came")


async def test_a_node_finds_the_camera_and_sees_what_it_shows(served: Path, simulation: Simulation) -> None:
    await appears(simulation)
    async with open_hardware(served, allow_halt=False) as machine:
        feed = await machine.video(DEVICE)
        assert feed == VideoFeed(f"unix:{served.parent}/video0.sock", "mpegts", "rendered film")
        with pytest.raises(DeviceNotFoundError, match="video7"):
            await machine.video("/dev/video7")


async def test_until_the_film_is_rendered_there_is_no_camera(
    shelf: Shelf, simulation: Simulation, said: list[str]
) -> None:
    shelf.released.clear()
    async with served_world(simulation):
        await asyncio.sleep(0)
        with pytest.raises(DeviceNotFoundError, match="42 %"):
            simulation.cameras.open(DEVICE)
        shelf.released.set()
        await appears(simulation)
    assert len(said) == 1
    with pytest.raises(DeviceNotFoundError):
        simulation.cameras.open(DEVICE)


async def test_a_film_that_cannot_be_rendered_is_said_once_and_to_whoever_asks(
    tiny: Film, said: list[str]
) -> None:
    world = build_simulation()
    told = Cameras([DEVICE], Shelf([], trouble="no disk"), say=said.append)
    async with served_world(Simulation(world.world, world.keeper, cameras=told)):
        await asyncio.sleep(0.05)
        with pytest.raises(DeviceNotFoundError, match="no disk"):
            told.open(DEVICE)
    assert said[1:] == ["the camera shows nothing: no disk"]


async def test_without_the_packages_nothing_is_rendered_and_only_who_asks_is_told(
    shelf: Shelf, simulation: Simulation, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepi.sim.film.studio.NEEDED", ("no_such_package",))
    async with served_world(simulation):
        await asyncio.sleep(0.05)
        with pytest.raises(DeviceNotFoundError, match="video0") as error:
            simulation.cameras.open(DEVICE)
        assert error.value.hint is not None
        assert "edgepi[camera]" in error.value.hint
    assert not said


async def test_a_node_without_power_has_no_camera(served: Path, simulation: Simulation) -> None:
    feed = await appears(simulation)
    async with connected(feed) as reader:
        simulation.world.unplug(1e6)
        simulation.world.advance(simulation.world.time_s + 2.0)
        assert not simulation.world.rail_on
        with pytest.raises(DeviceNotFoundError):
            simulation.cameras.open(DEVICE)
        await hung_up(reader)


@asynccontextmanager
async def connected(feed: VideoFeed) -> AsyncIterator[asyncio.StreamReader]:
    path = Path(feed.url.removeprefix("unix:"))
    for _ in range(400):
        if await asyncio.to_thread(path.exists):
            break
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def hung_up(reader: asyncio.StreamReader) -> None:
    try:
        while await asyncio.wait_for(reader.read(65536), 20.0):
            pass
    except ConnectionError:
        pass


async def test_an_unplugged_camera_is_gone_until_it_is_plugged_in(
    served: Path, simulation: Simulation
) -> None:
    desk = Desk(simulation)
    async with connected(await appears(simulation)) as reader:
        desk.answer("fault", {"kind": "camera_unplugged"})
        await hung_up(reader)
    with pytest.raises(DeviceNotFoundError, match="video0"):
        desk.answer("video.open", {"device": DEVICE})
    desk.answer("fault", {"kind": "camera_unplugged", "on": False})
    async with connected(await appears(simulation)) as reader:
        assert await reader.readexactly(1) == b"\x47"


@pytest.mark.parametrize(
    ("kind", "ailment"),
    [
        ("camera_unplugged", Ailment.UNPLUGGED),
        ("camera_hangs", Ailment.HANGS),
        ("camera_torn", Ailment.TORN),
        ("camera_resized", Ailment.RESIZED),
    ],
)
def test_a_fault_lasts_for_its_time_or_until_it_is_mended(
    simulation: Simulation, kind: str, ailment: Ailment
) -> None:
    desk, world = Desk(simulation), simulation.world
    desk.answer("fault", {"kind": kind, "seconds": 30.0})
    assert simulation.cameras.ails(ailment)
    world.advance(world.time_s + 31.0)
    assert not simulation.cameras.ails(ailment)
    desk.answer("fault", {"kind": kind})
    world.advance(world.time_s + 300.0)
    assert simulation.cameras.ails(ailment)
    desk.answer("fault", {"kind": "clear"})
    assert not simulation.cameras.ails(ailment)


def test_the_world_has_the_cameras_that_the_node_is_configured_for() -> None:
    node = NodeInfo(name="n", latitude=39.7, longitude=-105.2, elevation_m=1829.0, time_zone="UTC")
    plugins = (
        PluginSettings(plugin="camera", instance="yard", config={"source": "/dev/video0"}),
        PluginSettings(plugin="camera", instance="street", config={"source": "rtsp://10.0.0.7/1"}),
        PluginSettings(plugin="camera", instance="cellar", enabled=False),
        PluginSettings(plugin="camera", instance="attic", config={"source": 3}),
        PluginSettings(plugin="weather", instance="weather", config={"source": "/dev/video3"}),
    )
    assert video_devices(Settings(node=node, plugins=plugins)) == ("/dev/video0",)

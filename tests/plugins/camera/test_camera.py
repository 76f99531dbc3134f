from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from edgepi.errors import NotFoundError, PluginError, RequestError
from edgepi.model import Reading
from edgepi.plugin import Duty, PluginContext, Request, Response, Route, Sensor, VideoFeed
from edgepi.testing.clock import ManualClock, settle
from edgepi.testing.conformance import DutyConformance, SensorConformance
from edgepi.testing.doubles import FakeHardware, FakeTimers
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_camera import plugin
from edgepi_camera.camera import Camera, camera_of
from edgepi_camera.config import KeepConfig
from edgepi_camera.model import CameraSettings, Zone
from edgepi_camera.sensors import KeptSensor, SeenSensor
from tests.plugins.camera.doubles import JPEG, Children, config_of

ZONE = Zone("door", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))


class Yard:
    """A camera with all that its plugin declares."""

    def __init__(self, context: PluginContext[Any], children: Children, timers: FakeTimers) -> None:
        self.context = context
        self.timers = timers
        self.camera: Camera = camera_of(context)
        self.eye = children.eye
        self.children = children
        (self.duty,) = plugin.duties(context)
        self.seen, self.kept = plugin.sensors(context)
        self.routes: dict[tuple[str, str], Route] = {
            (route.method, route.path): route for route in plugin.routes(context)
        }

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> Response:
        """Ask a route; parts of *path* in braces are given as ``{name=value}``."""
        given = dict(part[1:-1].split("=", 1) for part in path.split("/") if part.startswith("{"))
        pattern = "/".join(
            f"{{{p[1:-1].split('=')[0]}}}" if p.startswith("{") else p for p in path.split("/")
        )
        return await self.routes[method, pattern].handler(Request(given, query, body))

    async def get(self, path: str, **query: str) -> Any:
        return (await self.ask("GET", path, **query)).data

    async def still(self, name: str = "camera still") -> None:
        """Let the time for one come, and wait for what comes of it."""
        await self.timers[name].fire()
        await until(lambda: not self.camera._tasks)

    async def event(self, name: str = "e1", *, end: bool = True, **fields: Any) -> None:
        """Let something move."""
        self.eye.event("began", name, **fields)
        await asyncio.to_thread((self.camera.keeper.folder / f"{name}.mp4").write_bytes, b"clip" * 100)
        await asyncio.to_thread((self.camera.keeper.folder / f"{name}.jpg").write_bytes, JPEG)
        if end:
            self.eye.event("ended", name, clip_s=8.0)
        await self.camera.keeper.diary.settle()
        await until(lambda: not self.camera._tasks)


async def until(done: Callable[[], bool]) -> None:
    """Wait for something that a thread or task brings about."""
    while not done():  # noqa: ASYNC110 (nobody sets an event)
        await asyncio.sleep(0.002)


@pytest.fixture
def children() -> Children:
    return Children()


@pytest.fixture
def hardware(fake_hardware: FakeHardware) -> FakeHardware:
    fake_hardware.videos["/dev/video0"] = VideoFeed("unix:/world/video0.sock", "mpegts", "rendered")
    return fake_hardware


Make = Callable[..., Yard]


@pytest.fixture
async def make(
    plugin_context: ContextFactory, children: Children, hardware: FakeHardware, fake_timers: FakeTimers
) -> AsyncIterator[Make]:
    made: list[Yard] = []

    def build(**config: Any) -> Yard:
        context = plugin_context(
            config_of(**config), child=children, hardware=hardware, plugin="camera", instance="yard"
        )
        made.append(Yard(context, children, fake_timers))
        return made[-1]

    yield build
    for yard in made:
        await yard.duty.stop()


@pytest.fixture
async def yard(make: Make) -> Yard:
    made = make(zones=(ZONE,))
    await made.duty.start()
    return made


def values(reports: list[Reading], key: str) -> list[Any]:
    return [reading.value for reading in reports if reading.key == key]


def test_hooks_have_nothing_left_to_import_once_the_configuration_is_read() -> None:
    code = """
import sys
from edgepi_camera import plugin
plugin.config_schema()
known = set(sys.modules)
import edgepi_camera.camera, edgepi_camera.duty, edgepi_camera.routes, edgepi_camera.sensors
print(sorted(set(sys.modules) - known), sorted({"av", "cv2", "numpy"} & known))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] []\n"


class TestDuty(DutyConformance):
    @pytest.fixture
    def make(
        self, plugin_context: ContextFactory, children: Children, hardware: FakeHardware
    ) -> Callable[[], Duty]:
        def build() -> Duty:
            (duty,) = plugin.duties(plugin_context(config_of(), child=children, hardware=hardware))
            return duty

        return build


class TestSeenSensor(SensorConformance):
    lacks = frozenset({"bus"})

    @pytest.fixture
    def make(self, plugin_context: ContextFactory, children: Children) -> Callable[[], Sensor]:
        return lambda: SeenSensor(camera_of(plugin_context(config_of(zones=(ZONE,)), child=children)))


class TestKeptSensor(SensorConformance):
    lacks = frozenset({"bus"})

    @pytest.fixture
    def make(self, plugin_context: ContextFactory, children: Children) -> Callable[[], Sensor]:
        return lambda: KeptSensor(camera_of(plugin_context(config_of(), child=children)))


async def test_a_device_is_opened_as_the_machine_or_the_world_has_it(yard: Yard) -> None:
    await yard.duty.apply("full")
    source = yard.eye.last("open")["settings"]["source"]
    assert (source["url"], source["format"]) == ("unix:/world/video0.sock", "mpegts")
    assert (await yard.get("status"))["label"] == "rendered"


async def test_a_device_that_is_not_there_makes_the_camera_lost(make: Make, hardware: FakeHardware) -> None:
    hardware.videos.clear()
    yard = make()
    await yard.duty.apply("full")
    status = await yard.get("status")
    assert status["link"] == "lost"
    assert "/dev/video0" in status["reason"]


async def test_motion_is_told_at_once_with_its_zone_and_when_it_ends(
    yard: Yard, reports: list[Reading], manual_clock: ManualClock
) -> None:
    await yard.duty.apply("full")
    await yard.event(end=False, zones=["door"])
    assert values(reports, "motion")[-1] is True
    assert values(reports, "motion_door")[-1] is True
    assert values(reports, "last_motion") == [manual_clock.now()]
    yard.eye.event("ended", clip_s=8.0)
    assert values(reports, "motion")[-1] is False
    assert values(reports, "motion_door")[-1] is False
    await yard.camera.keeper.diary.settle()


async def test_nothing_is_told_twice(yard: Yard, reports: list[Reading]) -> None:
    await yard.duty.apply("full")
    told = len(reports)
    for _ in range(5):
        yard.eye.tell()
    assert len(reports) == told


@pytest.mark.parametrize("level", ["off", "snapshot"])
async def test_where_nobody_watches_motion_is_unknown(yard: Yard, level: str, reports: list[Reading]) -> None:
    await yard.duty.apply("full")
    await yard.duty.apply(level)
    assert values(reports, "motion")[-1] is None
    assert {reading.key: reading.value for reading in await yard.seen.read()} == {
        "motion": None,
        "motion_door": None,
        "frames_per_second": None,
    }


async def test_while_the_camera_is_lost_its_readings_are_unavailable_with_the_reason(
    yard: Yard, reports: list[Reading]
) -> None:
    await yard.duty.apply("full")
    yard.eye.tell(link="lost", reason="no route to host")
    with pytest.raises(OSError, match="no route to host"):
        await yard.seen.read()
    assert not yard.seen.logs_faults, "its link did"
    assert values(reports, "problem")[-1] is True
    assert {each.key: each.value for each in await yard.kept.read()}["problem"] is True
    yard.eye.tell(link="running", reason="")
    assert values(reports, "problem")[-1] is False
    assert values(reports, "motion")[-1] is False


async def test_events_and_room_are_counted(yard: Yard) -> None:
    await yard.duty.apply("full")
    await yard.event("e1")
    await yard.event("e2")
    read = {reading.key: reading.value for reading in await yard.kept.read()}
    assert read["events_today"] == 2
    assert read["stored"] == 0.0
    assert read["problem"] is False


async def test_a_process_that_dies_in_an_event_loses_no_clip(yard: Yard, reports: list[Reading]) -> None:
    await yard.duty.apply("full")
    await yard.event(end=False)
    yard.eye.die()
    await until(lambda: not yard.camera._tasks)
    (event,) = (await yard.get("events"))["events"]
    assert event["ended_utc"] is not None
    assert event["clip"] == "events/e1/clip.mp4"
    assert event["reason"] == "cut off"
    assert not yard.camera.keeper.diary.open
    del reports


async def test_going_off_ends_the_event_and_keeps_it(yard: Yard) -> None:
    await yard.duty.apply("full")
    await yard.event(end=False)
    await yard.duty.apply("off")
    await until(lambda: not yard.camera._tasks)
    (event,) = (await yard.get("events"))["events"]
    assert event["clip"] is not None
    assert event["ended_utc"] is not None


# Stills


async def test_at_snapshot_a_still_is_taken_at_once_and_each_time(
    yard: Yard, manual_clock: ManualClock
) -> None:
    await yard.duty.apply("snapshot")
    await until(lambda: yard.camera.keeper.last_still is not None)
    await manual_clock.advance(600.0)
    await yard.still()
    stills = (await yard.get("stills"))["stills"]
    assert [still["name"] for still in stills] == ["20250601T120000Z.jpg", "20250601T121000Z.jpg"]
    for level in ("off", "saver", "full"):
        await yard.duty.apply(level)
        await yard.still()
    assert len((await yard.get("stills"))["stills"]) == 2


async def test_a_still_that_was_due_while_the_camera_was_away_is_taken_when_it_is_back(
    yard: Yard, manual_clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    yard.eye.faults["open"] = "dies"
    await yard.duty.apply("snapshot")
    await yard.still()
    assert "no picture" not in caplog.text
    yard.eye.faults.clear()
    await manual_clock.advance(10.0)
    await until(lambda: yard.camera.keeper.last_still is not None)


async def test_the_first_still_waits_until_the_process_is_ready_for_it(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgepi_camera.link.TOLD_S", 0.01)
    gate = asyncio.Event()
    settings = yard.camera.link._settings

    async def slow() -> CameraSettings:
        await gate.wait()
        return await settings()

    monkeypatch.setattr(yard.camera.link, "_settings", slow)
    await yard.duty.apply("snapshot")
    assert yard.eye.kinds == []
    gate.set()
    await until(lambda: yard.camera.keeper.last_still is not None)
    assert yard.eye.kinds == ["open", "level", "snapshot"]


async def test_for_a_film_stills_are_taken_while_it_watches(make: Make, manual_clock: ManualClock) -> None:
    yard = make(timelapse=60.0)
    await yard.duty.start()
    await yard.still("camera timelapse")
    for level in ("saver", "full"):
        await yard.duty.apply(level)
        await manual_clock.advance(60.0)
        await yard.still("camera timelapse")
    assert await yard.get("timelapse") == {"days": [{"day": "2025-06-01", "stills": 2}]}
    film = (await yard.ask("GET", "timelapse/{name=2025-06-01.mp4}")).file
    assert film is not None
    assert await asyncio.to_thread(film.read_bytes) == b"film" * 2


async def test_stills_that_cannot_be_had_are_said_once(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    await yard.duty.apply("snapshot")
    await until(lambda: not yard.camera._tasks)
    yard.eye.faults["snapshot"] = "refuses"
    for _ in range(3):
        await yard.still()
    assert len([each for each in caplog.records if "no picture can be had" in each.message]) == 1


async def test_a_camera_that_hangs_is_not_asked_again_before_it_answered(yard: Yard) -> None:
    await yard.duty.apply("snapshot")
    await until(lambda: not yard.camera._tasks)
    asked = yard.eye.kinds.count("snapshot")
    async with yard.camera._still_turn:
        await yard.still()
    assert yard.eye.kinds.count("snapshot") == asked


async def test_what_fails_is_named_as_the_owner_named_it(yard: Yard) -> None:
    await yard.duty.apply("full")
    yard.eye.tell(link="lost", reason="unix:/world/video0.sock: it ended the stream")
    assert (await yard.get("status"))["reason"] == "/dev/video0: it ended the stream"


async def test_a_still_is_taken_on_demand_at_any_level(yard: Yard) -> None:
    answer = await yard.ask("POST", "snapshot")
    assert answer.data["name"] == "20250601T120000Z.jpg"
    assert not yard.eye.alive
    await yard.duty.apply("full")
    await yard.ask("POST", "snapshot")
    yard.eye.faults["snapshot"] = "hangs"
    with pytest.raises(PluginError, match="no picture can be had"):
        await yard.ask("POST", "snapshot")


# Live pictures


async def test_looking_costs_nothing_while_the_camera_rests(yard: Yard) -> None:
    with pytest.raises(NotFoundError):
        await yard.ask("GET", "snapshot.jpg")
    await yard.duty.apply("snapshot")
    await until(lambda: not yard.camera._tasks)
    await yard.duty.apply("off")
    starts = yard.eye.starts
    assert (await yard.ask("GET", "snapshot.jpg")).content == JPEG
    assert (await yard.get("status"))["still_utc"] == "2025-06-01T12:00:00+00:00"
    assert yard.eye.starts == starts


async def test_the_picture_of_now_is_given_while_it_watches(yard: Yard) -> None:
    await yard.duty.apply("full")
    answer = await yard.ask("GET", "snapshot.jpg", width="320")
    assert (answer.content, answer.content_type) == (JPEG, "image/jpeg")
    assert yard.eye.last("snapshot") == {"width": 320, "what": "picture"}
    await yard.ask("GET", "snapshot.jpg", what="detector")
    assert yard.eye.last("snapshot")["what"] == "detector"


async def test_viewers_are_counted_and_served_from_one_view(yard: Yard) -> None:
    await yard.duty.apply("full")
    streams = [(await yard.ask("GET", "live.mjpg")).stream for _ in range(3)]
    for stream in streams:
        assert stream is not None
        assert JPEG in await anext(stream)
    assert (await yard.get("status"))["viewers"] == 3
    await settle()
    assert yard.eye.kinds.count("view") == 1
    yard.eye.push("frame", b"\xff\xd8two", what="picture", width=640, height=480, sequence=1)
    for stream in streams:
        assert stream is not None
        assert b"\xff\xd8two" in await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # a generator
    await settle()
    assert yard.eye.last("view")["on"] is False
    assert (await yard.get("status"))["viewers"] == 0


# What routes refuse


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("snapshot.jpg", {"width": "9"}),
        ("snapshot.jpg", {"width": "wide"}),
        ("snapshot.jpg", {"what": "../x"}),
        ("live.mjpg", {"fps": "1000"}),
        ("live.mjpg", {"fps": "nan"}),
        ("events", {"limit": "0"}),
        ("events", {"limit": "1e9"}),
        ("events", {"before": "../x"}),
        ("stills", {"day": "../../etc"}),
        ("stills", {"day": "2025-06-1"}),
    ],
)
async def test_what_cannot_be_asked_is_refused(yard: Yard, path: str, query: dict[str, str]) -> None:
    with pytest.raises(RequestError):
        await yard.ask("GET", path, **query)


@pytest.mark.parametrize("name", ["..", "../yard", "e1.mp4", "a b", "", "%2e%2e", "x" * 80])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "events/{id=NAME}/clip.mp4"),
        ("GET", "events/{id=NAME}/picture.jpg"),
        ("DELETE", "events/{id=NAME}"),
        ("POST", "events/{id=NAME}/keep"),
        ("GET", "stills/{name=NAME}"),
        ("GET", "timelapse/{name=NAME}"),
    ],
)
async def test_no_name_leads_out_of_the_folder(yard: Yard, method: str, path: str, name: str) -> None:
    pattern = path.replace("=NAME", "")
    key = "id" if "{id" in path else "name"
    with pytest.raises(NotFoundError):
        await yard.routes[method, pattern].handler(Request({key: name}, {}, {"keep": True}))


async def test_events_are_shown_played_kept_and_removed(yard: Yard) -> None:
    await yard.duty.apply("full")
    for name in ("e1", "e2", "e3"):
        await yard.event(name)
    page = await yard.get("events", limit="2")
    assert [event["id"] for event in page["events"]] == ["e3", "e2"]
    assert page["more"]
    rest = await yard.get("events", before="e2")
    assert [event["id"] for event in rest["events"]] == ["e1"]
    clip, picture = [
        (await yard.ask("GET", f"events/{{id=e1}}/{name}")).file for name in ("clip.mp4", "picture.jpg")
    ]
    assert clip == yard.camera.keeper.folder / "e1.mp4"
    assert picture == yard.camera.keeper.folder / "e1.jpg"
    await yard.ask("POST", "events/{id=e1}/keep", {"keep": True})
    await yard.ask("DELETE", "events/{id=e2}")
    left = (await yard.get("events"))["events"]
    assert [(event["id"], event["kept"]) for event in left] == [("e3", False), ("e1", True)]
    with pytest.raises(RequestError, match="keep: true"):
        await yard.ask("POST", "events/{id=e1}/keep", ["x"])


def test_only_what_changes_nothing_may_be_asked_by_anybody(
    plugin_context: ContextFactory, children: Children
) -> None:
    routes = plugin.routes(plugin_context(config_of(), child=children))
    assert all(route.writes == (route.method != "GET") for route in routes)


async def test_the_card_names_routes_and_entities_that_there_are(yard: Yard) -> None:
    (card,) = plugin.cards(yard.context)
    described = [each.key for sensor in (yard.seen, yard.kept) for each in sensor.describe()]
    assert card.entities == tuple(f"yard.{key}" for key in described)
    for route in card.options.values():
        assert ("GET", route.removeprefix("plugins/yard/")) in yard.routes


async def test_what_the_detector_sees_is_told_while_it_watches(yard: Yard) -> None:
    assert await yard.get("detector") == {"level": "off", "link": "closed"}
    await yard.duty.apply("full")
    assert (await yard.get("detector"))["level"] == "full"
    yard.eye.faults["sight"] = "refuses"
    with pytest.raises(RequestError):
        await yard.get("detector")


async def test_when_the_storage_is_full_the_process_is_told_to_record_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = make(keep=KeepConfig(free=10**18))
    await yard.duty.start()
    await yard.duty.apply("full")
    await yard.timers["camera storage"].fire()
    await settle()
    assert yard.eye.last("record") == {"on": False}
    status = await yard.get("status")
    assert "storage full" in status["storage"]
    monkeypatch.setattr(
        yard.camera.keeper.storage, "_rules", yard.camera.keeper.rules.__class__(14, 10**9, 0)
    )
    monkeypatch.setattr(yard.camera.keeper, "rules", yard.camera.keeper.rules.__class__(14, 10**9, 0))
    await yard.timers["camera storage"].fire()
    await settle()
    assert yard.eye.last("record") == {"on": True}


async def test_a_disk_that_hangs_keeps_no_duty_from_its_level(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = make()
    gate = asyncio.Event()
    monkeypatch.setattr("edgepi_camera.camera.PREPARE_S", 0.01)
    monkeypatch.setattr(yard.camera.keeper, "prepare", gate.wait)
    await yard.duty.start()
    await yard.duty.apply("full")
    assert yard.eye.last("level")["level"] == "full"
    gate.set()


def test_the_instance_has_one_camera(plugin_context: ContextFactory, children: Children) -> None:
    context = plugin_context(config_of(), child=children)
    assert camera_of(context) is camera_of(context)
    other = plugin_context(config_of(), child=children)
    assert camera_of(other) is not camera_of(context)

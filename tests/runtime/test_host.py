from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from edgepi.config.findings import Finding
from edgepi.config.settings import PluginSettings, Settings
from edgepi.model import Availability, NodeInfo, PluginStatusChanged
from edgepi.plugin import Duty, PowerController, SunForecaster, SupplyMeter
from edgepi.runtime.backoff import RetryPolicy
from edgepi.runtime.bus import EventBus
from edgepi.runtime.discovery import discover
from edgepi.runtime.host import PluginHost
from edgepi.runtime.records import PluginStatus
from edgepi.runtime.states import StateStore
from edgepi.runtime.supervisor import Supervisor
from edgepi.runtime.timers import TimerService
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeBudget, FakeHardware

NODE = NodeInfo(name="test", latitude=48.0, longitude=11.0, elevation_m=500.0, time_zone="UTC")
MakeDist = Callable[..., str]

NOTIFIER = """
import asyncio
log = []

class Bell(Notifier):
    name = "bell"
    def __init__(self, context): self.context = context
    async def start(self):
        log.append(("start", self.context.instance))
        await START(self, len(log))
    async def notify(self, title, message): pass
    async def stop(self):
        log.append(("stop", self.context.instance))
        await STOP(self)

async def STOP(self): pass

@hookimpl
def notifiers(context): return [Bell(context)]
"""


class Desk(FakeBudget):
    def __init__(self) -> None:
        super().__init__()
        self.duties: dict[str, tuple[Duty, float | None]] = {}
        self.sources: dict[str, SupplyMeter] = {}
        self.forecasters: dict[str, SunForecaster] = {}

    def add_duty(self, duty: Duty, *, consumer: str, importance: float | None = None) -> None:
        self.duties[consumer] = (duty, importance)

    def add_meter(self, meter: SupplyMeter, *, name: str) -> None:
        self.sources[name] = meter

    def add_controller(self, controller: PowerController, *, name: str) -> None:
        self.sources[name] = controller

    def add_forecaster(self, forecaster: SunForecaster, *, name: str) -> None:
        self.forecasters[name] = forecaster


class House:
    """A host with everything around it."""

    def __init__(self, site: Path, state_dir: Path) -> None:
        self.site = site
        self.state_dir = state_dir
        self.clock = ManualClock()
        self.bus = EventBus()
        self.states = StateStore(self.bus, self.clock)
        self.timers = TimerService(self.clock, self.bus)
        self.desk = Desk()
        self.changes: list[PluginStatusChanged] = []
        self.bus.listen(PluginStatusChanged, self.changes.append, name="test")
        self.host: PluginHost
        self.secrets: frozenset[str] = frozenset()
        self.config: Path | None = None

    async def start(self, *plugins: PluginSettings) -> PluginHost:
        self.registry = await asyncio.to_thread(discover, path=[str(self.site)])
        self.host = PluginHost(
            settings=Settings(node=NODE, plugins=plugins, path=self.config, secrets=self.secrets),
            registry=self.registry,
            clock=self.clock,
            bus=self.bus,
            states=self.states,
            timers=self.timers,
            hardware=FakeHardware(),
            budget=self.desk,
            state_dir=self.state_dir,
            supervisor=Supervisor(self.clock, policy=RetryPolicy(jitter=0.0), chance=lambda: 0.0),
            start_s=0.1,
            stop_s=0.1,
        )
        await self.timers.start()
        await self.host.declare()
        await self.host.start()
        return self.host

    async def stop(self) -> None:
        await self.host.stop()
        await self.host.close()
        await self.timers.stop()

    def status(self, instance: str) -> tuple[str, str]:
        (found,) = (s for s in self.host.statuses if s.instance == instance)
        return found.status.value, found.reason


def one(name: str, **more: Any) -> PluginSettings:
    return PluginSettings(plugin=name, instance=more.pop("instance", name), **more)


@pytest.fixture
async def house(site: Path, tmp_path: Path) -> AsyncIterator[House]:
    house = House(site, tmp_path / "state")
    yield house
    await house.stop()


def bell(start: str, stop: str = "pass") -> str:
    return (
        NOTIFIER
        + f"async def START(self, tries):\n    {dedent(start)}\n"
        + f"async def STOP(self):\n    {dedent(stop)}\n"
    )


def log_of(name: str) -> list[tuple[str, str]]:
    log: list[tuple[str, str]] = sys.modules[f"throwaway_{name}.plugin"].log
    return log


async def test_an_enabled_instance_is_started_and_stopped(make_dist: MakeDist, house: House) -> None:
    make_dist("ring", bell("pass"))
    host = await house.start(one("ring"))
    assert house.status("ring") == ("enabled", "")
    assert [n.name for n in host.notifiers] == ["bell"]
    assert house.changes == [PluginStatusChanged("ring", "enabled", "")]
    await host.stop()
    assert log_of("ring") == [("start", "ring"), ("stop", "ring")]
    assert host.notifiers == ()


async def test_several_instances_have_their_own_everything(make_dist: MakeDist, house: House) -> None:
    make_dist("ring", bell("pass"))
    await house.start(one("ring", instance="front"), one("ring", instance="back", config={"a": 1}))
    front, back = (n.context for n in house.host.notifiers)  # type: ignore[attr-defined]
    assert (front.instance, back.instance, back.config) == ("front", "back", {"a": 1})
    assert front.state_dir == house.state_dir / "plugins" / "front"
    assert front.state_dir.is_dir()
    assert front.log.name == "edgepi.plugins.front"
    assert front.run_blocking is not back.run_blocking


async def test_an_instance_that_is_switched_off_is_not_imported(make_dist: MakeDist, house: House) -> None:
    make_dist("off", "raise RuntimeError('imported')")
    await house.start(one("off", enabled=False))
    assert house.status("off") == ("disabled", "switched off in the configuration")


async def test_a_plugin_that_is_not_installed_is_said_with_the_command(house: House) -> None:
    await house.start(one("nowhere"))
    status, reason = house.status("nowhere")
    assert status == "load error"
    assert f"{sys.prefix}/bin/python -m pip install edgepi-nowhere" in reason


async def test_a_plugin_that_cannot_be_loaded_harms_no_other(make_dist: MakeDist, house: House) -> None:
    make_dist("broken", "raise SystemExit(1)")
    make_dist("ring", bell("pass"))
    await house.start(one("broken"), one("ring"))
    assert house.status("broken")[0] == "load error"
    assert "SystemExit" in house.status("broken")[1]
    assert house.status("ring")[0] == "enabled"


async def test_wrong_keys_are_the_status_of_their_instance_with_file_line_and_column(house: House) -> None:
    finding = Finding(path=Path("e.yaml"), line=7, column=3, message="unknown key 'sped'", suggestion="speed")
    await house.start(one("nowhere", findings=(finding, replace(finding, line=9, suggestion=None))))
    reason = "e.yaml:7:3: unknown key 'sped' (did you mean 'speed'?); e.yaml:9:3: unknown key 'sped'"
    assert house.status("nowhere") == ("config error", reason)


async def test_a_quarantined_plugin_stays_out_with_its_reason(make_dist: MakeDist, house: House) -> None:
    make_dist("sick", "raise RuntimeError('imported')")
    registry = await asyncio.to_thread(discover, path=[str(house.site)])
    registry.mark("sick", PluginStatus.QUARANTINED, "it held up the node")
    await house.start()
    host = PluginHost(
        settings=Settings(node=NODE, plugins=(one("sick"),)),
        registry=registry,
        clock=house.clock,
        bus=house.bus,
        states=house.states,
        timers=house.timers,
        hardware=FakeHardware(),
        budget=house.desk,
        state_dir=house.state_dir,
    )
    await host.declare()
    assert [(s.status.value, s.reason) for s in host.statuses] == [("quarantined", "it held up the node")]


async def test_a_hook_that_raises_leaves_its_instance_out(
    make_dist: MakeDist, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    make_dist("rude", "@hookimpl\ndef sensors(): raise SystemExit('bye')\n")
    await house.start(one("rude"))
    assert house.status("rude")[0] == "load error"
    assert "hook 'sensors' raised SystemExit" in house.status("rude")[1]


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("raise OSError(19, 'No such device')", "No such device"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("await asyncio.Event().wait()", "took longer than 0.1 s"),
        ("return 1 / 0", "ZeroDivisionError"),
    ],
)
async def test_a_start_that_fails_is_said_stopped_and_retried(
    make_dist: MakeDist, house: House, start: str, said: str
) -> None:
    make_dist("weak", bell(f"if tries < 2: {start}"))
    make_dist("ring", bell("pass"))
    await house.start(one("weak"), one("ring"))
    status, reason = house.status("weak")
    assert status == "failed"
    assert said in reason
    assert "tried again in 5 s" in reason
    assert house.status("ring")[0] == "enabled"
    assert log_of("weak") == [("start", "weak"), ("stop", "weak")]
    await house.clock.advance(5)
    await asyncio.sleep(0.01)
    assert house.status("weak") == ("enabled", "")


async def test_a_start_that_ignores_its_cancellation_does_not_hold_up_the_node(
    make_dist: MakeDist, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edgepi.runtime.containment.GRACE_S", 0.05)
    deaf = """
    while not released.is_set():
        try:
            await released.wait()
        except asyncio.CancelledError:
            pass
    """
    code = NOTIFIER + "released = asyncio.Event()\nasync def START(self, tries):" + deaf
    make_dist("deaf", code)
    await house.start(one("deaf"))
    assert "took longer" in house.status("deaf")[1]
    assert "is left behind" in caplog.text
    sys.modules["throwaway_deaf.plugin"].released.set()
    await asyncio.sleep(0)


async def test_a_device_that_stays_away_is_tried_for_ever_at_growing_distance(
    make_dist: MakeDist, house: House
) -> None:
    make_dist("away", bell("raise OSError(19, 'No such device')"))
    await house.start(one("away"))
    for _ in range(200):
        await house.clock.advance(60)
    starts = sum(what == "start" for what, _ in log_of("away"))
    assert 20 < starts < 35  # 5, 10, 20 ... 600 s over 200 minutes
    assert house.status("away")[0] == "failed"


async def test_code_that_is_wrong_too_often_is_quarantined(make_dist: MakeDist, house: House) -> None:
    make_dist("buggy", bell("raise KeyError('x')"))
    await house.start(one("buggy"))
    await house.clock.advance(3000)
    starts = sum(what == "start" for what, _ in log_of("buggy"))
    assert starts == 5
    status, reason = house.status("buggy")
    assert status == "quarantined"
    assert "restart the node" in reason


async def test_a_stop_that_hangs_or_fails_does_not_keep_the_others(
    make_dist: MakeDist, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    make_dist("good", bell("pass"))
    make_dist("hangs", bell("pass", "await asyncio.Event().wait()"))
    make_dist("raises", bell("pass", "raise SystemExit"))
    await house.start(one("good"), one("hangs"), one("raises"))
    await house.host.stop()
    assert log_of("good")[-1] == ("stop", "good")
    assert "stopping hangs.bell" in caplog.text
    assert "stopping raises.bell" in caplog.text


SENSOR = """
class Thermometer(Sensor):
    name = "thermometer"
    interval_s = 10.0
    def describe(self): return [ReadingDescription(key="temperature", name="Temperature", unit="°C")]
    async def read(self): return [Reading("temperature", 21.5)]
"""
IMPORTS = "from edgepi.model import *\n"
METER = """
class Meter(SupplyMeter):
    async def read(self): return Supply(time_utc=None, source="meter")
@hookimpl
def supply_meters(): return [Meter()]
"""


@pytest.mark.parametrize(("beside", "points"), [("", 5.0), (METER, 0.5)])
async def test_sensors_are_high_unless_they_only_watch_the_supply(
    make_dist: MakeDist, house: House, beside: str, points: float
) -> None:
    code = IMPORTS + SENSOR + "@hookimpl\ndef sensors(): return [Thermometer()]\n"
    make_dist("warm", code + beside)
    await house.start(one("warm"))
    duty, _ = house.desk.duties["warm"]
    assert duty.levels()[-1].points_per_h == points


async def test_sensors_become_one_duty_of_the_budget(make_dist: MakeDist, house: House) -> None:
    code = IMPORTS + SENSOR + "@hookimpl\ndef sensors(): return [Thermometer()]\n"
    make_dist("warm", code)
    await house.start(one("warm", importance=7.0))
    duty, _ = house.desk.duties["warm"]
    assert [level.name for level in duty.levels()] == ["off", "saver", "full"]
    assert duty.levels()[-1].points_per_h == 7.0
    state = house.states.get("warm.temperature")
    assert state is not None
    assert state.availability is Availability.UNKNOWN
    await duty.apply("full")
    await house.clock.advance(0)
    state = house.states.get("warm.temperature")
    assert state is not None
    assert state.value == 21.5
    await duty.stop()


async def test_two_sensors_that_claim_one_key_are_refused(make_dist: MakeDist, house: House) -> None:
    make_dist("twice", IMPORTS + SENSOR + "@hookimpl\ndef sensors(): return [Thermometer(), Thermometer()]\n")
    await house.start(one("twice"))
    assert "two of its sensors describe a reading 'temperature'" in house.status("twice")[1]


DUTIES = """
class Watch(Duty):
    name = "watch"
    def levels(self): return [Level("off", 0, 0), Level("full", 1.0, 2.0)]
    async def apply(self, level): pass

class Gauge(SupplyMeter):
    name = "gauge"
    async def read(self): raise NotImplementedError

@hookimpl
def duties(): return [Watch()]

@hookimpl
def supply_meters(): return [Gauge()]

class Oracle(SunForecaster):
    name = "oracle"
    async def fetch(self): raise NotImplementedError

@hookimpl
def sun_forecasters(): return [Oracle()]

@hookimpl
def cards(): return [Card("Watch", ("guard.seen",))]

async def answer(request): return Response(1)

@hookimpl
def routes(): return [Route("GET", "/seen", answer, "what was seen")]
"""


async def test_duties_meters_forecasters_cards_and_routes_are_handed_on_under_the_instances_name(
    make_dist: MakeDist, house: House
) -> None:
    make_dist("guard", IMPORTS + DUTIES)
    host = await house.start(one("guard", instance="door", importance=7.0))
    duty, importance = house.desk.duties["door.watch"]
    assert (duty.name, importance) == ("watch", 7.0)
    assert list(house.desk.sources) == ["door.gauge"]
    assert list(house.desk.forecasters) == ["door.oracle"]
    assert [card.title for card in host.cards["door"]] == ["Watch"]
    assert [route.path for route in host.routes["door"]] == ["/seen"]


async def test_trouble_of_a_part_elsewhere_shows_in_the_instances_status(
    make_dist: MakeDist, house: House
) -> None:
    make_dist("guard", IMPORTS + DUTIES)
    host = await house.start(one("guard"))
    host.note("guard", "gauge", "no answer")
    assert house.status("guard") == ("failed", "gauge: no answer")
    host.note("guard", "gauge", None)
    assert house.status("guard") == ("enabled", "")
    host.note("nobody", "gauge", "no answer")


async def test_what_fails_in_the_budgets_hands_shows_in_the_status_of_its_instance(
    make_dist: MakeDist, house: House
) -> None:
    make_dist("guard", IMPORTS + DUTIES)
    host = await house.start(one("guard", instance="guard.door"))
    (gauge,) = house.desk.sources
    host.trouble(gauge, "no answer")
    assert house.status("guard.door") == ("failed", "gauge: no answer")
    host.trouble(gauge, None)
    assert house.status("guard.door") == ("enabled", "")
    host.trouble("nobody.gauge", "no answer")


async def test_trouble_with_the_sensors_of_an_instance_is_named_so(make_dist: MakeDist, house: House) -> None:
    make_dist("warm", IMPORTS + SENSOR + "@hookimpl\ndef sensors(): return [Thermometer()]\n")
    host = await house.start(one("warm"))
    host.trouble("warm", "taking warm to full failed")
    assert house.status("warm") == ("failed", "sensors: taking warm to full failed")


async def test_the_timers_of_an_instance_end_with_it(make_dist: MakeDist, house: House) -> None:
    start = "self.context.timers.every(10, lambda: log.append(('tick', '')), name='tick')"
    make_dist("ticking", bell(start))
    await house.start(one("ticking"))
    await house.clock.advance(20)
    assert log_of("ticking").count(("tick", "")) == 2
    await house.host.stop()
    await house.host.close()
    await house.clock.advance(100)
    assert log_of("ticking").count(("tick", "")) == 2


async def test_the_http_client_is_made_once_when_asked_for_and_closed(
    make_dist: MakeDist, house: House
) -> None:
    make_dist("ring", bell("self.first = await self.context.http_client()"))
    await house.start(one("ring"))
    (notifier,) = house.host.notifiers
    session = notifier.first  # type: ignore[attr-defined]
    assert await notifier.context.http_client() is session  # type: ignore[attr-defined]
    await house.host.stop()
    await house.host.close()
    assert session.closed


async def test_readings_can_be_reported_at_any_time(make_dist: MakeDist, house: House) -> None:
    start = "self.context.report([Reading('temperature', 5.0)])"
    code = IMPORTS + SENSOR + "@hookimpl\ndef sensors(): return [Thermometer()]\n" + bell(start)
    make_dist("warm", code)
    await house.start(one("warm"))
    state = house.states.get("warm.temperature")
    assert state is not None
    assert state.value == 5.0


async def test_a_failing_start_is_logged_once(
    make_dist: MakeDist, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    make_dist("away", bell("raise OSError(19, 'No such device')"))
    await house.start(one("away"))
    await house.clock.advance(600)
    assert sum("No such device" in r.message for r in caplog.records) == 1


async def test_no_secret_gets_into_the_status_of_an_instance(make_dist: MakeDist, house: House) -> None:
    make_dist("ring", bell("raise OSError('no login with hunter2')"))
    house.secrets = frozenset({"hunter2"})
    await house.start(one("ring"))
    assert "no login with \u2022\u2022\u2022\u2022" in house.status("ring")[1]

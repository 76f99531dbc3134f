"""A node that is made up: plausible days of sun and battery, for tests and for looking at the page."""

from __future__ import annotations

import argparse
import asyncio
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgepi.clock import Clock, SystemClock
from edgepi.config.settings import HttpSettings
from edgepi.errors import EnergyError
from edgepi.model import (
    Availability,
    Decision,
    DecisionMade,
    DeviceClass,
    EntityCategory,
    NodeInfo,
    ReadingDescription,
    StateClass,
    Supply,
    SupplyRead,
)
from edgepi.plugin import Card, Route
from edgepi.recorder.samples import Sample
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import EntityInfo, StateStore
from edgepi.web.server import WebServer
from edgepi.web.services import PluginView, WebServices
from tests.web.demo_camera import CAMERA, MOTION, DemoCamera, camera_card
from tests.web.demo_energy import DemoEnergy
from tests.web.demo_jobs import DemoJobs, jobs_card
from tests.web.demo_station import STATION, STATION_ENTITIES, DemoStation, station_card

D = DeviceClass

Row = tuple[str, str, str, str | None, DeviceClass | None, int]

ENTITIES: tuple[Row, ...] = (
    ("weather", "temperature", "Temperature", "°C", D.TEMPERATURE, 1),
    ("weather", "humidity", "Humidity", "%", D.HUMIDITY, 0),
    ("weather", "pressure", "Pressure", "hPa", D.ATMOSPHERIC_PRESSURE, 1),
    ("weather", "rain", "Rain", "mm", D.PRECIPITATION, 1),
    ("wittypi", "input_voltage", "Input voltage", "V", D.VOLTAGE, 2),
    ("wittypi", "output_current", "Output current", "A", D.CURRENT, 2),
    ("wittypi", "board_temperature", "Board temperature", "°C", D.TEMPERATURE, 1),
    ("energy", "battery_soc", "Battery", "%", D.BATTERY, 0),
    ("energy", "harvest_power", "Harvest", "W", D.POWER, 1),
    ("energy", "load_power", "Load", "W", D.POWER, 1),
    ("energy", "node_power", "Power of node", "W", D.POWER, 1),
    ("energy", "price", "Price", "points/Wh", None, 2),
)


# Hours ago, event, reason, planned
POWER_EVENTS: tuple[tuple[Any, ...], ...] = (
    (9.2, "on", "the alarm that was set", True),
    (17.5, "off", "sleeping until 05:40: the night costs more than it brings", True),
    (26.0, "on", "the button was pressed", False),
    (
        31.3,
        "lost",
        "without power, or switched off by force; seen alive last then",
        False,
    ),
)


def _power_event(clock: Clock, hours: float, event: str, reason: str, planned: bool) -> dict[str, Any]:
    at = clock.now() - timedelta(hours=hours)
    wake = at + timedelta(hours=8.3) if event == "off" else None
    return {"event": event, "time_utc": at, "reason": reason, "planned": planned, "wake_utc": wake}


class DemoPower:
    """A board that remembers what was asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.refusal: EnergyError | None = None
        self.events: list[dict[str, Any]] = [
            _power_event(clock, hours, *rest) for hours, *rest in POWER_EVENTS
        ]
        self.wake_utc: datetime | None = None
        self.off_reason: str | None = None

    async def status(self) -> Mapping[str, Any]:
        return {"board": {"name": "wittypi"}, "plan": {"wake_utc": self.wake_utc}}

    async def log(self) -> Sequence[Mapping[str, Any]]:
        return [event.copy() for event in self.events]

    async def wake_at(self, wake_utc: datetime) -> Mapping[str, Any]:
        self.wake_utc = wake_utc
        return {"wake_utc": wake_utc, "triggers": ("alarm",), "doubts": ()}

    async def off(self, *, wake_utc: datetime | None, reason: str) -> Mapping[str, Any]:
        if self.refusal is not None:
            raise self.refusal
        self.off_reason = reason
        self.wake_utc = wake_utc
        return {"sentence": "sleeping until 22:00: asked for by a person"}


class DemoNode:
    """Everything that the web server shows; `now` is frozen where *clock* is."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.bus = EventBus()
        self.states = StateStore(self.bus, self.clock)
        self.power: DemoPower | None = DemoPower(self.clock)
        self.jobs = DemoJobs(self.clock)
        self.station = DemoStation()
        self.routes: dict[str, list[Route]] = {
            "iexec": self.jobs.routes(),
            STATION: self.station.routes(),
        }
        self.cards: list[Card] = [
            Card("Weather", ("weather.temperature", "weather.pressure"), kind="chart"),
            jobs_card(),
        ]
        self.decided: list[Decision] = []
        self.guard = "none"
        self.ails: tuple[str, ...] = ()
        self.sleeps = True
        self.used_wh = {"node": 41.2, "camera": 11.6, "weather": 0.9, "iexec": 7.0}
        self.weather_w = 0.05
        self.plugin_views = list(PLUGINS)
        for row in ENTITIES:
            self.describe(row)
        self.tick()
        self.states.set(
            "weather.rain",
            None,
            availability=Availability.UNAVAILABLE,
            source="weather",
            reason="no pulse since the start: is the rain gauge connected to pin 6?",
        )
        for hours, subject, action, sentence in DECISIONS:
            self.decide(subject, action, sentence, ago=timedelta(hours=hours))

    def describe(self, row: Row) -> None:
        """Add an entity."""
        instance, key, name, unit, kind, precision = row
        description = ReadingDescription(
            key=key,
            name=name,
            unit=unit,
            device_class=kind,
            state_class=StateClass.MEASUREMENT,
            precision=precision,
            category=EntityCategory.DIAGNOSTIC if key.startswith("board") else None,
        )
        self.states.describe(f"{instance}.{key}", EntityInfo(description, instance, instance))

    def put_up_station(self, *without: str) -> None:
        """Add a weather station and its card, *without* some of its parts."""
        for key, name, unit, kind, precision, state_class, value in STATION_ENTITIES:
            if key in without:
                continue
            description = ReadingDescription(
                key=key, name=name, unit=unit, device_class=kind, state_class=state_class, precision=precision
            )
            self.states.describe(f"{STATION}.{key}", EntityInfo(description, STATION, STATION))
            self.states.set(f"{STATION}.{key}", value, source=STATION)
        self.cards.append(station_card(*without))

    async def put_up_camera(self, folder: Path) -> DemoCamera:
        """Add a camera and its card; its pictures are drawn in *folder*."""
        camera = DemoCamera(self.clock, folder)
        await asyncio.to_thread(camera.prepare)
        self.describe(MOTION)
        self.states.set(f"{CAMERA}.motion", value=False, source=CAMERA)
        self.routes[CAMERA] = camera.routes()
        self.cards.append(camera_card())
        self.decide(f"{CAMERA}.watch", "level", "saver: the sun gives 6.2 W; full takes 1.9 W too much")
        return camera

    def services(self) -> WebServices:
        """All of it, as the server wants it."""
        return WebServices(
            mask=lambda text: text.replace("hunter2", "****"),
            node=NodeInfo(
                name="garden", latitude=47.4, longitude=8.5, elevation_m=430, time_zone="Europe/Zurich"
            ),
            version="0.1.0",
            clock=self.clock,
            simulated=True,
            bus=self.bus,
            states=self.states,
            history=self.history,
            decisions=self.decisions,
            status=self.status,
            plugins=lambda: self.plugin_views,
            plugin_routes=lambda: self.routes,
            cards=lambda: self.cards,
            notes=lambda: ["Rain is synthetic; sun and weather were measured."],
            power=self.power,
            energy=DemoEnergy(self.status, self.clock.now, lambda: self.power.events if self.power else []),
            healthy=lambda: {"timers": True, "recorder": True},
        )

    def tick(self) -> None:
        """Measure everything once."""
        now = self.clock.now()
        for instance, key, *_ in ENTITIES:
            if key != "rain":
                self.states.set(f"{instance}.{key}", value_at(f"{instance}.{key}", now), source=instance)
        self.bus.publish(SupplyRead(self.supply()))

    def decide(self, subject: str, action: str, sentence: str, *, ago: timedelta = timedelta()) -> None:
        """Decide something."""
        decision = Decision(
            time_utc=self.clock.now() - ago, subject=subject, action=action, sentence=sentence
        )
        self.decided.append(decision)
        self.bus.publish(DecisionMade(decision))

    def supply(self) -> Supply:
        """The merged telemetry."""
        now = self.clock.now()
        harvest_w, load_w = value_at("energy.harvest_power", now), value_at("energy.load_power", now)
        return Supply(
            time_utc=now,
            source="wittypi+ina219",
            input_v=value_at("wittypi.input_voltage", now),
            output_v=5.06,
            output_a=load_w / 5.06,
            output_w=load_w,
            battery_v=13.28 + 0.02 * (harvest_w - load_w) / 5,
            battery_w=harvest_w - load_w,
            input_w=harvest_w,
        )

    def status(self) -> Mapping[str, Any]:
        """The budget's record."""
        now = self.clock.now()
        percent = value_at("energy.battery_soc", now)
        account = {
            "harvested_wh": 92.4,
            "stored_wh": 27.1,
            "lost_wh": 4.6,
            "used_wh": self.used_wh,
        }
        return {
            "supply": self.supply(),
            "soc": {"percent": percent, "uncertainty_percent": 4.0, "stored_wh": 1.54 * percent},
            "harvest_w": value_at("energy.harvest_power", now),
            "load_w": value_at("energy.load_power", now),
            "load_measured": True,
            "guard": {"in_force": self.guard, "voltage_v": 13.3, "run_v": 12.4, "commit_v": 12.0},
            "ledger": {
                "today": account,
                "total": {**account, "harvested_wh": 18240.0, "total_used_wh": 17630.0},
            },
            "governor": "thresholds",
            "price_points_per_wh": value_at("energy.price", now),
            "plan": {"sleep_utc": None, "wake_utc": now + timedelta(hours=9), "steps": []},
            "duties": [
                {"consumer": "weather", "level": "full", "power_w": self.weather_w, "failure": None},
                {"consumer": "camera", "level": "saver", "power_w": 0.6, "failure": None},
                {"consumer": "iexec", "level": "off", "power_w": 0.0, "failure": None},
            ],
            "leases": [],
            "board": {
                "name": "wittypi",
                "working": True,
                "failure": None,
                "last_reason": {"kind": "alarm", "text": "the alarm that was set"},
                "health": list(self.ails),
                "identity": "Witty Pi 4, firmware revision 7",
                "clock_off_s": -1.0,
                "capabilities": {"can_cut": True, "cut_delay_s": [25.4, 25.4]},
                "standing": None
                if self.sleeps
                else {
                    "wake_utc": now + timedelta(hours=9),
                    "triggers": ["input connected again"],
                    "doubts": [],
                },
                "armed": {
                    "wake_utc": (self.power and self.power.wake_utc) or now + timedelta(hours=9),
                    "triggers": ["alarm", "voltage above 13.0 V"],
                    "doubts": [],
                }
                if self.sleeps
                else None,
            },
        }

    async def history(
        self, entity_id: str, start: datetime, end: datetime, *, tier: str = "auto"
    ) -> Sequence[Sample]:
        """Values of the same made-up course."""
        if self.states.get(entity_id) is None or entity_id == "weather.rain":
            return []
        if entity_id.startswith(f"{STATION}."):
            return self.station.history(entity_id.partition(".")[2], end)
        step = timedelta(minutes=5 if end - start <= timedelta(days=2) else 60)
        count = min(int((end - start) / step), 5000)
        times = (end - step * i for i in range(count, -1, -1))
        return [Sample(t, value_at(entity_id, t)) for t in times]

    async def decisions(self, start: datetime | None, end: datetime | None, limit: int) -> Sequence[Decision]:
        """Newest first."""
        newest = sorted(self.decided, key=lambda d: d.time_utc, reverse=True)
        return [d for d in newest if (not start or d.time_utc >= start) and (not end or d.time_utc <= end)][
            :limit
        ]


def value_at(entity_id: str, now: datetime) -> float:
    """A made-up value that changes smoothly with the time of day."""
    hour = now.hour + now.minute / 60 + now.second / 3600 + now.microsecond / 3.6e9
    sun = max(0.0, math.sin((hour - 5.5) / 14 * math.pi)) if 5.5 < hour < 19.5 else 0.0
    day = now.timetuple().tm_yday
    cloud = 0.72 + 0.2 * math.sin(day * 2.1) + 0.08 * math.sin(hour * 5.3 + day) * math.sin(hour * 11)
    wiggle = 0.04 * math.sin(now.timestamp() / 7)
    return {
        "weather.temperature": 14.2 + 8 * math.sin((hour - 9) / 24 * 2 * math.pi) + wiggle * 5 + cloud * 2,
        "weather.humidity": 61 - 18 * math.sin((hour - 9) / 24 * 2 * math.pi) + wiggle * 20,
        "weather.pressure": 1016.2 + 3 * math.sin(day + hour / 24) + wiggle,
        "wittypi.input_voltage": 13.3 + sun * 0.8 + wiggle,
        "wittypi.output_current": 0.65 + wiggle,
        "wittypi.board_temperature": 31.5 + sun * 9,
        "energy.battery_soc": 52 + 34 * math.sin((hour - 11.5) / 24 * 2 * math.pi) + 8 * cloud,
        "energy.harvest_power": 31 * sun * cloud,
        "energy.load_power": 3.35 + wiggle * 4 + (4.1 if 10.5 < hour < 16 else 0),
        "energy.node_power": 2.7,
        "energy.price": 0.42 - 0.25 * math.sin((hour - 8) / 24 * 2 * math.pi),
    }[entity_id]


PLUGINS = (
    PluginView(
        name="weather", instance="weather", title="Weather station", status="enabled", version="0.1.0"
    ),
    PluginView(name="wittypi", instance="wittypi", title="Witty Pi 4", status="enabled", version="0.1.0"),
    PluginView(
        name="camera",
        instance="camera",
        title="Camera",
        status="missing requirement",
        reason="cv2 is not installed: pip install 'edgepi[camera]'",
        version="0.1.0",
    ),
    PluginView(name="ina219", title="INA219 meter", status="disabled", reason="not in edgepi.yaml"),
)

DECISIONS = (
    (9.2, "node", "wake", "woke at 05:40 for the morning: 54 % in the battery, 21.0 Wh above the reserve"),
    (
        7.9,
        "camera",
        "level",
        "camera from off to saver: the sun gives 6.2 W and 24.3 Wh are above the reserve",
    ),
    (5.4, "iexec", "grant", "granted render-0x3f: needs 3.1 Wh, 18.4 Wh above the night reserve"),
    (
        2.2,
        "iexec",
        "refuse",
        "waiting: train-0x81 needs 24.0 Wh, 1.4 Wh above the night reserve, next chance 11:40",
    ),
    (
        0.3,
        "camera",
        "level",
        "camera stays at saver: full would cost 1.9 W at 0.42 points/Wh and bring 0.6 points/h",
    ),
)


async def serve(port: int, state_dir: Path) -> None:
    """Serve the made-up node, with a login link, until interrupted."""
    node = DemoNode()
    server = WebServer(settings=HttpSettings(port=port), state_dir=state_dir, services=node.services())
    await server.start()
    print(server.login_link(), flush=True)  # noqa: T201
    try:
        while True:
            await asyncio.sleep(1)
            node.tick()
    finally:
        await server.stop()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8322)
    with TemporaryDirectory() as directory:
        asyncio.run(serve(parser.parse_args().port, Path(directory)))


if __name__ == "__main__":
    main()

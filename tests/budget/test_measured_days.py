"""Measured days in seconds: books, charge and sleep of the real deciders beside a true battery."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from edgepi.budget.measuring import Measuring
from edgepi.budget.store import Saved
from edgepi.config.settings import BatterySettings, BoardSettings, EnergySettings, PanelSettings
from edgepi.energy import DutyNow, Governor, Situation, SleepMeans, ThresholdGovernor
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.sun import is_up
from edgepi.model import Level, NodeInfo, Supply
from edgepi.sim.battery import Battery, BatterySpec
from edgepi.sim.draw import NodeState, draw_table
from edgepi.sim.panel import panel_power_w
from edgepi.sim.weather import golden_weather
from edgepi.testing.clock import ManualClock

GOLDEN = NodeInfo(name="golden", latitude=39.74, longitude=-105.18, time_zone="America/Denver")
FIRST_MORNING = datetime(2022, 1, 1, 15, 0, tzinfo=UTC)
STEP_S = 60.0
LEVELS = (Level("off", 0.0, 0.0), Level("saver", 0.004, 35.0), Level("full", 0.02, 50.0))
MEANS = SleepMeans(can_cut=True, can_wake_at=True, wake_horizon_s=14 * 86400.0)
DEMO = EnergySettings(
    battery=BatterySettings(chemistry="lifepo4", capacity_wh=77.0),
    panel=PanelSettings(peak_w=20.0),
    board=BoardSettings(model="pi4"),
)


class Hand(ManualClock):
    """A clock that is moved without an event loop."""

    def move(self, seconds: float) -> None:
        self._monotonic_s += seconds
        self.step_wall(seconds)


@dataclass
class Life:
    """What happened: truth and what the node made of it."""

    soc_errors: list[float] = field(default_factory=list)
    sleeps: list[tuple[datetime, float, str]] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)
    level_changes: int = 0
    up_in_sun: int = 0
    sun: int = 0
    up_at_noon: list[datetime] = field(default_factory=list)
    ran_dry: bool = False
    booked_until_s: float = 0.0
    lowest_v: float = math.inf
    true_harvest_wh: float = 0.0
    true_load_wh: float = 0.0
    true_loss_wh: float = 0.0
    account: Any = None


class Days:
    """A node of numbers: the world's battery, panel, sun and draw around the node's own deciders."""

    def __init__(self, soc: float, sun: float, governor: Callable[[], Governor]) -> None:
        self.clock = Hand(FIRST_MORNING)
        self._governor = governor
        self.sun = sun
        self.weather, self.draw = golden_weather(), draw_table("pi4")
        capacity_wh = DEMO.battery.capacity_wh
        self.truth = Battery(BatterySpec(capacity_wh=capacity_wh), capacity_wh * soc)
        self.noise = random.Random(7)
        self.life = Life()
        self.governor = governor()
        self.measuring = Measuring(DEMO, GOLDEN, self.clock)
        self._born(None)

    def _born(self, saved: Saved | None) -> None:
        self.governor, memory = self._governor(), self.governor.memory()
        self.measuring = Measuring(DEMO, GOLDEN, self.clock)
        if saved is not None:
            self.governor.recall(memory)
            self.measuring.recall(saved, booted=True)
        self.awake_since_s = self.clock.monotonic()
        self.level, self.since_s = "off", -math.inf

    def run(self, days: float) -> Life:
        self.end_s = days * 86400.0
        while self.clock.monotonic() < self.end_s:
            wake = self._awake()
            if wake is not None:
                self._asleep(wake)
        self.life.account = self.measuring.ledger.total
        return self.life

    def _pass(self, state: NodeState) -> None:
        wall_s = self.clock.now().timestamp()
        panel_w = panel_power_w(self.weather.at(wall_s).poa_w_m2, DEMO.panel.peak_w) * self.sun
        load_w = self.draw.battery_w(self.draw.node_w(state, {"weather": self.level}, ()))
        self.truth.step(panel_w, load_w, STEP_S)
        self.life.ran_dry |= self.truth.open_circuit
        if is_up(self.clock.now(), GOLDEN.latitude, GOLDEN.longitude):
            self.life.sun += 1
            self.life.up_in_sun += state is NodeState.UP
        if (
            state is NodeState.UP
            and (self.clock.now() - FIRST_MORNING).total_seconds() % 86400.0 == 4 * 3600.0
        ):
            self.life.up_at_noon.append(self.clock.now())
        self.clock.move(STEP_S)

    def _supply(self) -> Supply:
        battery_v = round(self.truth.terminal_v / 0.004) * 0.004
        return Supply(
            time_utc=self.clock.now(),
            source="meters",
            input_w=self.truth.accepted_w * (1 + self.noise.gauss(0, 0.002)),
            battery_v=battery_v,
            battery_a=self.truth.current_a * (1 + self.noise.gauss(0, 0.002)),
        )

    def _awake(self) -> datetime | None:
        while self.clock.monotonic() < self.end_s:
            before = self.truth.books.delivered_wh, self._accepted_wh(), self._lost_wh()
            known = self.measuring.now.supply is not None
            self._pass(NodeState.UP)
            if known:
                self.life.true_load_wh += self.truth.books.delivered_wh - before[0]
                self.life.true_harvest_wh += self._accepted_wh() - before[1]
                self.life.true_loss_wh += self._lost_wh() - before[2]
            self.life.lowest_v = min(self.life.lowest_v, self.truth.terminal_v)
            wake = self._decide()
            if wake is not None:
                return wake
        return None

    def _accepted_wh(self) -> float:
        return self.truth.books.offered_wh - self.truth.books.spilled_wh

    def _lost_wh(self) -> float:
        return self.truth.books.charge_loss_wh + self.truth.books.discharge_loss_wh

    def _decide(self) -> datetime | None:
        duty = DutyNow(
            consumer="weather", levels=LEVELS, level=self.level, since_s=self.since_s, points_per_h=50.0
        )
        stated = {"node": self.measuring.board.idle_w, "weather": duty.power_w(self.level)}
        now = self.measuring.take(self._supply(), stated)
        assert now.soc is not None
        self.life.booked_until_s = self.clock.monotonic()
        self.life.soc_errors.append(now.soc.soc - self.truth.soc)
        situation = Situation(
            now_utc=self.clock.now(),
            monotonic_s=self.clock.monotonic(),
            awake_since_s=self.awake_since_s,
            node=GOLDEN,
            battery=self.measuring.battery,
            panel=self.measuring.panel,
            board=self.measuring.board,
            supply=now.supply,
            soc=now.soc,
            metered=True,
            harvest_w=now.harvest_w,
            guard=now.guard,
            duties=(duty,),
            sleep=MEANS,
        )
        verdict = self.governor.decide(situation)
        if verdict.levels["weather"] != self.level:
            self.level, self.since_s = verdict.levels["weather"], self.clock.monotonic()
            self.life.level_changes += 1
        if verdict.sleep is None:
            return None
        self.life.sleeps.append((self.clock.now(), self.truth.soc, verdict.sleep.sentence))
        return verdict.sleep.wake.wake_utc

    def _asleep(self, wake_utc: datetime) -> None:
        saved = Saved(
            saved_utc=self.clock.now(),
            monotonic_s=self.clock.monotonic(),
            going=True,
            **self.measuring.memory(),
        )
        self.level = "off"
        while self.clock.now() < wake_utc:
            self._pass(NodeState.OFF)
        self._pass(NodeState.BOOTING)
        self.life.wakes.append(self.clock.now())
        self._born(saved)


def by_price() -> PricedGovernor:
    """Makes plans only for its sleep, which is what a life of numbers needs them for."""
    return PricedGovernor(planning="asleep")


@cache
def live(soc: float, sun: float, governor: Callable[[], Governor]) -> Life:
    """Six days of January, from *soc* on, with *sun* times what was measured."""
    return Days(soc, sun, governor).run(6.0)


GOVERNORS = [ThresholdGovernor, pytest.param(by_price, marks=pytest.mark.slow)]
CASES = [
    (0.3, 1.0),
    *(
        pytest.param(*case, marks=pytest.mark.slow)
        for case in ((0.9, 1.0), (0.15, 1.0), (0.55, 0.3), (0.3, 0.1))
    ),
]


@pytest.mark.parametrize("governor", GOVERNORS)
@pytest.mark.parametrize(("soc", "sun"), CASES)
def test_a_node_never_runs_dry_and_its_books_are_true(
    soc: float, sun: float, governor: Callable[[], Governor]
) -> None:
    life = live(soc, sun, governor)
    assert not life.ran_dry, "the protection cut although a planned sleep was possible"
    assert life.lowest_v > 12.0, "it stayed up below the commit guard"

    account = life.account
    assert account.harvested_wh == pytest.approx(life.true_harvest_wh, rel=0.01)
    spent_wh = account.total_used_wh - account.used_wh.get("boot", 0.0) + account.lost_wh
    assert spent_wh == pytest.approx(life.true_load_wh + life.true_loss_wh, rel=0.01)
    assert account.measured_s + account.gap_s == pytest.approx(life.booked_until_s, rel=0.01)

    rms = math.sqrt(sum(error**2 for error in life.soc_errors) / len(life.soc_errors))
    assert rms < 0.04


@pytest.mark.parametrize(("soc", "sun"), CASES)
def test_it_sleeps_when_it_must_and_wakes_every_morning(soc: float, sun: float) -> None:
    life = live(soc, sun, ThresholdGovernor)
    assert all(charge < 0.40 for _, charge, _ in life.sleeps)
    assert len(life.sleeps) <= 6 * 6
    assert life.level_changes <= 6 * 4
    assert all(is_up(wake, GOLDEN.latitude, GOLDEN.longitude) for wake in life.wakes)
    for day in range(1, 6):
        noon = FIRST_MORNING + timedelta(days=day, hours=4)
        assert (
            any(noon - timedelta(hours=6) <= wake <= noon for wake in life.wakes) or noon in life.up_at_noon
        )


@pytest.mark.slow
@pytest.mark.parametrize(("soc", "sun"), CASES)
def test_by_price_it_goes_down_once_or_twice_a_night_at_most(soc: float, sun: float) -> None:
    life = live(soc, sun, by_price)
    assert len(life.sleeps) <= 6 * 2
    assert life.level_changes <= 6 * 6


@pytest.mark.parametrize("governor", GOVERNORS)
def test_with_sun_to_spare_it_is_up_by_day(governor: Callable[[], Governor]) -> None:
    life = live(0.3, 1.0, governor)
    assert life.up_in_sun / life.sun > 0.85

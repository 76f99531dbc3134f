from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import pi, sin
from random import Random

import pytest

from edgepi.energy.battery import Battery
from edgepi.energy.governor import Situation, Verdict
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import Site
from edgepi.energy.simulation.outlooks import cut_days, noisy_forecast, one_day
from edgepi.energy.simulation.plant import Job, Plant
from edgepi.energy.simulation.policies import ByThresholds, Governed, Surroundings
from edgepi.energy.simulation.senses import make_sense
from edgepi.energy.simulation.trace import Trace
from edgepi.energy.simulation.year import Outcome, View, Wish, simulate

SITE = Site(latitude=45.0, longitude=0.0, panel_w=30.0)


def weather(days: int, seed: int, *, noise_from: int = 10**9, other: int = 0) -> Trace:
    powers, random = [], Random(seed)
    for day in range(days):
        if day == noise_from:
            random = Random(other)
        clear = random.uniform(0.05, 1.0)
        powers += [22.0 * clear * max(0.0, sin((slot - 12) * pi / 24)) for slot in range(48)]
    return Trace(start_utc=datetime(2024, 3, 1, tzinfo=UTC), step_h=0.5, power_w=tuple(powers))


def lived(trace: Trace, plant: Plant | None = None, *, load_error: float = 0.0, sd: float = 0.0) -> Outcome:
    plant = plant or Plant()
    sense = make_sense("true", Battery.of(plant.chemistry, plant.battery_wh), sd=sd)
    around = Surroundings(trace=trace, site=SITE, sense=sense, load_error=load_error)
    return simulate(trace, plant, Governed(plant, around, PricedGovernor()))


@pytest.mark.slow
def test_earns_more_than_the_usual_thresholds_and_never_runs_dry() -> None:
    trace, plant = weather(60, 3), Plant()
    priced, usual = lived(trace), simulate(trace, plant, ByThresholds(plant))
    assert priced.points > 1.02 * usual.points
    assert priced.unplanned_cuts == priced.strict_cuts == 0


class Overheard(PricedGovernor):
    """Keeps its verdicts."""

    def __init__(self) -> None:
        super().__init__()
        self.verdicts: list[Verdict] = []

    def decide(self, situation: Situation) -> Verdict:
        """Say what shall be now."""
        self.verdicts.append(super().decide(situation))
        return self.verdicts[-1]


def test_one_that_explains_nothing_decides_the_same() -> None:
    trace, plant = weather(4, 3), Plant()
    silent, heard = Overheard(), Overheard()
    for governor in (silent, heard):
        sense = make_sense("true", Battery.of(plant.chemistry, plant.battery_wh))
        governed = Governed(plant, Surroundings(trace=trace, site=SITE, sense=sense), governor)
        governor.explains = governor is heard
        simulate(trace, plant, governed)
    assert [replace(verdict, decisions=()) for verdict in heard.verdicts] == silent.verdicts
    assert all(verdict.decisions for verdict in heard.verdicts)


def test_the_future_changes_no_earlier_decision() -> None:
    one = lived(weather(20, 5))
    other = lived(weather(20, 5, noise_from=12, other=99))
    assert one.running[: 12 * 48 + 1] == other.running[: 12 * 48 + 1]
    assert one.running != other.running


@pytest.mark.slow
@pytest.mark.parametrize("load_error", [-0.33, 0.2])
def test_wrong_loads_and_a_wandering_charge_cut_nothing(load_error: float) -> None:
    dull = weather(30, 8)
    trace = Trace(start_utc=dull.start_utc, step_h=0.5, power_w=tuple(0.4 * power for power in dull.power_w))
    outcome = lived(trace, load_error=load_error, sd=0.02)
    assert outcome.unplanned_cuts == 0


@pytest.mark.slow
def test_long_jobs_are_finished_once_started() -> None:
    outcome = lived(weather(30, 4), Plant(job=Job(hours=4.0)))
    assert outcome.jobs_started > 5
    assert outcome.jobs_finished >= 0.97 * outcome.jobs_started - 1


def test_the_books_balance() -> None:
    outcome, plant = lived(weather(20, 6)), Plant()
    gained = outcome.stored_wh[-1] - plant.start * plant.battery_wh
    spent = outcome.spilled_wh + outcome.used_wh + outcome.lost_wh
    assert outcome.harvested_wh == pytest.approx(spent + gained, rel=1e-6)
    assert outcome.lost_wh >= 0.0


@pytest.mark.slow
def test_a_forecast_helps() -> None:
    trace, plant = weather(60, 9), Plant()
    book = noisy_forecast(cut_days(trace, SITE), one_day(0.1), 1)
    sense = make_sense("true", Battery())
    around = Surroundings(trace=trace, site=SITE, sense=sense, forecast=book)
    told = simulate(trace, plant, Governed(plant, around, PricedGovernor()))
    assert told.points > lived(trace).points


class Rebooted:
    """Asks a fresh governor with the memory of the last one from some step on."""

    def __init__(self, trace: Trace, at: int) -> None:
        self._around = Surroundings(trace=trace, site=SITE, sense=make_sense("true", Battery()))
        self._governor, self._at = PricedGovernor(), at
        self._policy = Governed(Plant(), self._around, self._governor)

    def decide(self, view: View) -> Wish:
        if view.index == self._at:
            memory = json.loads(json.dumps(self._governor.memory()))
            fresh = PricedGovernor()
            fresh.recall(memory)
            self._policy = Governed(Plant(), self._around, fresh)
        return self._policy.decide(view)


def test_a_reboot_at_noon_forgets_nothing() -> None:
    trace = weather(25, 7)
    steady, rebooted = lived(trace), simulate(trace, Plant(), Rebooted(trace, 15 * 48 + 24))
    same = sum(a == b for a, b in zip(steady.running, rebooted.running, strict=True))
    assert same >= 0.98 * len(steady.running)

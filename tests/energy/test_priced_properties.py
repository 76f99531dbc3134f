from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgepi.energy import DutyNow, LeaseVerb, Situation
from edgepi.energy.priced import Planning, PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.model import Guard, Lease, LeaseState, RunPhase
from tests.energy.conftest import build_duty, build_lease, build_offer, build_situation
from tests.energy.lived import House, duty

MORNING = datetime(2025, 3, 20, 6, 0, tzinfo=UTC)
STARTS = {LeaseVerb.GRANT, LeaseVerb.RESUME}
QUICK = EngineSettings(first_sweeps=3, levels=30)
FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def quick(planning: Planning = "never") -> PricedGovernor:
    return PricedGovernor(QUICK, planning=planning)


def daylight_w(when: datetime, peak_w: float = 30.0) -> float:
    hour = when.hour + when.minute / 60.0
    return peak_w * max(0.0, math.sin((hour - 6.0) * math.pi / 12.0))


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    duties: list[DutyNow] = [
        build_duty(
            f"d{n}", draw(st.sampled_from(["off", "saver", "full"])), draw(st.sampled_from([0.5, 5.0, 50.0]))
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    leases: list[Lease] = []
    for n in range(draw(st.integers(0, 3))):
        state = draw(st.sampled_from([state for state in LeaseState if state.open]))
        run = RunPhase(energy_wh=draw(st.floats(0.1, 20.0)), duration_s=3600.0, pausable=draw(st.booleans()))
        offer = build_offer(f"job-{n}", run=run, deadline_h=draw(st.sampled_from([2.0, 20.0])))
        leases.append(build_lease(state, replace(offer, standing=draw(st.booleans()))))
    return build_situation(
        draw(st.floats(0.0, 1.0)),
        sd=draw(st.floats(0.0, 0.3)),
        duties=tuple(duties),
        leases=tuple(leases),
        harvest_w=draw(st.one_of(st.none(), st.floats(0.0, 60.0))),
    )


@settings(max_examples=40, deadline=None)
@given(situations(), st.sampled_from([Guard.RUN, Guard.COMMIT]), st.booleans())
def test_at_a_guard_nothing_is_switched_on(situation: Situation, guard: Guard, latched: bool) -> None:
    state = replace(situation.guard, seen=guard, latched=guard if latched else Guard.NONE, voltage_v=11.0)
    verdict = quick().decide(replace(situation, guard=state))
    for now in situation.duties:
        assert now.index(verdict.levels[now.consumer]) <= now.index(now.level)
        if guard is Guard.COMMIT and latched:
            assert verdict.levels[now.consumer] == "off"
    assert not STARTS & {step.verb for step in verdict.leases}
    committed = {x.offer.offer_id for x in situation.leases if x.state is LeaseState.COMMITTED}
    assert not committed & {step.offer_id for step in verdict.leases}


@settings(max_examples=40, deadline=None)
@given(situations())
def test_what_is_committed_is_never_touched(situation: Situation) -> None:
    verdict = quick().decide(situation)
    committed = {x.offer.offer_id for x in situation.leases if x.state is LeaseState.COMMITTED}
    assert not committed & {step.offer_id for step in verdict.leases}
    if any(x.state is LeaseState.COMMITTED and x.finishing for x in situation.leases):
        assert verdict.sleep is None


@FEW
@given(
    seed=st.integers(0, 10**6),
    wrong=st.floats(1.0, 1.5),
    step_s=st.sampled_from([120.0, 600.0, 1800.0]),
    jumps=st.lists(st.tuples(st.integers(0, 60), st.floats(-500.0, 500.0)), max_size=3),
)
def test_the_floor_is_passed_by_one_step_at_most(
    seed: int, wrong: float, step_s: float, jumps: list[tuple[int, float]]
) -> None:
    random = Random(seed)
    levels = [random.choice([0.0, 0.1, 0.5, 1.0]) for _ in range(24 * 5)]
    house = House(
        start=MORNING,
        sun_w=lambda when: (
            levels[int((when - MORNING) / timedelta(hours=1)) % len(levels)] * daylight_w(when)
        ),
        soc=random.uniform(0.16, 0.4),
        governor=quick("asleep"),
        true={"camera": wrong, "iexec": wrong, "idle": wrong},
        duties=(duty("camera", 2.0, 5.0), duty("weather", 0.5, 2.0)),
    )
    most_w = wrong * (house.board.idle_w + 2.0 + 0.5 + 3.1)
    lowest, standby_wh = house.energy_wh, 0.0
    for n in range(round(40 * 3600.0 / step_s)):
        hour = n * step_s / 3600.0
        house.shift += sum(
            (timedelta(hours=by) for at, by in jumps if at <= hour < at + step_s / 3600.0), timedelta(0)
        )
        if not any(lease.state.open for lease in house.leases.values()):
            house.offer(build_offer(f"job-{n}"))
        was_asleep, before = not house.awake, house.energy_wh
        house.step(step_s)
        if was_asleep and not house.awake:
            standby_wh += max(0.0, before - house.energy_wh)
        lowest = min(lowest, house.energy_wh)
    boots_wh = house.boots * (house.board.boot_wh + most_w * step_s / 3600.0)
    allowed = most_w * step_s / 3600.0 / house.battery.facts.efficiency
    assert lowest >= house.floor_wh - allowed - standby_wh - boots_wh - 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_wandering_sun_changes_levels_seldom(seed: int) -> None:
    random = Random(seed)
    sun = [10.0]
    for _ in range(24 * 60):
        sun.append(min(max(sun[-1] + random.gauss(0.0, 3.0), 0.0), 30.0))
    house = House(
        start=MORNING,
        sun_w=lambda when: sun[int((when - MORNING) / timedelta(minutes=1))],
        soc=0.35,
        duties=(duty("camera", 2.0, 1.2), duty("weather", 0.5, 0.4)),
        governor=quick("always"),
    )
    for n in range(8 * 360):
        house.error = min(max(house.error + random.gauss(0.0, 0.0005), -0.02), 0.02)
        if n % 360 == 0:
            run = RunPhase(energy_wh=3.1, duration_s=3600.0, pausable=True)
            house.offer(build_offer(f"job-{n}", run=run))
        house.step(10.0)
    per_hour = Counter((name, int(at_s // 3600)) for at_s, name, _ in house.changes)
    assert per_hour
    for (name, _), count in per_hour.items():
        assert count <= (10 if name.startswith("job") else 6)
    assert len(house.decisions) < 120


@pytest.mark.parametrize("numpy", [True, False])
def test_the_price_never_rises_with_charge(numpy: bool) -> None:
    if numpy:
        pytest.importorskip("numpy")
    governor = PricedGovernor(QUICK, numpy=numpy, planning="never")
    situation = build_situation(0.5, sd=0.0, duties=(build_duty("camera", "full"),), harvest_w=5.0)
    governor.decide(situation)
    prices = [
        governor.decide(
            build_situation(n / 100, sd=0.0, duties=situation.duties, harvest_w=5.0)
        ).price_points_per_wh
        for n in range(20, 101)
    ]
    assert min(prices) >= 0.0
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(prices))


@pytest.mark.slow
def test_with_numpy_or_without_the_verdict_is_the_same() -> None:
    pytest.importorskip("numpy")
    houses = [
        House(start=MORNING, sun_w=daylight_w, governor=PricedGovernor(numpy=numpy))
        for numpy in (True, False)
    ]
    for house in houses:
        house.offer(build_offer("job-1"))
        house.live(30.0, 1800.0)
    one, other = houses
    assert one.changes == other.changes
    assert one.verdict is not None
    assert other.verdict is not None
    assert one.verdict.price_points_per_wh == pytest.approx(other.verdict.price_points_per_wh)


def test_a_charge_known_within_two_percent_cuts_nothing() -> None:
    random = Random(4)
    house = House(
        start=MORNING,
        sun_w=lambda when: 0.25 * daylight_w(when),
        soc=0.4,
        sd=0.02,
        duties=(duty("camera", 3.0, 5.0),),
    )
    lowest = 1e9
    for _ in range(20 * 48):
        house.error = 0.98 * house.error + random.gauss(0.0, 0.02) * math.sqrt(1.0 - 0.98**2)
        house.step(1800.0)
        if house.awake:
            lowest = min(lowest, house.energy_wh)
    cut_wh = (
        house.battery.soc_at_rest(house.battery.facts.cut_v * house.battery.cells) * house.battery.capacity_wh
    )
    assert lowest > cut_wh
    assert house.boots > 2


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def grown_memory() -> dict[str, Any]:
    house = House(start=MORNING, sun_w=daylight_w, governor=quick())
    house.offer(build_offer("job-1"))
    house.live(50.0, 1800.0)
    known: dict[str, Any] = json.loads(json.dumps(house.governor.memory()))
    return known


GROWN = grown_memory()


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, item in list(inner)[:6] for place in places(item, (*at, key)))]


def spoilt(place: tuple[Any, ...], junk: Any) -> Any:
    memory = json.loads(json.dumps(GROWN))
    if not place:
        return junk
    inner = memory
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = junk
    return memory


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(places(GROWN)), JSON)
def test_a_memory_of_anything_does_no_harm(place: tuple[Any, ...], junk: Any) -> None:
    governor = quick("always")
    governor.recall(spoilt(place, junk))
    json.dumps(governor.memory())
    verdict = governor.decide(build_situation(0.6, duties=(build_duty(),), harvest_w=5.0))
    assert math.isfinite(verdict.price_points_per_wh)
    governor.insight()
    json.dumps(governor.memory(), allow_nan=False)


@FEW
@given(st.lists(st.tuples(st.floats(-4e5, 4e5), st.integers(1, 6)), min_size=1, max_size=8))
def test_a_clock_that_jumps_raises_and_floods_nothing(jumps: list[tuple[float, int]]) -> None:
    house = House(start=MORNING, sun_w=daylight_w, governor=quick("always"))
    house.offer(build_offer("job-1", run=RunPhase(energy_wh=3.1, duration_s=86400.0)))
    for hours, steps in jumps:
        wanted = min(
            max(house.now + timedelta(hours=hours), datetime(1970, 1, 2, tzinfo=UTC)),
            datetime(2105, 1, 1, tzinfo=UTC),
        )
        house.shift += wanted - house.now
        for _ in range(steps):
            house.step(10.0)
            house.awake = True
    assert len(house.decisions) <= 4 + 3 * len(jumps)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgepi.energy import (
    Battery,
    Board,
    DutyNow,
    GuardLimits,
    GuardState,
    Panel,
    Situation,
    SleepMeans,
    SocEstimate,
)
from edgepi.model import FinishPhase, Lease, LeaseState, Level, NodeInfo, Offer, RunPhase

# A summer noon in Munich: sunrise about 05:16, sunset about 21:06 local time.
NOON = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
LEVELS = (Level("off", 0.0, 0.0), Level("saver", 0.2, 1.0), Level("full", 1.0, 2.0))

MakeSituation = Callable[..., Situation]
MakeDuty = Callable[..., DutyNow]
MakeOffer = Callable[..., Offer]


def build_duty(consumer: str = "camera", level: str = "off", points: float = 2.0) -> DutyNow:
    return DutyNow(consumer=consumer, levels=LEVELS, level=level, since_s=-1e9, points_per_h=points)


def build_offer(offer_id: str = "job-1", *, deadline_h: float | None = None, **changes: Any) -> Offer:
    finish = None
    if deadline_h is not None:
        deadline = NOON + timedelta(hours=deadline_h)
        finish = FinishPhase(energy_wh=0.4, duration_s=300.0, deadline_utc=deadline)
    run = changes.pop("run", RunPhase(energy_wh=3.1, duration_s=3600.0))
    return Offer(
        offer_id=offer_id,
        consumer="iexec",
        title="a job",
        value_points=1.0,
        run=run,
        finish=finish,
        **changes,
    )


def build_lease(state: LeaseState, offer: Offer | None = None, **changes: Any) -> Lease:
    return Lease(offer=offer or build_offer(), state=state, since_utc=NOON, **changes)


def build_situation(soc: float | None = 0.9, *, sd: float = 0.02, **changes: Any) -> Situation:
    battery = Battery.of("lifepo4", 154.0)
    limits = GuardLimits.of(battery)
    situation = Situation(
        now_utc=NOON,
        monotonic_s=10_000.0,
        awake_since_s=0.0,
        node=NodeInfo(name="n", latitude=48.1, longitude=11.6, time_zone="Europe/Berlin"),
        battery=battery,
        panel=Panel(),
        board=Board(),
        soc=None if soc is None else SocEstimate(soc, sd, "test"),
        guard=GuardState(voltage_v=13.2, run_v=limits.run_v, commit_v=limits.commit_v),
        sleep=SleepMeans(
            can_cut=True, can_wake_at=True, can_wake_on_voltage=True, wake_horizon_s=14 * 86400.0
        ),
    )
    return replace(situation, **changes)


@pytest.fixture
def make_situation() -> MakeSituation:
    return build_situation


@pytest.fixture
def make_duty() -> MakeDuty:
    return build_duty


@pytest.fixture
def make_offer() -> MakeOffer:
    return build_offer


@pytest.fixture
def make_lease() -> Callable[..., Lease]:
    return build_lease

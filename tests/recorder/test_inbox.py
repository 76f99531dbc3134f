from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from edgepi.config.settings import RecorderSettings
from edgepi.model import (
    Availability,
    Decision,
    DecisionMade,
    Lease,
    LeaseChanged,
    LeaseState,
    LevelChanged,
    Offer,
    RunPhase,
    State,
    StateChanged,
    Value,
)
from edgepi.recorder.inbox import Inbox
from edgepi.recorder.segments import Segments
from edgepi.testing.clock import START, ManualClock


class Kit:
    def __init__(self, clock: ManualClock, capacity: int = 1000, **settings: Any) -> None:
        self.clock = clock
        self.segments = Segments(clock)
        self.hurries = 0
        self.inbox = Inbox(
            RecorderSettings(**settings), clock, self.segments, on_much=self.hurry, capacity=capacity
        )

    def hurry(self) -> None:
        self.hurries += 1

    def say(self, value: Value | None, entity_id: str = "a.b", seen_utc: datetime | None = None) -> None:
        known = Availability.UNAVAILABLE if value is None else Availability.KNOWN
        seen = seen_utc or self.clock.now()
        self.inbox.add_state(StateChanged(None, State(entity_id, value, known, seen, seen, "t")))

    def rows(self) -> list[Any]:
        return [row[2:] for row in self.inbox.take().rows]


@pytest.fixture
def kit(manual_clock: ManualClock) -> Kit:
    return Kit(manual_clock)


def test_each_measurement_is_noted_even_if_it_repeats(kit: Kit) -> None:
    for _ in range(3):
        kit.say(21.5)
    assert len(kit.rows()) == 3


async def test_other_values_are_noted_when_they_change_and_every_five_minutes(kit: Kit) -> None:
    for _ in range(60):
        kit.say("sunny")
        await kit.clock.advance(10)
    kit.say("rain")
    assert [row[2] for row in kit.rows()] == ["sunny", "sunny", "rain"]


def test_the_same_value_after_a_gap_is_noted(kit: Kit) -> None:
    for value in ("on", None, None, "on"):
        kit.say(value)
    assert [row[2] for row in kit.rows()] == ["on", None, "on"]


def test_what_is_excluded_is_not_noted(manual_clock: ManualClock) -> None:
    kit = Kit(manual_clock, exclude=("camera.*", "*.debug"))
    for entity in ("camera.motion", "a.debug", "a.b"):
        kit.say(1.0, entity)
    assert [row[0] for row in kit.rows()] == ["a.b"]


def test_a_reading_that_comes_late_has_the_time_of_its_measurement(kit: Kit) -> None:
    kit.say(1.0, seen_utc=START - timedelta(seconds=40))
    assert kit.inbox.take().rows[0][1] == -40_000


@pytest.mark.parametrize("age", [timedelta(days=365), timedelta(hours=-2)])
def test_an_age_that_only_a_set_clock_explains_does_not_count(kit: Kit, age: timedelta) -> None:
    kit.say(1.0, seen_utc=START - age)
    assert kit.inbox.take().rows[0][1] == 0


def test_a_full_inbox_drops_the_oldest_and_counts(manual_clock: ManualClock) -> None:
    kit = Kit(manual_clock, capacity=30_000)
    for number in range(40_000):
        kit.say(float(number))
    kept = [row[2] for row in kit.rows()]
    assert kept == [float(n) for n in range(kit.inbox.dropped, 40_000)]
    assert 10_000 <= kit.inbox.dropped <= 12_000


def test_many_rows_ask_for_a_commit_before_its_time(kit: Kit, manual_clock: ManualClock) -> None:
    kit = Kit(manual_clock, capacity=30_000)
    for number in range(19_999):
        kit.say(float(number))
    assert kit.hurries == 0
    kit.say(0.0)
    assert kit.hurries == 1


def test_what_is_put_back_comes_before_what_came_since(kit: Kit) -> None:
    kit.say(1.0)
    batch = kit.inbox.take()
    kit.say(2.0)
    kit.inbox.put_back(batch)
    assert [row[2] for row in kit.rows()] == [1.0, 2.0]


def test_points_that_wait_have_dates_only_once_the_clock_is_trusted(manual_clock: ManualClock) -> None:
    manual_clock.trusted = False
    kit = Kit(manual_clock)
    kit.say(1.0)
    assert kit.inbox.points("a.b") == []
    manual_clock.trusted = True
    kit.segments.look()
    assert kit.inbox.points("a.b") == [(round(START.timestamp() * 1000), 2, 1.0)]


async def test_decisions_levels_and_leases_wait_newest_first(kit: Kit) -> None:
    decision = Decision(
        time_utc=START, subject="camera", action="level", sentence="full: sun", numbers={"power_w": 2.0}
    )
    offer = Offer(
        offer_id="job-1",
        consumer="iexec",
        title="Job",
        value_points=1.0,
        run=RunPhase(energy_wh=1, duration_s=1),
    )
    kit.inbox.add_decision(DecisionMade(decision))
    kit.inbox.add_level(LevelChanged("camera", "saver", "full"))
    lease = Lease(offer=offer, state=LeaseState.GRANTED, since_utc=START, sentence="granted: plenty")
    kit.inbox.add_lease(LeaseChanged(lease))
    found = kit.inbox.decided(0, 2**53, None)
    assert [(d.subject, d.action, d.sentence) for d in found] == [
        ("job-1", "lease_granted", "granted: plenty"),
        ("camera", "level_changed", "camera went from saver to full"),
        ("camera", "level", "full: sun"),
    ]
    assert replace(found[-1], time_utc=START) == decision
    assert [d.action for d in kit.inbox.decided(0, 2**53, "camera")] == ["level_changed", "level"]


async def test_a_level_that_was_decided_is_not_said_again_when_it_is_reached(kit: Kit) -> None:
    decision = Decision(
        time_utc=START, subject="camera", action="level", sentence="full: sun", cause="full:charge"
    )
    kit.inbox.add_decision(DecisionMade(decision))
    kit.inbox.add_level(LevelChanged("camera", "off", "full"))
    kit.inbox.add_level(LevelChanged("camera", "full", "off"))
    assert [d.sentence for d in kit.inbox.decided(0, 2**53, None)] == [
        "camera went from full to off",
        "full: sun",
    ]

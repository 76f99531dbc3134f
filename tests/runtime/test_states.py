from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgepi.model import Availability, ReadingDescription, StateChanged
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import EntityInfo, StateStore
from edgepi.testing.clock import ManualClock

TEMPERATURE = EntityInfo(ReadingDescription(key="temperature", name="Temperature"), "weather", "roof")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def states(bus: EventBus, clock: ManualClock) -> StateStore:
    return StateStore(bus, clock)


def test_a_described_entity_starts_as_unknown(states: StateStore) -> None:
    states.describe("roof.temperature", TEMPERATURE)
    state = states.get("roof.temperature")
    assert state is not None
    assert (state.value, state.availability) == (None, Availability.UNKNOWN)
    assert states.info("roof.temperature") == states.entities()["roof.temperature"] == TEMPERATURE


def test_describing_again_keeps_the_state(states: StateStore) -> None:
    states.set("roof.temperature", 21.5, source="roof")
    states.describe("roof.temperature", TEMPERATURE)
    assert states.all()["roof.temperature"].value == 21.5


def test_each_write_is_published_with_old_and_new(states: StateStore, bus: EventBus) -> None:
    heard: list[StateChanged] = []
    bus.listen(StateChanged, heard.append, name="test")
    first = states.set("roof.temperature", 21.5, source="roof")
    second = states.set("roof.temperature", 22.0, source="roof")
    assert heard == [StateChanged(None, first), StateChanged(first, second)]


async def test_confirming_a_value_moves_updated_but_not_changed(
    states: StateStore, clock: ManualClock
) -> None:
    first = states.set("roof.temperature", 21.5, source="roof")
    await clock.advance(60)
    second = states.set("roof.temperature", 21.5, source="roof")
    assert second.changed_utc == first.changed_utc
    assert second.updated_utc == clock.now()
    await clock.advance(60)
    assert states.set("roof.temperature", 22.0, source="roof").changed_utc == clock.now()


def test_unknown_and_unavailable_are_two_things(states: StateStore) -> None:
    unknown = states.set("roof.temperature", None, source="roof")
    gone = states.set(
        "roof.temperature", 3.0, availability=Availability.UNAVAILABLE, source="roof", reason="no answer"
    )
    assert unknown.availability is Availability.UNKNOWN
    assert (gone.availability, gone.value, gone.reason) == (Availability.UNAVAILABLE, None, "no answer")


def test_a_change_of_availability_counts_as_a_change(states: StateStore) -> None:
    states.set("a.b", None, source="a", time_utc=datetime(2025, 1, 1, tzinfo=UTC))
    later = datetime(2025, 1, 2, tzinfo=UTC)
    gone = states.set("a.b", None, availability=Availability.UNAVAILABLE, source="a", time_utc=later)
    assert gone.changed_utc == later


def test_a_time_of_its_own_is_kept(states: StateStore) -> None:
    when = datetime(2025, 1, 1, tzinfo=UTC)
    assert states.set("roof.temperature", 1.0, source="roof", time_utc=when).updated_utc == when


def test_an_unheard_of_entity_has_no_state(states: StateStore) -> None:
    assert states.get("roof.pressure") is None
    assert states.info("roof.pressure") is None


def test_secrets_are_masked_in_reasons_and_texts(bus: EventBus, clock: ManualClock) -> None:
    states = StateStore(bus, clock, mask=lambda text: text.replace("hunter2", "****"))
    failed = states.set(
        "a.b", None, availability=Availability.UNAVAILABLE, source="a", reason="no login with hunter2"
    )
    said = states.set("a.c", "hunter2 it is", source="a")
    assert (failed.reason, said.value) == ("no login with ****", "**** it is")

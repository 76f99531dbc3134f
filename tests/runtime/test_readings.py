from __future__ import annotations

import logging
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.config.settings import ReadingSettings
from edgepi.model import Availability, DeviceClass, Reading, ReadingDescription, State, StateClass
from edgepi.runtime.bus import EventBus
from edgepi.runtime.readings import ReadingDesk, judge
from edgepi.runtime.states import StateStore
from edgepi.testing.clock import ManualClock

TEMPERATURE = ReadingDescription(
    key="temperature",
    name="Temperature",
    unit="°C",
    device_class=DeviceClass.TEMPERATURE,
    state_class=StateClass.MEASUREMENT,
    valid_min=-40.0,
    valid_max=85.0,
)
MODE = ReadingDescription(
    key="mode", name="Mode", device_class=DeviceClass.ENUM, options=("idle", "charging")
)
WORD = ReadingDescription(key="word", name="Word")
WHEN = ReadingDescription(key="when", name="When", device_class=DeviceClass.TIMESTAMP)


def test_scale_and_offset_correct_a_value() -> None:
    assert judge(20.0, TEMPERATURE, ReadingSettings(scale=1.1, offset=-0.5)).value == pytest.approx(21.5)


def test_a_whole_number_stays_whole_unless_corrected() -> None:
    assert isinstance(judge(3, TEMPERATURE).value, int)
    assert judge(3, TEMPERATURE, ReadingSettings(offset=0.5)).value == 3.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_what_is_not_finite_is_refused(value: float) -> None:
    verdict = judge(value, TEMPERATURE)
    assert verdict.value is None
    assert "not a finite number" in str(verdict.fault)


@pytest.mark.parametrize("value", ["21", True, b"21", [21.0], object(), datetime(2025, 1, 1, tzinfo=UTC)])
def test_a_wrong_type_is_refused_where_a_number_belongs(value: Any) -> None:
    assert "is not a number" in str(judge(value, TEMPERATURE).fault)


def test_the_sensors_own_limits_hold_before_and_the_configured_after_correction() -> None:
    settings = ReadingSettings(scale=0.5, min=0.0, max=30.0)
    assert judge(80.0, TEMPERATURE, settings).fault == "40 is above the configured limits (30)"
    assert judge(86.0, TEMPERATURE, settings).fault == "86 is above what the sensor can mean (85)"
    assert judge(-2.0, TEMPERATURE, settings).fault == "-1 is below the configured limits (0)"


def test_a_value_of_none_is_unknown_and_no_fault() -> None:
    assert judge(None, TEMPERATURE).fault is None


def test_an_option_must_be_one_of_the_list() -> None:
    assert judge("idle", MODE).value == "idle"
    assert "none of idle, charging" in str(judge("broken", MODE).fault)
    assert judge(1, MODE).fault is not None


def test_words_and_flags_pass_where_no_number_is_promised() -> None:
    assert judge("cloudy", WORD).value == "cloudy"
    assert judge(True, WORD).value is True


def test_a_time_must_have_a_time_zone() -> None:
    assert judge(datetime(2025, 1, 1, tzinfo=UTC), WHEN).value == datetime(2025, 1, 1, tzinfo=UTC)
    assert "no time zone" in str(judge(datetime(2025, 1, 1), WHEN).fault)  # noqa: DTZ001
    assert judge(17, WHEN).fault is not None


@given(
    st.one_of(st.none(), st.floats(), st.integers(), st.text(), st.booleans(), st.binary(), st.datetimes())
)
def test_whatever_comes_the_verdict_is_a_plausible_value_or_a_sentence(value: Any) -> None:
    for description in (TEMPERATURE, MODE, WORD, WHEN):
        verdict = judge(value, description, ReadingSettings(scale=1e300))
        assert (verdict.value is None) or (verdict.fault is None)
        if isinstance(verdict.value, float):
            assert math.isfinite(verdict.value)


class Desk:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.states = StateStore(EventBus(), self.clock)
        self.desk = ReadingDesk(
            plugin="weather",
            instance="roof",
            states=self.states,
            settings={"temperature": ReadingSettings(max=50.0)},
            log=logging.getLogger("edgepi.plugins.roof"),
        )
        self.desk.describe([TEMPERATURE, MODE])

    def state(self, key: str = "temperature") -> State:
        state = self.states.get(f"roof.{key}")
        assert state is not None
        return state


def test_what_is_described_is_unknown_until_it_is_measured() -> None:
    desk = Desk()
    assert desk.state().availability is Availability.UNKNOWN
    desk.desk.publish([Reading("temperature", 21.5)])
    assert desk.state().value == 21.5
    assert desk.states.entities()["roof.temperature"].plugin == "weather"


def test_an_implausible_value_is_unavailable_and_logged_once_each_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    desk = Desk()
    for value in (60.0, 61.0, 62.0):
        desk.desk.publish([Reading("temperature", value)])
    assert desk.state().availability is Availability.UNAVAILABLE
    assert "above the configured limits" in str(desk.state().reason)
    for value in (20.0, 21.0):
        desk.desk.publish([Reading("temperature", value)])
    assert desk.state().value == 21.0
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_reading_that_was_never_described_is_said_once_and_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    for _ in range(3):
        desk.desk.publish([Reading("pressure", 1013.0), "rubbish", None])
    assert desk.states.get("roof.pressure") is None
    assert sum("'pressure'" in r.message for r in caplog.records) == 1
    assert len(caplog.records) == 3


def test_the_time_of_a_reading_is_kept_if_it_is_one() -> None:
    desk = Desk()
    when = datetime(2025, 1, 1, tzinfo=UTC)
    desk.desk.publish([Reading("temperature", 1.0, when)])
    assert desk.state().updated_utc == when
    desk.desk.publish([Reading("temperature", 1.0, datetime(2025, 1, 1))])  # noqa: DTZ001
    assert desk.state().updated_utc == desk.clock.now()

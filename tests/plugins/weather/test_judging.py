from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from edgepi_weather.judging import QUALITY, limits_of
from edgepi_weather.met.limits import LIMITS, Limits


def parsed(section: dict[str, Any]) -> Any:
    return limits_of(vol.Schema(QUALITY)(section))


def test_without_a_word_the_usual_limits_hold() -> None:
    assert parsed({}) == LIMITS


def test_each_limit_can_be_narrowed_and_each_check_switched_off() -> None:
    limits = parsed(
        {
            "temperature": {"min": -30, "max": 45.0, "step": 0, "stuck": "0s"},
            "pressure": {"step": 1.5, "stuck": "12h"},
        }
    )
    temperature, pressure = limits["temperature"], limits["pressure"]
    assert isinstance(temperature, Limits)
    assert (temperature.low, temperature.high, temperature.step_per_min, temperature.stuck_s) == (
        -30.0,
        45.0,
        None,
        None,
    )
    assert (pressure.low, pressure.step_per_min, pressure.stuck_s) == (500.0, 1.5, 12 * 3600.0)
    assert limits["humidity"] == LIMITS["humidity"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": {"min": 45.0, "max": -30.0}},
        {"temperature": {"min": -100.0}},
        {"temperature": {"step": -1.0}},
        {"snow": {"max": 3.0}},
        {"rain": {"max": 3.0}},
    ],
)
def test_limits_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        parsed(wrong)

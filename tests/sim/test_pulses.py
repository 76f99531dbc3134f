from __future__ import annotations

import pytest

from edgepi.sim.pulses import PulseInputs, anemometer_hz, rain_gauge_hz
from edgepi.sim.weather import Weather


def air(wind_m_s: float) -> Weather:
    return Weather(0.0, 800.0, 50.0, wind_m_s, 0.0, 0.0)


def test_an_anemometer_closes_once_a_second_at_its_rated_wind() -> None:
    assert anemometer_hz(air(2.4 / 3.6), 0.0) == pytest.approx(1.0)
    assert anemometer_hz(air(-0.07), 0.0) == 0.0


def test_a_tip_of_the_gauge_stands_for_its_rain() -> None:
    assert rain_gauge_hz(air(0.0), 2.794) * 3600 == pytest.approx(10.0)


def test_fractions_are_kept_until_they_are_whole() -> None:
    inputs = PulseInputs({5: lambda _air, _rain: 0.4})
    for _ in range(4):
        inputs.step(air(0.0), 0.0, 1.0)
    assert inputs.totals == {5: 1}
    inputs.step(air(0.0), 0.0, 1.0)
    assert inputs.totals == {5: 2}


def test_counting_goes_on_from_what_was_written_down() -> None:
    inputs = PulseInputs({5: lambda _air, _rain: 1.0})
    inputs.step(air(0.0), 0.0, 7.5)
    saved = {int(pin): total for pin, total in inputs.to_dict().items()}
    again = PulseInputs({5: lambda _air, _rain: 1.0}, saved)
    again.step(air(0.0), 0.0, 0.5)
    assert again.totals == {5: 8}

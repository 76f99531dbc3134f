from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.sim.chips.compensation import Calibration, Compensated, RawSample, compensate, raw_for

ODD = Calibration(
    t=(27504, 26435, -1000),
    p=(36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    h=(75, 362, 0, 327, 50, 30),
)
ODD_HUMIDITY = Calibration(t=ODD.t, p=ODD.p, h=(75, 362, 0, -100, -30, -20))


@pytest.mark.parametrize(
    ("calibration", "raw", "expected"),
    [
        (ODD, RawSample(519888, 415148, 30000), (25.08, 100653.3, 50.01)),
        (ODD, RawSample(400000, 430000, 32000), (-12.64, 92510.7, 59.02)),
        (ODD_HUMIDITY, RawSample(519888, 415148, 9000), (25.08, 100653.3, 83.25)),
    ],
)
def test_known_answers_of_the_maker(
    calibration: Calibration, raw: RawSample, expected: tuple[float, float, float]
) -> None:
    assert compensate(raw, calibration) == pytest.approx(expected, abs=0.06)


@given(
    temperature_c=st.floats(-40, 85),
    pressure_pa=st.floats(30000, 110000),
    humidity_percent=st.floats(0, 100),
)
def test_the_inverse_finds_counts_that_mean_what_was_asked(
    temperature_c: float, pressure_pa: float, humidity_percent: float
) -> None:
    wanted = Compensated(temperature_c, pressure_pa, humidity_percent)
    found = compensate(raw_for(wanted, Calibration()), Calibration())
    assert found.temperature_c == pytest.approx(temperature_c, abs=0.011)
    assert found.pressure_pa == pytest.approx(pressure_pa, abs=1.0)
    assert found.humidity_percent == pytest.approx(humidity_percent, abs=0.02)


def test_what_the_part_cannot_measure_is_clamped() -> None:
    found = compensate(raw_for(Compensated(120.0, 200000.0, 140.0), Calibration()), Calibration())
    assert found == pytest.approx((85.0, 110000.0, 100.0), rel=0.001)


def test_negative_humidity_words_survive_their_packing() -> None:
    bank = ODD_HUMIDITY.second_bank()
    h4 = int.from_bytes(bank[3:4], "little", signed=True) * 16 + (bank[4] & 15)
    h5 = int.from_bytes(bank[5:6], "little", signed=True) * 16 + (bank[4] >> 4)
    assert (h4, h5) == (-100, -30)

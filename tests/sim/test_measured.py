"""The world's models on measured sun."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from edgepi.energy import Battery as BatteryOnPaper
from edgepi.energy import SocEstimator
from edgepi.sim.battery import Battery, BatterySpec
from edgepi.sim.panel import SYSTEM_YIELD, panel_power_w

pytestmark = pytest.mark.measured

Trace = list[tuple[datetime, float | None]]
YEARS = "solar/pvdaq15_golden_poa_15min_2020-2021.csv"
STEP_S = 900.0
PEAK_W = 20.0
SHIPPED = {
    "temperature_c": "Ambient Temperature",
    "pressure_hpa": "Barometric Pressure",
    "humidity_percent": "Relative Humidity",
    "wind_speed_m_s": "Wind Speed",
    "poa_w_m2": "Plane of array",
}


def month(trace: Callable[[str, str], Trace], year: int, number: int) -> list[float]:
    values = [v for at, v in trace(YEARS, "poa_w_m2") if (at.year, at.month) == (year, number)]
    assert len(values) >= 28 * 96
    return [value or 0.0 for value in values]


def test_the_shipped_weather_is_the_measured_file_value_for_value(measured_data: Path) -> None:
    with (measured_data / "weather/rmis_golden_weather_5min_202201.csv").open(newline="") as lines:
        measured = list(csv.DictReader(lines))
    shipped_text = (files("edgepi.sim") / "data/golden_weather_5min.csv").read_text(encoding="utf-8")
    shipped = list(csv.DictReader(shipped_text.splitlines()))
    assert [row["time_utc"] for row in shipped] == [row["time_utc"] for row in measured]
    for ours, theirs in SHIPPED.items():
        pairs = zip(shipped, measured, strict=True)
        assert all(a[ours] == b[theirs] for a, b in pairs), ours


@pytest.mark.parametrize(("number", "load_w"), [(6, 3.0), (12, 3.0), (12, 12.0)])
def test_the_books_of_a_measured_month_balance(
    trace: Callable[[str, str], Trace], number: int, load_w: float
) -> None:
    sun = month(trace, 2021, number)
    battery = Battery(BatterySpec(capacity_wh=77.0), 42.0)
    for poa_w_m2 in sun:
        battery.step(panel_power_w(poa_w_m2, PEAK_W), load_w, STEP_S)
    harvest_wh = sum(max(0.0, poa) for poa in sun) / 1000 * PEAK_W * SYSTEM_YIELD * STEP_S / 3600
    assert battery.books.offered_wh == pytest.approx(harvest_wh, rel=1e-9)
    assert battery.stored_wh - 42.0 == pytest.approx(battery.books.gain_wh, abs=1e-6)


def test_a_small_node_spills_in_june_and_browns_out_under_a_large_load_in_december(
    trace: Callable[[str, str], Trace],
) -> None:
    june, december = Battery(BatterySpec(), 42.0), Battery(BatterySpec(), 42.0)
    served = [june.step(panel_power_w(poa, PEAK_W), 1.5, STEP_S) for poa in month(trace, 2021, 6)]
    assert all(served)
    assert june.books.spilled_wh > 0
    lost = [december.step(panel_power_w(poa, PEAK_W), 12.0, STEP_S) for poa in month(trace, 2021, 12)]
    assert not all(lost)


def test_the_charge_is_known_through_a_measured_month(trace: Callable[[str, str], Trace]) -> None:
    battery = Battery(BatterySpec(capacity_wh=77.0), 42.0)
    estimator = SocEstimator(BatteryOnPaper.of("lifepo4", 77.0))
    errors = []
    for minute, (before, after) in enumerate(pairwise(month(trace, 2021, 10))):
        for part in range(15):
            poa_w_m2 = before + (after - before) * part / 15
            battery.step(panel_power_w(poa_w_m2, PEAK_W), 3.0, 60.0)
            estimate = estimator.update(
                (minute * 15 + part) * 60.0, voltage_v=battery.terminal_v, current_a=battery.current_a
            )
            assert estimate is not None
            errors.append(abs(estimate.soc - battery.soc))
    assert max(errors) < 0.1
    assert (sum(error**2 for error in errors) / len(errors)) ** 0.5 < 0.03

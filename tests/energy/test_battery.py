from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.energy.battery import CHEMISTRIES, Battery

ANY_CHEMISTRY = pytest.mark.parametrize("chemistry", sorted(CHEMISTRIES))


@pytest.mark.parametrize(
    ("volts", "soc"), [(13.4, 0.9), (13.3, 0.7), (13.2, 0.4), (13.0, 0.3), (12.8, 0.2), (12.0, 0.1)]
)
def test_four_lifepo4_cells_at_rest_follow_the_published_table(volts: float, soc: float) -> None:
    assert Battery.of("lifepo4", 154.0).soc_at_rest(volts) == pytest.approx(soc)


@ANY_CHEMISTRY
def test_voltage_and_charge_are_each_others_inverse(chemistry: str) -> None:
    battery = Battery.of(chemistry, 100.0)
    for step in range(101):
        assert battery.soc_at_rest(battery.rest_v(step / 100)) == pytest.approx(step / 100, abs=1e-9)


@ANY_CHEMISTRY
def test_tables_rise_and_guards_lie_in_order_above_empty(chemistry: str) -> None:
    facts = CHEMISTRIES[chemistry]
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(facts.rest_curve))
    empty_v = facts.rest_curve[0][0]
    assert (
        empty_v < facts.cut_v < facts.commit_v < facts.run_v < facts.run_v + facts.band_v <= facts.recovery_v
    )


@given(st.floats(-100, 100, allow_nan=False))
def test_no_voltage_gives_a_charge_outside_of_zero_to_one(volts: float) -> None:
    for chemistry in CHEMISTRIES:
        assert 0.0 <= Battery.of(chemistry, 154.0).soc_at_rest(volts) <= 1.0


def test_a_bigger_battery_has_less_resistance() -> None:
    assert Battery.of("lifepo4", 153.6).resistance_ohm == pytest.approx(0.05)
    assert Battery.of("lifepo4", 1536.0).resistance_ohm == pytest.approx(0.005)

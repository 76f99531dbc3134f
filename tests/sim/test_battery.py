from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.sim.battery import Battery, BatterySpec, rest_voltage_v

FLOWS = st.lists(
    st.tuples(st.floats(0.0, 200.0), st.floats(0.0, 60.0), st.floats(0.1, 3600.0)), min_size=1, max_size=60
)


def battery(soc: float = 0.5, **spec: float) -> Battery:
    made = BatterySpec(capacity_wh=77.0, **spec)  # type: ignore[arg-type]
    return Battery(made, made.capacity_wh * soc)


@given(flows=FLOWS, soc=st.floats(0.0, 1.0))
def test_books_balance_whatever_flows(flows: list[tuple[float, float, float]], soc: float) -> None:
    cell = battery(soc)
    before_wh = cell.stored_wh
    for harvest_w, load_w, dt_s in flows:
        cell.step(harvest_w, load_w, dt_s)
        assert -1e-9 <= cell.stored_wh <= cell.spec.capacity_wh + 1e-9
    assert cell.stored_wh - before_wh == pytest.approx(cell.books.gain_wh, abs=1e-6)


@given(flows=FLOWS, soc=st.floats(0.0, 1.0))
def test_no_entry_of_the_books_ever_falls(flows: list[tuple[float, float, float]], soc: float) -> None:
    cell = battery(soc)
    names = [name for name in cell.books.__slots__]  # noqa: C416
    for harvest_w, load_w, dt_s in flows:
        before = [getattr(cell.books, name) for name in names]
        cell.step(harvest_w, load_w, dt_s)
        assert all(getattr(cell.books, n) >= b for n, b in zip(names, before, strict=True))


@given(flows=FLOWS, soc=st.floats(0.0, 1.0))
def test_a_load_is_served_in_full_or_not_at_all(flows: list[tuple[float, float, float]], soc: float) -> None:
    cell = battery(soc)
    for harvest_w, load_w, dt_s in flows:
        before_wh = cell.books.delivered_wh
        cell.step(harvest_w, load_w, dt_s)
        given_wh = cell.books.delivered_wh - before_wh
        assert given_wh == pytest.approx(load_w * dt_s / 3600) or given_wh == 0.0


@pytest.mark.parametrize(
    ("soc", "volts"),
    [(0.9, 13.4), (0.7, 13.3), (0.4, 13.2), (0.3, 13.0), (0.2, 12.8), (0.1, 12.0), (0.0, 10.0)],
)
def test_rest_voltage_follows_the_published_table(soc: float, volts: float) -> None:
    assert rest_voltage_v(soc, 4) == pytest.approx(volts)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_rest_voltage_never_falls_with_charge(one: float, other: float) -> None:
    assert rest_voltage_v(min(one, other), 4) <= rest_voltage_v(max(one, other), 4)


def test_eight_cells_show_twice_the_voltage_of_four() -> None:
    assert rest_voltage_v(0.5, 8) == pytest.approx(2 * rest_voltage_v(0.5, 4))


def test_charging_raises_the_terminal_and_discharging_lowers_it() -> None:
    cell = battery(0.5)
    rest_v = cell.terminal_v
    cell.step(30.0, 0.0, 1.0)
    charging_v = cell.terminal_v
    cell.step(0.0, 30.0, 1.0)
    assert charging_v > rest_v + 0.05
    assert cell.terminal_v < rest_v - 0.05


def test_charging_and_discharging_cost_five_percent_each() -> None:
    cell = battery(0.5, self_discharge_per_month=0.0)
    cell.step(10.0, 0.0, 3600.0)
    assert cell.stored_wh == pytest.approx(38.5 + 9.5)
    cell.step(0.0, 9.5, 3600.0)
    assert cell.stored_wh == pytest.approx(38.0)


def test_a_resting_battery_loses_three_percent_in_a_month() -> None:
    cell = battery(1.0)
    for _ in range(30 * 24):
        cell.step(0.0, 0.0, 3600.0)
    assert cell.soc == pytest.approx(0.9704, abs=1e-3)


def test_a_full_battery_takes_only_what_the_load_uses() -> None:
    cell = battery(1.0, self_discharge_per_month=0.0)
    cell.step(20.0, 5.0, 3600.0)
    assert cell.soc == pytest.approx(1.0)
    assert cell.accepted_w == pytest.approx(5.0)
    assert cell.books.spilled_wh == pytest.approx(15.0)


def test_an_empty_battery_opens_and_closes_again_when_charged() -> None:
    cell = battery(0.01)
    assert not cell.step(0.0, 20.0, 3600.0)
    assert cell.terminal_v == 0.0
    assert not cell.step(1.0, 2.0, 60.0)
    for _ in range(40):
        cell.step(10.0, 0.0, 120.0)
    assert cell.terminal_v > 11.0
    assert cell.step(0.0, 2.0, 1.0)


def test_what_is_written_down_is_taken_up_again() -> None:
    cell = battery(0.4)
    cell.step(5.0, 9.0, 600.0)
    again = Battery.from_dict(cell.spec, cell.to_dict())
    assert (again.stored_wh, again.books, again.current_a) == (cell.stored_wh, cell.books, cell.current_a)

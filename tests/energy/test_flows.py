from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.energy.flows import Flows, settle
from edgepi.model import Supply

watts = st.none() | st.floats(0, 100)


@given(watts, watts, st.none() | st.floats(-100, 100), st.floats(0, 20), st.none() | st.floats(-50, 50))
def test_settled_flows_add_up_and_nothing_is_harvested_below_zero(
    input_w: float | None,
    output_w: float | None,
    battery_w: float | None,
    stated_w: float,
    stored_w: float | None,
) -> None:
    flows = Flows(input_w, output_w, battery_w)
    settled = settle(flows, stated_w=stated_w, efficiency=0.9, stored_w=stored_w)
    if settled is None:
        assert input_w is None
        assert battery_w is None
        assert stored_w is None
        return
    used_up = settled.used_w + settled.stored_w + settled.lost_w
    assert settled.harvested_w == pytest.approx(used_up, abs=1e-9)
    assert settled.harvested_w >= 0.0
    for measured, booked in ((input_w, settled.harvested_w), (battery_w, settled.stored_w)):
        assert measured is None or booked == measured


def test_what_three_meters_leave_over_is_loss() -> None:
    settled = settle(Flows(20.0, 5.0, 13.0), stated_w=0.0, efficiency=0.9)
    assert settled is not None
    assert settled.lost_w == pytest.approx(2.0)


def test_output_alone_with_the_charge_estimate_gives_the_harvest() -> None:
    settled = settle(Flows(output_w=4.5), stated_w=0.0, efficiency=0.9, stored_w=10.0)
    assert settled is not None
    assert settled.harvested_w == pytest.approx(15.0)
    assert settled.lost_w == pytest.approx(0.5)


def test_a_battery_that_gives_more_than_anybody_states_means_unknown_use() -> None:
    settled = settle(Flows(battery_w=-9.0), stated_w=3.0, efficiency=0.9)
    assert settled is not None
    assert settled.harvested_w == 0.0
    assert settled.used_w == pytest.approx(9.0)


def test_volts_and_amperes_make_watts() -> None:
    when = datetime(2025, 6, 1, tzinfo=UTC)
    supply = Supply(time_utc=when, source="x", input_v=18.0, input_a=0.5, battery_v=13.0)
    assert Flows.of(supply) == Flows(input_w=9.0)

from __future__ import annotations

import pytest

from edgepi.sim.vane import OHM, vane_volts


def test_north_and_west_are_as_the_data_sheet_has_them() -> None:
    assert vane_volts(0.0, 5.0) == pytest.approx(3.84, abs=0.01)
    assert vane_volts(270.0, 5.0) == pytest.approx(4.62, abs=0.01)


def test_the_nearest_notch_counts_all_round() -> None:
    assert vane_volts(359.0) == vane_volts(11.0) == vane_volts(0.0)
    assert vane_volts(12.0) == vane_volts(22.5)
    assert len({vane_volts(direction) for direction in OHM}) == 16

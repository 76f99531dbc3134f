from __future__ import annotations

import pytest

from edgepi.errors import HardwareError
from edgepi_weather.chips.vane import KIT_OHM, Vane


@pytest.mark.parametrize("position", KIT_OHM)
@pytest.mark.parametrize("error", [0.985, 1.0, 1.015])
def test_each_position_is_told_by_its_resistor_and_one_that_is_a_little_off(
    position: float, error: float
) -> None:
    ohm = KIT_OHM[position] * error
    assert Vane().direction(ohm / (ohm + 10000.0)) == position


def test_sixteen_positions_give_sixteen_directions() -> None:
    vane = Vane()
    assert len({vane.direction(vane.share(each)) for each in KIT_OHM}) == 16
    assert vane.share(112.5) == pytest.approx(0.064, abs=0.001)
    assert vane.share(315.0) == pytest.approx(4.33 / 5.0, abs=0.001)


def test_a_mast_that_does_not_face_north_is_corrected() -> None:
    vane = Vane(north_deg=90.0)
    assert vane.direction(vane.share(337.5)) == 67.5
    assert vane.direction(vane.share(0.0)) == 90.0


@pytest.mark.parametrize(("one", "other"), [(67.5, 90.0), (112.5, 67.5), (225.0, 247.5), (0.0, 292.5)])
def test_between_two_positions_nothing_is_told(one: float, other: float) -> None:
    vane = Vane()
    assert vane.direction((vane.share(one) + vane.share(other)) / 2.0) is None


def test_far_from_every_position_nothing_is_told() -> None:
    vane = Vane({0.0: 1000.0, 90.0: 10000.0})
    assert vane.direction(0.3) is None


@pytest.mark.parametrize("share", [0.97, 1.0, 1.1])
def test_an_open_cable_is_named(share: float) -> None:
    with pytest.raises(HardwareError, match="cable is open"):
        Vane().direction(share)


@pytest.mark.parametrize("share", [-0.01, 0.0, 0.03])
def test_a_shorted_cable_is_named(share: float) -> None:
    with pytest.raises(HardwareError, match="cable is shorted"):
        Vane().direction(share)


def test_a_pull_up_that_hides_differences_is_noticed() -> None:
    assert Vane().confusable() is None
    assert Vane(pull_up_ohm=1_000_000.0).confusable() is not None

from __future__ import annotations

import pytest

from edgepi.sim.panel import panel_power_w


def test_full_sun_gives_the_rated_power_less_the_losses() -> None:
    assert panel_power_w(1000.0, 20.0) == pytest.approx(15.6)


def test_power_is_proportional_to_irradiance() -> None:
    assert panel_power_w(500.0, 20.0) == pytest.approx(panel_power_w(1000.0, 20.0) / 2)


def test_the_small_negative_readings_of_a_pyranometer_at_night_give_nothing() -> None:
    assert panel_power_w(-4.7, 20.0) == 0.0

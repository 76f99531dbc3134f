from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edgepi.energy import Battery, Panel
from edgepi.energy.flows import Flows
from edgepi.energy.likely import ClearSky, likely_current
from edgepi.model import NodeInfo

NODE = NodeInfo(name="hut", latitude=48.0, longitude=7.0)
SKY = ClearSky(NODE, Panel(peak_w=40.0))


def test_at_night_only_the_load_is_left() -> None:
    clear_w = SKY.power_w(datetime(2026, 6, 1, 0, 0, tzinfo=UTC))
    night = likely_current(Battery(), Flows(), 6.4, clear_w)
    assert clear_w == 0.0
    assert night.mean_a == pytest.approx(-0.5)
    assert night.sd_a < 0.15


def test_at_noon_nobody_knows_how_much_comes_in() -> None:
    clear_w = SKY.power_w(datetime(2026, 6, 1, 11, 30, tzinfo=UTC))
    noon = likely_current(Battery(), Flows(), 6.4, clear_w)
    assert 25.0 < clear_w < 40.0
    assert noon.sd_a > 0.7


def test_a_measured_input_counts_instead_of_the_sky() -> None:
    known = likely_current(Battery(), Flows(input_w=12.8), 6.4, 30.0, measured=True)
    assert known.mean_a == pytest.approx(0.5)
    assert known.sd_a < 0.1

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from .conftest import Simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_planned_sleep_is_armed_cut_and_woken_from(simulate: Callable[..., Simulated]) -> None:
    node = simulate("--rate", "60", "--power-board", "wittypi3")
    node.until("a battery voltage", lambda: node.value("energy.battery_voltage"))
    first_life = node.node_pid()
    now = datetime.fromisoformat(node.truth()["time_utc"])
    node.edgepi("power", "off", "--until", (now + timedelta(minutes=14)).isoformat(), "--yes")
    node.until("the cut", lambda: "the power is cut" in node.said())
    node.until("the wake", lambda: "the board gives power (alarm1" in node.said())
    node.until("a second life", lambda: node.node_pid() != first_life)
    reason = "why it switched the node on: the wake alarm was due"
    node.until("its reason", lambda: reason in node.said())
    assert "will not cut" not in node.said()

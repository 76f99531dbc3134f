"""A node without a power board: its Pi 5 switches itself off, and an INA226 says how the battery is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from edgepi.sim.build import demo_config

from .conftest import Simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Start = Callable[..., Simulated]
METER = {"chip": "ina226", "address": 0x44, "measures": "battery", "shunt_ohm": 0.01, "max_a": 8}


@pytest.fixture
def node(simulate: Start, tmp_path: Path) -> Simulated:
    config = yaml.safe_load(demo_config().read_text())
    config["energy"]["board"]["model"] = "pi5"
    config["plugins"] = {"pi5": {}, "ina219": METER, "weather": {"address": 0x76}}
    config["http"] = {"port": 0}
    (tmp_path / "edgepi.yaml").write_text(yaml.safe_dump(config))
    found = simulate("--rate", "60", "--power-board", "pi5")
    running(found)
    return found


def running(node: Simulated) -> None:
    node.until("a battery voltage", lambda: node.value("energy.battery_voltage"))


def test_a_planned_sleep_ends_with_the_clocks_alarm(node: Simulated) -> None:
    first_life = node.node_pid()
    boots = node.client.get("status")["energy"]["boots"]
    assert 12.0 < node.value("energy.battery_voltage") < 15.0
    now = datetime.fromisoformat(node.truth()["time_utc"])
    node.edgepi("power", "off", "--until", (now + timedelta(minutes=14)).isoformat(), "--yes")
    node.until("the cut", lambda: "the power is cut" in node.said())
    node.until("the wake", lambda: "the board gives power (its alarm" in node.said())
    node.until("a second life", lambda: node.node_pid() != first_life)
    running(node)
    assert node.client.get("status")["energy"]["boots"] == boots + 1
    assert "why the Pi 5 started: its alarm of" in node.said()


def test_the_button_takes_it_down_in_order(node: Simulated) -> None:
    node.edgepi("sim", "press")
    node.until("the cut", lambda: "the power is cut" in node.said())
    assert "the Pi's button was pressed" in node.said()

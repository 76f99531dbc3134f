from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from .conftest import Simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Start = Callable[..., Simulated]


@pytest.fixture
def node(simulate: Start) -> Simulated:
    found = simulate("--rate", "60", "--power-board", "wittypi5")
    running(found)
    return found


def running(node: Simulated) -> None:
    node.until("a battery voltage", lambda: node.value("energy.battery_voltage"))


def now(node: Simulated) -> datetime:
    return datetime.fromisoformat(node.truth()["time_utc"])


def test_a_planned_sleep_is_armed_cut_and_woken_from(node: Simulated) -> None:
    first_life = node.node_pid()
    boots = node.client.get("status")["energy"]["boots"]
    node.edgepi("power", "off", "--until", (now(node) + timedelta(minutes=14)).isoformat(), "--yes")
    node.until("the cut", lambda: "the power is cut" in node.said())
    node.until("the wake", lambda: "the board gives power (alarm" in node.said())
    node.until("a second life", lambda: node.node_pid() != first_life)
    running(node)
    assert node.client.get("status")["energy"]["boots"] == boots + 1
    assert "will not cut" not in node.said()


def test_a_hung_node_is_switched_off_and_on_by_the_watchdog(node: Simulated) -> None:
    first_life, begun = node.node_pid(), now(node)
    node.until("some heartbeats", lambda: now(node) - begun > timedelta(minutes=5))
    os.kill(first_life, signal.SIGSTOP)
    node.until("the watchdog", lambda: "has not heard of the node" in node.said())
    node.until("the cut", lambda: "the power is cut" in node.said())
    node.until("a second life", lambda: node.node_pid() != first_life)
    running(node)
    assert "why it switched the node on: the board had not heard of the node" in node.said()

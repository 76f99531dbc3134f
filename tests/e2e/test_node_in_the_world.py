from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .conftest import Simulated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

Start = Callable[..., Simulated]


def _running(node: Simulated) -> None:
    node.until("a temperature", lambda: node.value("weather.temperature") is not None)


def test_the_node_shows_what_is_true_in_the_world(simulate: Start) -> None:
    node = simulate("--rate", "60")
    _running(node)
    node.until("a battery voltage", lambda: node.value("energy.battery_voltage"))
    node.edgepi("sim", "rate", "1")
    truth = node.truth()
    assert node.value("weather.temperature") == pytest.approx(truth["temperature_c"], abs=0.5)
    assert node.value("weather.pressure") == pytest.approx(truth["pressure_hpa"], abs=1.0)
    assert node.value("weather.humidity") == pytest.approx(truth["humidity_percent"], abs=2.0)
    assert node.value("energy.battery_voltage") == pytest.approx(truth["battery_v"], abs=0.07)


def test_a_planned_sleep_is_armed_cut_and_woken_from(simulate: Start) -> None:
    node = simulate("--rate", "60")
    _running(node)
    first_life = node.node_pid()
    boots = node.client.get("status")["energy"]["boots"]
    now = datetime.fromisoformat(node.truth()["time_utc"])
    node.edgepi("power", "off", "--until", (now + timedelta(minutes=12)).isoformat(), "--yes")
    node.until("the cut", lambda: "the power is cut" in node.said())
    node.until("the wake", lambda: "the board gives power (alarm" in node.said())
    node.until("a second life", lambda: node.node_pid() != first_life)
    _running(node)
    assert node.client.get("status")["energy"]["boots"] == boots + 1
    sentences = [decision["sentence"] for decision in node.client.get("decisions")]
    assert any("sleeping until" in sentence for sentence in sentences), sentences


def test_a_killed_node_is_started_again_and_keeps_its_history(simulate: Start) -> None:
    node = simulate("--rate", "60")
    _running(node)

    def samples() -> list[float]:
        day = timedelta(days=1)
        now = datetime.fromisoformat(node.truth()["time_utc"])
        (found,) = node.client.get(
            "history",
            entity="weather.temperature",
            start=(now - day).isoformat(),
            end=(now + day).isoformat(),
            tier="raw",
        )
        return list(found["times_s"])

    node.until("some history on disk", lambda: len(samples()) >= 5)
    before, killed = len(samples()), node.node_pid()
    os.kill(killed, signal.SIGKILL)
    node.until("a new process", lambda: node.node_pid() != killed)
    _running(node)
    node.until("more history than before", lambda: len(samples()) > before)
    assert "was killed by signal 9" in node.said()


def test_ctrl_c_ends_node_and_world_in_order_and_the_next_start_goes_on(simulate: Start) -> None:
    node = simulate("--rate", "60", "--soc", "71")
    _running(node)
    process = node.node_pid()
    assert node.end(signal.SIGINT) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert "Traceback" not in node.said()
    again = simulate("--rate", "60")
    _running(again)
    assert "the world goes on at" in again.said()


def test_a_broken_configuration_is_shown_with_its_line_and_nothing_starts(simulate: Start) -> None:
    node = simulate()
    node.end()
    node.config.write_text("node:\n  name: x\n  latitud: 5\n")
    broken = simulate()
    assert broken.process.wait(30) != 0
    assert "latitud" in broken.said()
    assert "Traceback" not in broken.said()


def test_damaged_files_keep_no_node_from_running_and_are_said(simulate: Start, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    for name in ("tokens.json", "sessions.json", "quarantine.json", "energy.json", "history.db"):
        (state / name).write_bytes(b"[" * 200_000)
    node = simulate("--rate", "60")
    _running(node)
    node.until("the invitation", lambda: "open the page" in node.said())
    assert node.end() == 0
    said = node.said()
    assert "Traceback" not in said
    assert "without halting" not in said, "the node was started again"
    for name in ("tokens.json", "quarantine.json", "energy.json", "the history was damaged"):
        assert name in said


def _is_another(node: Simulated, process: int) -> bool:
    return node.node_pid() != process


def _energy(node: Simulated) -> dict[str, Any]:
    found: dict[str, Any] = node.client.get("energy")
    return found


def _priced(node: Simulated) -> dict[str, Any]:
    """Wait until the price decides, with a plan of now."""

    def decided() -> dict[str, Any] | None:
        energy = _energy(node)
        ready = energy["governor"] == "price" and not energy["thinking"] and energy["plan"]["steps"]
        return energy if ready else None

    found: dict[str, Any] = node.until("a plan by price", decided)
    assert found["governor_trouble"] is None
    return found


def test_a_node_without_history_goes_by_the_price_and_shows_its_plan(simulate: Start) -> None:
    node = simulate("--rate", "60", "--soc", "70")
    energy = _priced(node)
    assert len(energy["plan"]["steps"]) >= 48
    assert energy["insight"]["days_learned"] == 0
    assert 30.0 < energy["insight"]["clear_day_wh"] < 120.0
    assert energy["price_points_per_wh"] >= 0.0
    node.until("the duties by day", lambda: {duty["level"] for duty in _energy(node)["duties"]} == {"full"})
    assert node.client.get("status")["energy"]["plan"]["steps"] == []
    assert all(_energy(node)["duties"][n]["sentence"] for n in (0, 1))


def test_thresholds_can_be_chosen(simulate: Start) -> None:
    node = simulate("--rate", "60")
    _running(node)
    assert node.end() == 0
    text = node.config.read_text().replace("energy:\n", "energy:\n  governor: thresholds\n", 1)
    node.config.write_text(text)
    again = simulate("--rate", "60")
    _running(again)
    energy = _energy(again)
    assert (energy["governor"], energy["plan"]["steps"]) == ("thresholds", [])


def test_what_was_learned_outlives_a_restart_and_a_kill_in_the_middle_of_a_thought(simulate: Start) -> None:
    node = simulate("--rate", "600", "--soc", "80")

    def idle() -> dict[str, Any] | None:
        loads = {load["part"]: load for load in _energy(node)["insight"]["loads"]}
        return loads["idle"] if loads["idle"]["hours"] > 0.5 else None

    learned = node.until("an hour of learning", idle)
    assert learned["learned_w"] != learned["stated_w"]
    node.edgepi("sim", "rate", "60")
    node.until("books on disk", lambda: "idle" in (node.state_dir / "energy.json").read_text())
    # The first thing that a node does with its readings is to think; this one does not get far.
    for _ in range(3):
        killed = node.node_pid()
        os.kill(killed, signal.SIGKILL)
        node.until("a new process", partial(_is_another, node, killed))
        node.until("its readings", lambda: _energy(node)["soc"])
    energy = _priced(node)
    loads = {load["part"]: load for load in energy["insight"]["loads"]}
    assert loads["idle"]["hours"] >= 0.25
    assert loads["idle"]["learned_w"] == pytest.approx(learned["learned_w"], abs=0.15)


@pytest.mark.parametrize("jump_s", [3 * 86400, -3 * 86400])
def test_a_jump_of_the_clock_leaves_the_node_with_a_plan_of_now_and_true_books(
    simulate: Start, jump_s: int
) -> None:
    node = simulate("--rate", "60", "--soc", "70", "--no-network-time")
    before = _priced(node)["ledger"]["total"]["harvested_wh"]
    node.edgepi("sim", "step-clock", str(jump_s))

    def planned_now() -> dict[str, Any] | None:
        energy = _priced(node)
        now = datetime.fromisoformat(node.client.get("status")["time_utc"])
        made = datetime.fromisoformat(energy["plan"]["made_utc"])
        return energy if abs(now - made) < timedelta(minutes=20) else None

    after = node.until("a plan of now", planned_now)
    assert after["ledger"]["total"]["harvested_wh"] - before < 20.0
    assert after["governor_trouble"] is None
    _running(node)

"""``edgepi power`` on a board in a world that no node lives in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli.main import main
from edgepi.hardware.world import WorldMachine
from edgepi.node.lock import locked
from edgepi.sim.build import demo_config
from tests.e2e.living import world


@pytest.fixture
def socket() -> Iterator[Path]:
    with world() as path:
        yield path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edgepi.yaml"
    path.write_text(demo_config().read_text() + "  odd: {}\n")
    return path


class Power:
    def __init__(self, config: Path, socket: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state_dir = config.parent / "state"
        self._where = ("--config", str(config), "--world", str(socket), "--state-dir", str(self.state_dir))
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> Any:
        assert main(["power", *words, *self._where, "--json"]) == code
        out, err = self._capsys.readouterr()
        return json.loads(out) if out else err


@pytest.fixture
def power(config: Path, socket: Path, capsys: pytest.CaptureFixture[str]) -> Power:
    return Power(config, socket, capsys)


def test_the_board_is_opened_asked_and_let_go_of(power: Power) -> None:
    status = power("status")
    assert status["board"]["working"] is True
    assert status["board"]["name"].startswith("wittypi")
    assert status["board"]["identity"].startswith("Witty Pi 4, firmware revision 7")
    assert abs(status["board"]["clock_off_s"]) < 2.0
    assert 12.0 < status["supply"]["battery_v"] < 14.6
    with locked(power.state_dir):
        pass


def test_a_board_that_does_not_answer_is_told_with_what_to_do(power: Power, config: Path) -> None:
    config.write_text("node: {name: n, latitude: 1, longitude: 2}\nplugins: {wittypi: {address: 0x09}}\n")
    assert "seated on the header" in power("status", code=4)


def test_a_wake_is_armed_and_read_back(power: Power) -> None:
    held = power("wake-at", "+3h")
    assert held["triggers"]
    assert held["doubts"] == []


def test_off_arms_prepares_and_halts(power: Power, monkeypatch: pytest.MonkeyPatch) -> None:
    halted: list[str] = []
    halt = WorldMachine.halt

    async def noted(machine: WorldMachine, reason: str) -> None:
        halted.append(reason)
        await halt(machine, reason)

    monkeypatch.setattr(WorldMachine, "halt", noted)
    assert "--yes" in power("off", code=4)
    assert halted == []
    assert power("off", "--yes", "--until", "+2h")["sentence"].startswith("off until")
    assert len(halted) == 1


def test_a_node_that_holds_the_state_directory_keeps_the_board(power: Power) -> None:
    with locked(power.state_dir):
        assert "another node is running" in power("status", code=4)


def test_without_a_board_it_says_so(power: Power, config: Path) -> None:
    config.write_text(demo_config().read_text().partition("plugins:")[0])
    assert "names none" in power("status", code=4)


def test_wrong_keys_of_the_board_are_said(power: Power, config: Path) -> None:
    config.write_text(demo_config().read_text().replace("input: battery", "inputt: battery"))
    assert "unknown key 'inputt'" in power("status", code=4)

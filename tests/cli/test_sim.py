from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepi.cli.main import main
from edgepi.cli.sim import _own_command, sim_directory
from edgepi.sim.build import demo_config

WORLD = """
import asyncio, sys
from pathlib import Path
from edgepi.sim.server import WorldServer
from edgepi.testing.world import build_simulation

async def serve():
    server = WorldServer(build_simulation(), Path(sys.argv[1]))
    await server.start()
    print("serving", flush=True)
    await asyncio.sleep(1000)

asyncio.run(serve())
"""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """The state directory of a world that runs, without a node."""
    process = subprocess.Popen(
        (sys.executable, "-c", WORLD, str(tmp_path / "world.sock")), stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving\n"
        yield tmp_path
        process.kill()


def sim(directory: Path, *words: str) -> int:
    return main(["sim", *words, "--state-dir", str(directory)])


def ask(directory: Path, capsys: pytest.CaptureFixture[str], *words: str) -> object:
    assert sim(directory, *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_running_world_can_be_talked_to(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = ask(directory, capsys, "status")
    assert isinstance(truth, dict)
    assert truth["rate"] == 60.0
    assert ask(directory, capsys, "rate", "5") == {"rate": 5, "asked_rate": 5}
    assert ask(directory, capsys, "fault", "nak", "0x76") is None
    assert ask(directory, capsys, "fault", "sun_gone", "--hours", "2") is None
    moved = ask(directory, capsys, "step-clock", "3600")
    assert isinstance(moved, dict)
    truth = ask(directory, capsys, "status")
    assert isinstance(truth, dict)
    assert (truth["rate"], truth["node_clock_off_s"]) == (5.0, 3600.0)
    assert (truth["covered"], truth["panel_w"]) == (True, 0.0)
    assert sim(directory, "status") == 0
    assert re.search(r"^rain_is_synthetic +yes$", capsys.readouterr().out, re.MULTILINE)


def test_a_mistake_is_answered_in_a_sentence(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sim(directory, "rate", "-3") == 4
    assert "not above 0" in capsys.readouterr().err
    assert sim(directory, "fault", "nak", "0x99") == 4
    assert "Traceback" not in capsys.readouterr().err


def test_the_directory_may_stand_before_the_action(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", "--state-dir", str(directory), "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["asked_rate"] == 60.0


def test_without_a_world_the_message_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim(tmp_path, "status") == 4
    assert "edgepi sim" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [("rate", "fast"), ("fault", "gremlin"), ("--soc", "140"), ("--start", "noon"), ("fault", "nak", "x")],
)
def test_wrong_words_are_wrong_usage(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sim(tmp_path, *words) == 2
    assert "usage" in capsys.readouterr().err


def test_a_simulated_node_keeps_out_of_the_way_of_a_real_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EDGEPI_STATE_DIR", raising=False)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert sim_directory(None).name == "sim"
    assert sim_directory(tmp_path) == tmp_path
    monkeypatch.setenv("EDGEPI_STATE_DIR", str(tmp_path / "x"))
    assert sim_directory(None) == tmp_path / "x"


def test_what_to_type_for_other_commands_is_said_as_short_as_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/edgepi").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    assert _own_command() == ".venv/bin/edgepi"
    monkeypatch.chdir("/")
    assert _own_command() == str(tmp_path / ".venv/bin/edgepi").lstrip("/")
    monkeypatch.setenv("PATH", str(tmp_path / ".venv/bin"))
    assert _own_command() == "edgepi"


def test_a_second_world_leaves_the_first_alone(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = directory / "world.json"
    saved.write_text("{}")
    assert main(["sim", "--fresh", "--state-dir", str(directory)]) == 4
    captured = capsys.readouterr()
    assert "runs already" in captured.err
    assert not captured.out
    assert saved.exists()


def test_charge_and_start_are_for_a_new_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "world.json").write_text("{}")
    assert sim(tmp_path, "--soc", "50") == 4
    assert "--fresh" in capsys.readouterr().err


def test_a_power_board_is_for_a_new_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "world.json").write_text("{}")
    assert sim(tmp_path, "--power-board", "wittypi4") == 4
    assert "--fresh" in capsys.readouterr().err


def test_a_power_board_that_nobody_knows_costs_no_world(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "world.json").write_text("{}")
    assert sim(tmp_path, "--fresh", "--power-board", "toaster") != 0
    assert "wittypi4" in capsys.readouterr().err
    assert (tmp_path / "world.json").exists()


def test_a_wrong_configuration_is_refused_before_the_world_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.yaml").write_text("node: 3\n")
    assert sim(tmp_path, "--config", str(tmp_path / "wrong.yaml")) == 1
    assert "wrong.yaml:1" in capsys.readouterr().err
    assert not (tmp_path / "world.json").exists()


@pytest.fixture
def whole_node(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command itself with the demo, without its page."""
    config = tmp_path / "edgepi.yaml"
    config.write_text(demo_config().read_text() + "http:\n  enabled: false\n")
    command = (
        sys.executable,
        "-m",
        "edgepi.cli.main",
        "sim",
        "-c",
        str(config),
        "--state-dir",
        str(tmp_path),
    )
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    guard = threading.Timer(50, process.kill)
    guard.start()
    with process:
        yield process
        process.kill()
    guard.cancel()


@pytest.mark.slow
def test_the_command_runs_a_whole_node_and_ends_it_orderly(
    whole_node: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert whole_node.stdout is not None
    lines: list[str] = []
    for line in whole_node.stdout:
        lines.append(line)
        if "ready" in line and line.startswith("node"):
            whole_node.send_signal(signal.SIGINT)
    text = "".join(lines)
    assert whole_node.wait() == 0, text
    for words in (
        "60x",
        "rain is synthetic",
        "a rendered film",
        "BME280",
        "the world rests",
        f"status --state-dir {tmp_path}",
    ):
        assert words in text
    assert (tmp_path / "world.json").is_file()


@pytest.mark.slow
def test_a_terminal_that_goes_away_ends_node_and_world_orderly(
    whole_node: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert whole_node.stdout is not None
    while "gives power" not in whole_node.stdout.readline():
        pass
    whole_node.stdout.close()
    assert whole_node.wait() == 0
    assert (tmp_path / "world.json").is_file()
    assert not (tmp_path / "world.sock").exists()

import json
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli.client import NodeClient
from edgepi.cli.main import main
from edgepi.web.api.node import status_data
from edgepi.web.wire import decision_data, plain
from tests.web.demo import DemoNode


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    demo = DemoNode()
    answers = {
        "health": {"healthy": True, "checks": {"recorder": True, "plugins": True}},
        "status": plain(status_data(demo.services())),
        "decisions": [decision_data(d) for d in demo.decided[-2:]],
    }
    monkeypatch.setattr(NodeClient, "get", lambda _self, path, **_: answers[path])
    return answers


def test_status_says_node_battery_power_and_why(
    node: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--state-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for part in ("garden, EdgePi 0.1.0, simulated world at 1x", "well", "%", "sun ", "camera", "next wake"):
        assert part in shown
    assert node["decisions"][0]["sentence"] in shown


def test_a_decision_names_whom_it_concerns_and_small_powers_keep_their_figures(
    node: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = {"time_utc": "2025-06-12T12:40:00+00:00", "action": "level", "sentence": "full: battery 57 %"}
    node["decisions"] = [
        {**shared, "subject": "weather"},
        {**shared, "subject": "node", "sentence": "sleeping until 06:02"},
        {**shared, "subject": "camera", "sentence": "camera down to saver: battery 31 %"},
    ]
    node["status"]["energy"]["duties"] = [{"consumer": "weather", "level": "full", "power_w": 0.0001}]
    assert main(["status", "--state-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "12:40 weather full: battery 57 %\n" in shown
    assert "12:40 sleeping until 06:02\n" in shown
    assert "12:40 camera down to saver: battery 31 %\n" in shown
    assert "weather   full   0.1 mW" in shown


def test_what_is_not_measured_is_a_question_mark(
    node: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node["status"]["energy"] = {"supply": None, "soc": None, "guard": {"in_force": "run"}}
    assert main(["status", "--state-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "? %, ? V, ? Wh" in shown
    assert "run guard" in shown


def test_an_ill_node_makes_the_command_fail(
    node: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node["health"] = {"healthy": False, "checks": {"recorder": False, "plugins": True}}
    assert main(["status", "--state-dir", str(tmp_path)]) == 1
    assert "not well: recorder" in capsys.readouterr().out
    assert main(["status", "--json", "--state-dir", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["health"]["healthy"] is False


def test_without_a_node_the_code_is_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state-dir", str(tmp_path)]) == 3
    assert "edgepi run" in capsys.readouterr().err

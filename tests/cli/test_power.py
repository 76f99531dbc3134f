from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.cli.client import NodeClient
from edgepi.cli.main import main
from edgepi.cli.power import parse_time
from edgepi.errors import RequestError

NOW = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
STATUS: dict[str, Any] = {
    "board": {
        "name": "wittypi",
        "working": True,
        "failure": None,
        "last_reason": {"kind": "alarm", "text": "the alarm was due"},
        "armed": {"wake_utc": "2025-06-02T05:30:00Z", "triggers": ["alarm at 05:30"], "doubts": []},
    },
    "supply": {"battery_v": 13.21},
    "soc": {"percent": 63.0, "uncertainty_percent": 4.0},
    "guard": {"in_force": "none", "run_v": 12.4, "commit_v": 12.0},
    "node_sentence": "",
}
LOG: list[dict[str, Any]] = [
    {
        "event": "on",
        "time_utc": "2025-06-01T03:30:00+00:00",
        "reason": "the alarm was due",
        "planned": True,
        "wake_utc": None,
    },
    {
        "event": "off",
        "time_utc": "2025-05-31T21:10:00+00:00",
        "reason": "the power board asks: the button was pressed",
        "planned": False,
        "wake_utc": "2025-06-01T03:30:00+00:00",
    },
    {
        "event": "lost",
        "time_utc": None,
        "reason": "switched off, or without power",
        "planned": False,
        "wake_utc": None,
    },
]


class Node:
    def __init__(self) -> None:
        self.posted: list[tuple[str, Any]] = []
        self.status = dict(STATUS)

    def get(self, path: str, **_: Any) -> Any:
        if path == "power/status":
            return self.status
        if path == "power/log":
            return LOG[: _["limit"]]
        return {"time_utc": NOW.isoformat(), "node": {"name": "garden", "time_zone": "Europe/Berlin"}}

    def post(self, path: str, body: Any = None) -> Any:
        self.posted.append((path, body))
        if path == "power/off":
            return {"sentence": "sleeping until 07:30: asked for by a person"}
        return {"wake_utc": body["wake_utc"], "triggers": ["alarm", "input above 13.0 V"], "doubts": []}


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Node:
    made = Node()
    monkeypatch.setattr(NodeClient, "get", lambda _, path, **query: made.get(path, **query))
    monkeypatch.setattr(NodeClient, "post", lambda _, path, body=None: made.post(path, body))
    return made


def edgepi(tmp_path: Path, *words: str) -> int:
    return main(["power", *words, "--state-dir", str(tmp_path)])


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("13:00", "2025-06-01T11:00"),
        ("07:30", "2025-06-02T05:30"),
        ("12:00", "2025-06-02T10:00"),
        ("2025-12-01T07:30", "2025-12-01T06:30"),
        ("2025-12-01T07:30Z", "2025-12-01T07:30"),
        ("+3h", "2025-06-01T13:00"),
        ("+1d2h30m", "2025-06-02T12:30"),
        ("+45min", "2025-06-01T10:45"),
    ],
)
def test_times_are_read_in_the_nodes_zone_and_by_its_clock(text: str, utc: str) -> None:
    assert parse_time(text, NOW, BERLIN) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_time_of_day_stays_that_when_summer_time_begins() -> None:
    evening = datetime(2025, 3, 29, 20, 0, tzinfo=UTC)
    assert parse_time("07:30", evening, BERLIN) == datetime(2025, 3, 30, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "12:75", "+", "+3x", "2025-13-01", f"+{'9' * 20}d"])
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(RequestError):
        parse_time(text, NOW, BERLIN)


@given(st.text(max_size=12))
def test_any_text_is_a_time_or_a_clear_error(text: str) -> None:
    with suppress(RequestError):
        assert parse_time(text, NOW, BERLIN).tzinfo is not None


def test_status_says_what_the_board_measures_and_holds(
    node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edgepi(tmp_path, "status") == 0
    out = capsys.readouterr().out
    for words in ("wittypi: works", "the alarm was due", "63 % (give or take 4), 13.21 V", "alarm at 05:30"):
        assert words in out


def test_status_names_the_model_and_shows_all_that_it_measures(
    node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node.status["board"] = STATUS["board"] | {"identity": "Witty Pi 3, firmware 1.04", "clock_off_s": -61.0}
    flows = {"input_v": 5.02, "output_v": 5.1, "output_a": 0.43, "output_w": 2.193, "temperature_c": 18.0}
    node.status["supply"] = STATUS["supply"] | flows
    assert edgepi(tmp_path, "status") == 0
    out = capsys.readouterr().out
    for words in ("Witty Pi 3, firmware 1.04: works", "61 s behind", "5.10 V, 0.43 A, 2.19 W", "18.0 °C"):
        assert words in out
    node.status["board"]["clock_off_s"] = 0.4
    edgepi(tmp_path, "status")
    assert "agrees" in capsys.readouterr().out


def test_status_of_a_board_that_does_not_work_is_a_problem(
    node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node.status["board"] = STATUS["board"] | {"working": False, "failure": "reading wittypi failed"}
    assert edgepi(tmp_path, "status") == 1
    assert "reading wittypi failed" in capsys.readouterr().out
    node.status["board"] = None
    assert edgepi(tmp_path, "status", "--json") == 1
    assert json.loads(capsys.readouterr().out)["board"] is None


def test_wake_at_arms_without_asking(node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edgepi(tmp_path, "wake-at", "07:30") == 0
    assert node.posted == [("power/wake-at", {"wake_utc": "2025-06-02T05:30:00+00:00"})]
    assert "the board holds: alarm, input above 13.0 V" in capsys.readouterr().out


def test_off_is_not_done_where_nobody_can_be_asked(
    node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edgepi(tmp_path, "off") == 4
    assert node.posted == []
    assert "--yes" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "code"), [("", 1), ("n", 1), ("y", 0), ("Yes ", 0)])
def test_off_asks_first(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        return typed

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answer)
    assert edgepi(tmp_path, "off", "--until", "07:30") == code
    assert asked == ["switch garden off until 2025-06-02 07:30 CEST? Its power will be cut. [y/N] "]
    assert len(node.posted) == (1 if code == 0 else 0)


def test_off_with_yes_does_not_ask(node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edgepi(tmp_path, "off", "--yes", "--json") == 0
    assert node.posted == [("power/off", {})]
    assert json.loads(capsys.readouterr().out)["sentence"].startswith("sleeping until 07:30")


def test_without_a_running_node_it_says_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("status",), ("off", "--yes")):
        assert edgepi(tmp_path, *words) == 3
        assert "edgepi run" in capsys.readouterr().err


def test_the_log_is_told_oldest_first_in_the_node_s_own_time(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    del node
    assert main(["power", "log"]) == 0
    lost, off, on = capsys.readouterr().out.splitlines()
    assert lost == "time not known         lost switched off, or without power"
    assert off.startswith("2025-05-31 23:10 CEST  off  the power board asks")
    assert off.endswith("; the board held a wake at 2025-06-01 05:30 CEST (not planned)")
    assert on == "2025-06-01 05:30 CEST  on   the alarm was due"


def test_the_log_as_json_is_newest_first_and_no_longer_than_asked(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    del node
    assert main(["power", "log", "--json", "-n", "1"]) == 0
    assert json.loads(capsys.readouterr().out) == LOG[:1]


def test_without_a_node_the_log_is_read_from_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--state-dir", str(tmp_path)]
    assert main(["power", "log", *where]) == 0
    assert "nothing is noted yet" in capsys.readouterr().out
    kept = {"format": "edgepi-power-log-1", "events": LOG[::-1]}
    (tmp_path / "power-log.json").write_text(json.dumps(kept))
    assert main(["power", "log", *where]) == 0
    assert capsys.readouterr().out.splitlines()[2] == "2025-06-01 03:30 UTC   on   the alarm was due"


def test_without_a_planned_sleep_it_shows_what_stands_by(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    held = {"wake_utc": None, "triggers": ["input connected"], "doubts": ["the alarm is lost"]}
    node.status["board"] = {**STATUS["board"], "armed": None, "standing": held}
    assert main(["power", "status"]) == 0
    shown = capsys.readouterr().out
    assert "stands by  input connected" in shown
    assert "doubt      the alarm is lost" in shown

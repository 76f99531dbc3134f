from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli import history
from edgepi.cli.history import moment
from edgepi.cli.main import main
from edgepi.cli.sparkline import Line, sparkline
from edgepi.config.settings import RecorderSettings
from edgepi.errors import RequestError
from edgepi.recorder.samples import FLOAT, TEXT, UNAVAILABLE, to_ms
from edgepi.recorder.segments import Segment
from edgepi.recorder.writer import Batch, Row, Writer

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command on a database with two entities, last written at `NOW`."""
    start_ms = to_ms(NOW - timedelta(hours=4))
    rows: list[Row] = [(0, n * 60_000, "weather.temperature", FLOAT, 15 + n / 24) for n in range(241)]
    rows[100] = (0, 100 * 60_000, "weather.temperature", UNAVAILABLE, None)
    rows += [(0, n * 600_000, "camera.state", TEXT, "on" if n < 9 else "off") for n in range(24)]
    writer = Writer(tmp_path / "history.db", RecorderSettings(), logging.getLogger("t"))
    writer.open(NOW)
    writer.commit(Batch((Segment(0, 0, start_ms),), rows))
    writer.close()
    return lambda *args: main(["history", *args, "--state-dir", str(tmp_path)])


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("30min", timedelta(minutes=30)),
        ("6h", timedelta(hours=6)),
        ("7d", timedelta(days=7)),
        ("1.5 h", timedelta(minutes=90)),
        ("2W", timedelta(weeks=2)),
    ],
)
def test_a_span_counts_back(text: str, back: timedelta) -> None:
    assert moment(text, NOW) == NOW - back


def test_a_date_is_a_date() -> None:
    assert moment("2025-05-01T08:00+02:00", NOW) == datetime(2025, 5, 1, 6, tzinfo=UTC)
    assert moment("2025-05-01", NOW).astimezone().hour == 0


@pytest.mark.parametrize("text", ["", "6", "6 parsecs", "yesterday", "-6h", "h"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RequestError, match="neither a span nor a time") as caught:
        moment(text, NOW)
    assert "6h" in str(caught.value.hint)


def test_numbers_are_shown_as_a_chart_and_a_table(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("weather.temperature", "--since", "4h") == 0
    head, chart, _, *table = capsys.readouterr().out.splitlines()
    assert head.startswith("weather.temperature")
    assert chart.startswith("▁")
    assert chart.endswith("█  15 to 25")
    assert len(table) == 12
    assert table[-1].split()[-1] == "25"


def test_words_are_shown_where_they_change(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("camera.state", "--since", "5h") == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[2:]] == ["on", "off"]


def test_json_has_every_sample_and_the_gap(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("weather.temperature", "--since", "4h", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["samples"]) == 241
    assert data["samples"][-1] == {"time_utc": NOW.isoformat(), "value": 25.0, "min": None, "max": None}
    assert [s["value"] for s in data["samples"]].count(None) == 1


def test_csv_has_a_head_and_the_tier_asked_for(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("weather.temperature", "--since", "2h", "--tier", "hour", "--csv") == 0
    head, first, *_ = capsys.readouterr().out.splitlines()
    assert head == "time_utc,value,min,max"
    assert first == "2025-06-01T10:00:00+00:00,21.229166666666668,20.0,22.458333333333332"


def test_list_names_what_has_a_history(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list") == 0
    assert capsys.readouterr().out.split() == ["camera.state", "weather.temperature"]
    assert run("--list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == ["camera.state", "weather.temperature"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("weather.temprature",), "did you mean weather.temperature?"),
        (("weather.temperature", "--since", "2030-01-01", "--until", "2031-01-01"), "ask for a longer time"),
        (("weather.temperature", "--until", "7h"), "--since must lie before --until"),
        ((), "edgepi history --list"),
    ],
)
def test_a_question_without_an_answer_says_why(
    run: Run, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], said: str
) -> None:
    assert run(*args) == 4
    assert said in capsys.readouterr().err


def test_without_a_database_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "a.b", "--state-dir", str(tmp_path)]) == 4
    assert "there is no history" in capsys.readouterr().err


def test_a_running_node_is_asked_in_its_own_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    class Client:
        def __init__(self, directory: Path) -> None:
            asked.append(directory)

        def get(self, path: str, **query: object) -> Any:
            asked.append((path, query))
            if path == "status":
                return {"time_utc": "2019-06-01T12:00:00.000Z"}
            columns = {"times_s": [1559390400.0], "values": [21.5], "minimums": [None], "maximums": [None]}
            return [{"entity_id": "a.b", "unit": "°C", **columns}]

    monkeypatch.setattr(history, "NodeClient", Client)
    assert main(["history", "a.b", "--since", "6h", "--json", "--state-dir", str(tmp_path)]) == 0
    span = {"start": "2019-06-01T06:00:00+00:00", "end": "2019-06-01T12:00:00+00:00", "tier": "auto"}
    assert asked == [tmp_path, ("status", {}), ("history", {"entity": "a.b"} | span)]
    assert json.loads(capsys.readouterr().out)["unit"] == "°C"


def test_a_gap_is_a_blank_in_the_chart() -> None:
    line = Line.of([(0.0, 1.0), (10.0, None), (20.0, 2.0), (30.0, 2.0)])
    assert line is not None
    assert sparkline(line.means(0.0, 40.0, 4)) == "▁ ██"


def test_a_value_lasts_until_the_next_one() -> None:
    line = Line.of([(0.0, 1.0), (30.0, 3.0)])
    assert line is not None
    assert line.means(0.0, 40.0, 4) == [1.0, 1.0, 1.0, 3.0]


def test_words_make_no_chart() -> None:
    assert Line.of([(0.0, "on"), (1.0, None)]) is None
    assert Line.of([(0.0, None)]) is None


def test_a_value_that_never_changes_is_a_line_in_the_middle() -> None:
    assert sparkline([5.0, 5.0]) == "▄▄"

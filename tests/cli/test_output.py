from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from edgepi.cli.output import paint, plain, print_json, print_table, progress


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Thing:
    when: datetime
    where: Path


def test_json_knows_what_edgepi_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    print_json({"thing": Thing(when, Path("/x")), "set": {Colour.RED}, "span": timedelta(minutes=1), 1: None})
    assert json.loads(capsys.readouterr().out) == {
        "thing": {"when": "2026-01-02T03:04:05+00:00", "where": "/x"},
        "set": ["red"],
        "span": 60.0,
        "1": None,
    }


def test_an_enum_is_its_plain_value() -> None:
    assert type(plain(Colour.RED)) is str


def test_columns_line_up_and_numbers_stand_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "W"), [("a", 1.5), ("long", 10), ("x", None)])
    assert capsys.readouterr().out.splitlines() == [
        "name    W",
        "a     1.5",
        "long   10",
        "x       -",
    ]


def test_a_table_without_rows_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_truth_is_words(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("on",), [(True,), (False,)])
    assert capsys.readouterr().out.split() == ["on", "yes", "no"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert paint("x", "red", Terminal()) == "\x1b[31mx\x1b[0m"
    assert paint("x", "red", io.StringIO()) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("x", "red", Terminal()) == "x"


def test_progress_is_silent_when_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    progress("working")
    assert capsys.readouterr().err == ""

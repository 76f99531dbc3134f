"""The benchmark of power cuts counts what is lost, and shows it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SOURCE = Path(__file__).parent.parent / "benchmarks" / "power_tally.py"
HISTORY = "history: committed rows lost"
LOST = "journals: finished saves lost"
TORN = "journals: found torn or not to be read"


@pytest.fixture
def tally() -> Any:
    """One with two journals, after a first look at an empty disk."""
    spec = importlib.util.spec_from_file_location("power_tally", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tally = module.Tally(("a.json", "b.json"), "c.yaml")
    tally.find(_found(0, 0, 0, 0))
    return tally


def _found(rows: int, a: int, b: int, c: int, **more: Any) -> dict[str, Any]:
    files = {"a.json": a, "b.json": b, "c.yaml": c}
    drafts = {"found": 0, "removed": 0, "left": []}
    return {"rows": rows, "files": files, "problems": {}, "drafts": drafts, **more}


def _shown(tally: Any) -> dict[str, str]:
    return {what: measured for what, measured, _ in tally.rows_of_table()}


def test_nothing_lost_is_shown_as_nothing_lost(tally: Any) -> None:
    tally.hear(["ready", "safe 10", "kept a.json 1", "kept a.json 2", "kept c.yaml 7", "kept b.js"])
    tally.find(_found(12, 2, 1, 8))
    shown = _shown(tally)
    assert (shown[HISTORY], shown[LOST], shown[TORN]) == ("0", "0 of 2", "0 of 4")
    assert shown["configuration: finished saves lost"] == "0 of 7"
    assert shown["history: rows checked at the end, raw and hourly"] == "12"


def test_what_was_safe_and_is_not_there_is_counted(tally: Any) -> None:
    tally.hear(["safe 10", "kept a.json 5", "kept c.yaml 3"])
    tally.find(_found(7, 3, 0, 3))
    tally.hear(["kept a.json 4"])
    tally.find(_found(7, 3, 0, 2))
    shown = _shown(tally)
    assert (shown[HISTORY], shown[LOST]) == ("3", "3 of 6")
    assert shown["configuration: finished saves lost"] == "1 of 3"


def test_what_is_not_whole_is_counted_for_its_kind(tally: Any) -> None:
    tally.find(_found(0, 0, 0, 0, problems={"b.json": "half", "history": "no database"}))
    shown = _shown(tally)
    assert shown[TORN] == "1 of 4"
    assert shown["configuration: found torn or not to be read"] == "0 of 2"
    assert shown["history: found damaged, torn or not to be opened"] == "1 of 2"


def test_drafts_are_counted_before_and_after_the_tidying(tally: Any) -> None:
    tally.find(_found(0, 0, 0, 0, drafts={"found": 3, "removed": 2, "left": [".a.json.x.new"]}))
    shown = _shown(tally)
    assert shown["drafts that the cuts left behind"] == "3"
    assert shown["drafts still there after a start"] == "1"

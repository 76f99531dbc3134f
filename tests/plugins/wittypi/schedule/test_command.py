from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgepi.cli.main import main

SCHEDULE = """BEGIN 2026-01-01 08:00:00
END 2099-01-01 00:00:00
ON H2
OFF H6 WAIT
ON M10 WAIT
OFF H15 M50
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "garden.wpi"
    path.write_text(SCHEDULE, encoding="utf-8")
    return path


def call(*args: str | Path, state_dir: Path) -> int:
    return main(["wittypi", "schedule", *map(str, args), "--state-dir", str(state_dir)])


def test_the_windows_are_shown(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(file, "--days", "3", state_dir=tmp_path) == 0
    shown = capsys.readouterr().out
    assert "from 2026-01-01 08:00:00" in shown
    assert "10 min" in shown
    assert "started by others (WAIT), ended by others (WAIT)" in shown
    assert "Witty Pi 5 does not know WAIT" in shown
    assert "4096 actions" in shown


def test_programs_get_times_in_utc(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(file, "--days", "2", "--json", state_dir=tmp_path) == 0
    data = json.loads(capsys.readouterr().out)
    assert 3 <= len(data["windows"]) <= 5
    assert all(window["begin_utc"].endswith("+00:00") for window in data["windows"])
    assert {window["wakes"] for window in data["windows"]} == {True, False}


def test_a_mistake_is_shown_with_its_place(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(SCHEDULE.replace("OFF H6", "OFF 6H"), encoding="utf-8")
    assert call(file, state_dir=tmp_path) != 0
    assert "garden.wpi:4:5:" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path / "none.wpi", state_dir=tmp_path) != 0
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["0", "many", "99999"])
def test_days_that_cannot_be_meant_are_refused(
    file: Path, tmp_path: Path, days: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(file, "--days", days, state_dir=tmp_path) == 2
    assert "is no number of days" in capsys.readouterr().err

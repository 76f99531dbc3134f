from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgepi.cli import check_config
from edgepi.testing.catalog import FakeCatalog

GOOD = (
    "node: {name: garden, latitude: 48.85, longitude: 2.35}\nplugins: {weather: , other: {enabled: false}}\n"
)


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    check_config.add_arguments(parser)
    return check_config.run(parser.parse_args(arguments), FakeCatalog({"weather": None}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "edgepi.yaml"
    path.write_text(GOOD)
    return path


def test_good_file_says_so_and_counts_plugins(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(file)) == 0
    assert capsys.readouterr().out == f"{file}: ok, 1 plugin\n"


def test_errors_are_shown_with_line_caret_and_suggestion(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(GOOD + "htp: {}\n")
    assert run("--config", str(file)) == 1
    assert capsys.readouterr().out == (
        f"{file}:3:1: unknown section 'htp'\n    3 | htp: {{}}\n      | ^\n"
        f"        did you mean 'http'?\n\n{file}: 1 error\n"
    )


def test_json_holds_every_finding(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD + "htp: {}\n")
    assert run(str(file), "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["ok"], data["plugins"]) == (False, [])
    assert data["findings"] == [
        {
            "path": str(file),
            "line": 3,
            "column": 1,
            "severity": "error",
            "message": "unknown section 'htp'",
            "suggestion": "http",
            "excerpt": "htp: {}",
        }
    ]


def test_json_of_a_good_file_names_the_plugins(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(file), "--json") == 0
    assert json.loads(capsys.readouterr().out)["plugins"] == ["weather"]


def test_warning_alone_is_no_failure(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD.replace("garden", "!secret name"))
    (file.parent / "secrets.yaml").write_text("name: garden\n")
    (file.parent / "secrets.yaml").chmod(0o644)
    assert run(str(file)) == 0
    assert "warning: every user of this machine can read it" in capsys.readouterr().out


def test_missing_file_is_an_error_at_its_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(str(tmp_path / "none")) == 1
    assert f"{tmp_path}/none:1:1: there is no such file" in capsys.readouterr().out


def test_checking_imports_neither_event_loop_nor_network() -> None:
    code = (
        "import sys, edgepi.cli.check_config, edgepi.runtime.discovery\n"
        "print([m for m in ('asyncio', 'aiohttp', 'ssl', 'sqlite3', 'smbus2', 'email') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

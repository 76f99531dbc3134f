import json
from pathlib import Path

import pytest

from edgepi.cli.main import main


def run(tmp_path: Path, *words: str) -> int:
    return main(["token", *words, "--state-dir", str(tmp_path)])


def test_a_token_is_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "new", "phone", "--scope", "control") == 0
    secret = capsys.readouterr().out.splitlines()[0]
    assert secret.startswith("edgepi_")
    assert run(tmp_path, "list") == 0
    listed = capsys.readouterr().out
    assert "phone" in listed
    assert "control" in listed
    assert secret not in listed
    assert run(tmp_path, "revoke", "phone") == 0
    capsys.readouterr()
    assert run(tmp_path, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_json_carries_the_secret_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "new", "script", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["name"], made["scope"]) == ("script", "read")
    assert len(made["token"]) > 40


def test_what_cannot_be_done_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "revoke", "phone") == 4
    assert "no token named 'phone'" in capsys.readouterr().err
    assert run(tmp_path, "link") == 3
    assert "no node is running" in capsys.readouterr().err

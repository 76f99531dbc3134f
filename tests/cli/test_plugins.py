from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli import plugins
from edgepi.cli.main import main
from edgepi.errors import NodeNotRunningError
from edgepi.runtime.quarantine import Quarantine


class Client:
    views: list[dict[str, Any]] | None = None

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir

    def get(self, path: str) -> list[dict[str, Any]]:
        assert path == "plugins"
        if self.views is None:
            raise NodeNotRunningError(self.state_dir)
        return self.views


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> type[Client]:
    monkeypatch.setattr(Client, "views", None)
    monkeypatch.setattr(plugins, "NodeClient", Client)
    monkeypatch.delenv("EDGEPI_PLUGINS", raising=False)
    monkeypatch.delenv("EDGEPI_PLUGINS_BLOCK", raising=False)
    return Client


def listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert main(["plugins", "list", "--json", "--state-dir", str(tmp_path)]) == 0
    return {row["instance"] or row["name"]: row for row in json.loads(capsys.readouterr().out)}


def test_the_own_plugins_are_listed_with_version_and_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = listed(tmp_path, capsys)
    assert {"weather", "wittypi", "ina219"} <= set(rows)
    assert rows["weather"]["distribution"] == "edgepi"
    assert rows["weather"]["status"] == "available"


def test_listing_imports_no_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {name for name in sys.modules if name.startswith("edgepi_")}
    listed(tmp_path, capsys)
    assert {name for name in sys.modules if name.startswith("edgepi_")} == before


def test_people_get_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "list", "--state-dir", str(tmp_path)]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "distribution", "version", "status", "reason"]
    assert any(line.startswith("weather ") for line in lines)


def test_a_quarantined_plugin_says_why_and_how_to_release_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Quarantine(tmp_path).confine("weather", "it held up the node", None)
    row = listed(tmp_path, capsys)["weather"]
    assert row["status"] == "quarantined"
    assert "edgepi plugins release weather" in row["reason"]


def test_a_blocked_plugin_is_disabled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEPI_PLUGINS_BLOCK", "weather, ina219")
    rows = listed(tmp_path, capsys)
    assert (rows["weather"]["status"], rows["ina219"]["status"]) == ("disabled", "disabled")
    assert rows["wittypi"]["status"] == "available"


def test_a_package_that_is_missing_is_seen_without_importing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "bme280" else find_spec(name)
    )
    row = listed(tmp_path, capsys)["weather"]
    assert row["status"] == "missing requirement"
    assert f"{sys.prefix}/bin/python -m pip install 'edgepi[weather]'" in row["reason"]


def test_a_running_node_says_how_each_instance_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    views = [
        {"name": "weather", "instance": "roof", "status": "enabled", "reason": ""},
        {"name": "weather", "instance": "garden", "status": "failed", "reason": "no answer at 0x76"},
        {"name": "gone", "instance": "gone", "status": "load error", "reason": "not installed"},
    ]
    monkeypatch.setattr(Client, "views", views)
    rows = listed(tmp_path, capsys)
    assert rows["roof"]["status"] == "enabled"
    assert rows["garden"]["reason"] == "no answer at 0x76"
    assert rows["gone"]["status"] == "load error"
    assert rows["wittypi"]["status"] == "available"


def test_info_says_what_a_plugin_offers_and_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "info", "weather", "--json", "--state-dir", str(tmp_path)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["title"] == "Weather station"
    assert "sensors" in facts["offers"]
    assert facts["keys"]


def test_info_of_a_plugin_that_does_not_work_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Quarantine(tmp_path).confine("weather", "it held up the node", None)
    assert main(["plugins", "info", "weather", "--state-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "quarantined" in said
    assert "it held up the node" in said


def test_info_of_an_unknown_plugin_offers_the_near_miss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "info", "wether", "--state-dir", str(tmp_path)]) == 4
    assert "did you mean 'weather'" in capsys.readouterr().err


def test_release_lets_a_plugin_out_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Quarantine(tmp_path).confine("weather", "it held up the node", None)
    assert main(["plugins", "release", "weather", "--state-dir", str(tmp_path)]) == 0
    assert "released weather" in capsys.readouterr().out
    assert main(["plugins", "release", "weather", "--json", "--state-dir", str(tmp_path)]) == 1
    assert json.loads(capsys.readouterr().out)["released"] is False
    assert Quarantine(tmp_path).confined() == {}


def test_new_starts_a_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "barometer", "--directory", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "pyproject.toml").is_file()

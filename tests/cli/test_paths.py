from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from edgepi.cli import paths
from edgepi.cli.paths import find_config, state_dir
from edgepi.errors import EdgePiError


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    found = {
        "given": tmp_path / "given.yaml",
        "variable": tmp_path / "variable.yaml",
        "here": tmp_path / "here/edgepi.yaml",
        "user": tmp_path / "xdg/edgepi/edgepi.yaml",
        "system": tmp_path / "etc/edgepi.yaml",
    }
    for path in found.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", found["system"])
    return found


def test_the_configuration_is_looked_for_from_near_to_far(places: dict[str, Path], tmp_path: Path) -> None:
    env = {"EDGEPI_CONFIG": str(places["variable"]), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    here = tmp_path / "here"
    assert find_config(places["given"], env, here) == places["given"]
    assert find_config(None, env, here) == places["variable"]
    del env["EDGEPI_CONFIG"]
    for name in ("here", "user", "system"):
        assert find_config(None, env, here) == places[name]
        places[name].unlink()
    with pytest.raises(EdgePiError) as caught:
        find_config(None, env, here)
    assert all(str(places[name]) in caught.value.message for name in ("here", "user", "system"))


def test_a_file_asked_for_is_never_replaced_by_another(places: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(EdgePiError, match=r"nothere\.yaml"):
        find_config(tmp_path / "nothere.yaml", {}, places["here"].parent)


@pytest.mark.parametrize(
    ("given", "env", "uid", "expected"),
    [
        (Path("/g"), {"EDGEPI_STATE_DIR": "/v"}, 0, "/g"),
        (None, {"EDGEPI_STATE_DIR": "/v", "STATE_DIRECTORY": "/s"}, 0, "/v"),
        (None, {"STATE_DIRECTORY": "/s:/t"}, 1000, "/s"),
        (None, {}, 0, "/var/lib/edgepi"),
        (None, {"XDG_STATE_HOME": "/x"}, 1000, "/x/edgepi"),
        (None, {"HOME": "/home/pi"}, 1000, "/home/pi/.local/state/edgepi"),
    ],
)
def test_the_state_directory(  # noqa: PLR0917 (pytest passes parameters by name)
    given: Path | None,
    env: dict[str, str],
    uid: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if uid:
        monkeypatch.setattr(paths, "SYSTEM_STATE", tmp_path / "no-service")
    assert state_dir(given, env, uid) == Path(expected)


def test_a_user_without_a_node_of_their_own_talks_to_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "SYSTEM_STATE", tmp_path)
    (tmp_path / "api.sock").touch()
    env = {"XDG_STATE_HOME": str(tmp_path / "x")}
    assert state_dir(None, env, 1000) == tmp_path
    (tmp_path / "x/edgepi").mkdir(parents=True)
    assert state_dir(None, env, 1000) == tmp_path / "x/edgepi"


def test_commands_share_the_names_of_their_options() -> None:
    parser = argparse.ArgumentParser()
    paths.add_config_argument(parser)
    paths.add_state_argument(parser)
    parsed = parser.parse_args(["--config", "/c", "--state-dir", "/s"])
    assert (parsed.config, parsed.state_dir) == (Path("/c"), Path("/s"))

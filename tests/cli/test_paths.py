from __future__ import annotations

import argparse
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgepi.cli import paths, plugin_commands
from edgepi.cli.client import NodeClient
from edgepi.cli.paths import find_config, node_dir, state_dir
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
def test_the_state_directory(
    given: Path | None,
    env: dict[str, str],
    uid: int,
    expected: str,
) -> None:
    assert state_dir(given, env, uid) == Path(expected)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The directory of this user's own node; the service's is `service` beside it."""
    monkeypatch.setattr(paths, "SYSTEM_STATE", tmp_path / "service")
    return tmp_path / "edgepi"


def ask(home: Path, *, rests: bool = False, **env: str) -> Path:
    return node_dir(None, {"XDG_STATE_HOME": str(home.parent), **env}, 1000, rests=rests)


@contextmanager
def listening(directory: Path, name: str = "api.sock") -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(directory):
        server.bind(name)
        server.listen()
        yield


def test_the_node_that_runs_is_asked_ones_own_first(home: Path, tmp_path: Path) -> None:
    assert ask(home) == home
    with listening(home / "sim"):
        assert ask(home) == home / "sim"
        with listening(tmp_path / "service"):
            assert ask(home) == tmp_path / "service"
            with listening(home):
                assert ask(home) == home


def test_a_world_whose_node_sleeps_is_found_too(home: Path) -> None:
    with listening(home / "sim", "world.sock"):
        assert ask(home) == home / "sim"


def test_a_socket_that_a_crash_left_is_no_node(home: Path) -> None:
    with listening(home / "sim"):
        pass
    assert (home / "sim/api.sock").exists()
    assert ask(home) == home


def test_the_directory_that_was_named_is_asked_whatever_runs(home: Path) -> None:
    with listening(home / "sim"):
        assert ask(home, EDGEPI_STATE_DIR="/v") == Path("/v")
        assert node_dir(home, {"XDG_STATE_HOME": str(home.parent)}, 1000) == home


def test_what_a_node_left_is_found_when_none_runs(home: Path) -> None:
    (home / "sim").mkdir(parents=True)
    (home / "sim/node.lock").touch()
    assert ask(home) == home
    assert ask(home, rests=True) == home / "sim"
    (home / "node.lock").touch()
    assert ask(home, rests=True) == home


def test_it_is_said_when_the_simulated_node_is_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EDGEPI_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(home.parent))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with listening(home / "sim"):
        assert paths.node_dir_of(argparse.Namespace(state_dir=None)) == home / "sim"
    captured = capsys.readouterr()
    assert "simulated node" in captured.err
    assert not captured.out


def test_a_command_that_asks_often_says_it_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EDGEPI_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(home.parent))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(NodeClient, "get", lambda *_, **__: {})
    with listening(home / "sim"):
        context = plugin_commands.command_context("camera", argparse.Namespace(state_dir=None))
        for _ in range(3):
            context.node.get("status")
    assert capsys.readouterr().err.count("simulated node") == 1


def test_commands_share_the_names_of_their_options() -> None:
    parser = argparse.ArgumentParser()
    paths.add_config_argument(parser)
    paths.add_state_argument(parser)
    parsed = parser.parse_args(["--config", "/c", "--state-dir", "/s"])
    assert (parsed.config, parsed.state_dir) == (Path("/c"), Path("/s"))

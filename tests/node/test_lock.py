from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from edgepi.errors import EdgePiError, StateLockedError
from edgepi.node.lock import LOCK_NAME, locked


def _hold_and_die(directory: Path) -> None:
    with locked(directory):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_second_node_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(StateLockedError, match="--state-dir"), locked(tmp_path):
        pass


def test_the_lock_is_free_again_after_the_block(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_killed_node_leaves_no_lock_behind(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -9
    with locked(tmp_path):
        pass


def test_a_new_state_directory_is_private(tmp_path: Path) -> None:
    with locked(tmp_path / "state"):
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "state" / LOCK_NAME).stat().st_mode & 0o777 == 0o600


def test_a_full_disk_still_lets_the_directory_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edgepi.node.lock.os.write", full)
    with locked(tmp_path):
        pass


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / LOCK_NAME).symlink_to(precious)
    with pytest.raises(EdgePiError, match="cannot be used"), locked(tmp_path):
        pass
    assert precious.read_text() == "precious"

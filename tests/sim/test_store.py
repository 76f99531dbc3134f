from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from edgepi.errors import WorldError
from edgepi.sim.simulation import Simulation
from edgepi.sim.store import load, save, snapshot


def test_a_snapshot_comes_back_as_it_was(tmp_path: Path, simulation: Simulation) -> None:
    data = snapshot(simulation)
    save(tmp_path / "new" / "world.json", data)
    assert load(tmp_path / "new" / "world.json") == json.loads(json.dumps(data))


def test_a_save_that_fails_leaves_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulation: Simulation
) -> None:
    path = tmp_path / "world.json"
    save(path, snapshot(simulation))
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    simulation.world.advance(100.0)
    with pytest.raises(OSError, match="space"):
        save(path, snapshot(simulation))
    assert path.read_bytes() == before


def test_nothing_saved_is_nothing_to_load(tmp_path: Path) -> None:
    assert load(tmp_path / "world.json") is None


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 200_000])
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "world.json").write_bytes(content)
    with pytest.raises(WorldError, match="--fresh"):
        load(tmp_path / "world.json")


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"version": 2}')
    with pytest.raises(WorldError, match="--fresh"):
        load(tmp_path / "world.json")


def test_loading_removes_what_a_save_that_was_cut_off_left(tmp_path: Path, simulation: Simulation) -> None:
    path = tmp_path / "world.json"
    save(path, snapshot(simulation))
    other = tmp_path / ".other.json.ab_c1234.new"
    for draft in (tmp_path / ".world.json.ab_c1234.new", other):
        draft.write_text("{")
    assert load(path) is not None
    assert set(tmp_path.iterdir()) == {path, other}

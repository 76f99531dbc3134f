from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgepi.files import atomic_write, remove_drafts


def test_text_and_bytes_are_written_with_their_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic_write(path, "grüß", 0o600)
    assert path.read_text(encoding="utf-8") == "grüß"
    atomic_write(path, b"\x00\xff", 0o640)
    assert path.read_bytes() == b"\x00\xff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_synced_before_it_is_named_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_sync(handle: int) -> None:
        steps.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def note_replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    atomic_write(tmp_path / "file", "new")
    assert steps == ["file", "rename", "directory"]


def test_a_failure_leaves_the_old_content_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _died_writing(path: Path) -> Path:
    draft = path.with_name(f".{path.name}.ab_c1234.new")
    draft.write_text("hal")
    return draft


def test_drafts_that_a_power_cut_left_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "energy.json"
    path.write_text("old")
    drafts = {_died_writing(path), _died_writing(tmp_path / "tokens.json")}
    assert set(remove_drafts(tmp_path)) == drafts
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "old"


def test_only_drafts_are_removed(tmp_path: Path) -> None:
    kept = {
        tmp_path / name for name in ("a.new", ".a.new", ".a.b.new", ".a.ab_c1234.newer", "a.ab_c1234.new")
    }
    for path in kept:
        path.write_text("mine")
    (tmp_path / ".folder.ab_c1234.new").mkdir()
    (tmp_path / ".link.ab_c1234.new").symlink_to(tmp_path / "a.new")
    os.mkfifo(tmp_path / ".pipe.ab_c1234.new")
    before = set(tmp_path.iterdir())
    assert remove_drafts(tmp_path) == []
    assert set(tmp_path.iterdir()) == before


def test_drafts_of_one_file_are_removed_without_those_of_others(tmp_path: Path) -> None:
    mine, other = _died_writing(tmp_path / "[a]"), _died_writing(tmp_path / "a")
    assert remove_drafts(tmp_path, "[a]") == [mine]
    assert list(tmp_path.iterdir()) == [other]


def test_where_nothing_can_be_listed_nothing_is_removed(tmp_path: Path) -> None:
    assert remove_drafts(tmp_path / "missing") == []


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_draft_that_is_being_written_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path, stale = tmp_path / "file", _died_writing(tmp_path / "file")
    removed: list[list[Path]] = []
    real: dict[str, Callable[..., Any]] = {"fsync": os.fsync, "replace": Path.replace}

    def sweep(*args: Any) -> Any:
        removed.append(remove_drafts(tmp_path))
        return real[moment](*args)

    monkeypatch.setattr(os if moment == "fsync" else Path, moment, sweep)
    atomic_write(path, "new")
    assert removed[0] == [stale]
    assert path.read_text() == "new"


def test_a_draft_that_is_swept_before_it_is_held_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = tempfile.mkstemp, []

    def swept_at_once(**options: Any) -> tuple[int, str]:
        made.append(make(**options))
        if len(made) == 1:
            assert remove_drafts(tmp_path) == [Path(made[0][1])]
        return made[-1]

    monkeypatch.setattr(tempfile, "mkstemp", swept_at_once)
    atomic_write(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "new"
    assert len(made) == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]

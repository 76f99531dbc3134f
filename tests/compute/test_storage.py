from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from edgepi.compute import storage
from edgepi.compute.storage import bring_out, container_user, measure, remove_tree, tidy, unmount
from edgepi.errors import SandboxError


def deep(folder: Path, levels: int) -> None:
    """Make folders in folders, whose path may get longer than any that the system takes."""
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d" * 50, dir_fd=handle)
        below = os.open("d" * 50, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)


def test_a_folder_is_measured_as_its_reader_will_find_it(tmp_path: Path) -> None:
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(10_000_000)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_bytes(b"x" * 5000)
    (tmp_path / "link").symlink_to("/usr")
    found = measure(tmp_path)
    assert 10_005_000 < found.size_bytes < 10_100_000
    assert not found.too_deep
    assert measure(tmp_path, stop_above=100).size_bytes > 100


def test_folders_without_end_are_too_deep_and_can_be_deleted(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    deep(top, sys.getrecursionlimit() + 100)
    assert measure(top).too_deep
    with pytest.raises(SandboxError):
        tidy(top)
    remove_tree(top)
    assert not top.exists()
    remove_tree(top)


def test_deleting_follows_no_link_and_minds_no_mode(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "a" / "link").symlink_to(tmp_path / "kept")
    (top / "link").symlink_to(tmp_path / "kept")
    (top / "a").chmod(0)
    top.chmod(0o500)
    remove_tree(top)
    assert not top.exists()
    assert (tmp_path / "kept" / "file").read_text() == "x"


def test_links_out_go_however_they_are_made(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "good").write_text("x")
    for name, target in {
        "absolute": str(tmp_path / "secret"),
        "relative": "../secret",
        "by_way": "sub/up/secret",
        "nowhere": "not there",
        "loop": "loop",
        "inside": "good",
        "chain": "relative",
    }.items():
        (top / name).symlink_to(target)
    (top / "sub" / "up").symlink_to("../..")
    copied = tmp_path / "copied"
    bring_out(top, copied)
    tidy(top)
    for folder in (top, copied):
        assert sorted(path.name for path in folder.rglob("*")) == ["good", "inside", "sub"]
    assert (tmp_path / "secret").read_text() == "key"


def test_special_files_are_left_behind(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    os.mkfifo(top / "pipe")
    (top / "file").write_text("x")
    (top / "file").chmod(0o4711)
    bring_out(top, tmp_path / "copied")
    tidy(top)
    for folder in (top, tmp_path / "copied"):
        assert [path.name for path in folder.iterdir()] == ["file"]
        assert (folder / "file").stat().st_mode & 0o7777 == 0o755


def test_jobs_are_never_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert container_user() == (65534, 65534)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 0)
    assert container_user() == (1000, 65534)


def _mounted(answers: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda _: answers.pop(0))

    def fails(name: str, *arguments: str) -> None:
        raise SandboxError(f"{name} failed: not mounted")

    monkeypatch.setattr(storage, "_run", fails)


def test_it_does_not_matter_who_unmounts_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [True, False, False]
    _mounted(answers, monkeypatch)
    unmount(tmp_path)
    assert answers == []


def test_what_stays_mounted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _mounted([True, True], monkeypatch)
    with pytest.raises(SandboxError, match="umount failed"):
        unmount(tmp_path)

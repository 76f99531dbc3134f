from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

from edgepi.runtime.metadata import Distribution, EntryPoint, distributions


@pytest.fixture
def info(tmp_path: Path) -> Path:
    folder = tmp_path / "a_dist-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: A-Dist\nVersion: 1.0\n\nName: in the text\n"
    )
    return folder


def test_entry_points_of_one_group_are_found(info: Path) -> None:
    (info / "entry_points.txt").write_text(
        "[scripts]\na = b\n\n[edgepi.plugins]\n# c = d\none = pkg.mod\ntwo=pkg:thing\n[x]\nthree = y\n"
    )
    (found,) = distributions([str(info.parent), "/nowhere", str(info / "METADATA")])
    assert list(found.entry_points("edgepi.plugins")) == [
        EntryPoint("one", "pkg.mod"),
        EntryPoint("two", "pkg:thing"),
    ]
    assert (found.name, found.version) == ("A-Dist", "1.0")


def test_distribution_without_entry_points_has_none(info: Path) -> None:
    assert list(Distribution(info).entry_points("edgepi.plugins")) == []


def test_distribution_that_does_not_say_its_name_is_refused(info: Path) -> None:
    (info / "METADATA").write_text("Version: 1\n")
    with pytest.raises(ValueError, match="does not say its name"):
        _ = Distribution(info).name


def test_entry_point_loads_a_module_or_something_in_it() -> None:
    assert EntryPoint("a", "json").load() is json
    assert EntryPoint("a", "json:JSONDecoder.decode").load() is json.JSONDecoder.decode


@pytest.mark.parametrize("group", ["edgepi.plugins", "console_scripts", "pytest11"])
def test_the_standard_library_finds_the_same_here(group: str) -> None:
    ours = {(d.name, d.version, e.name, e.value) for d in distributions() for e in d.entry_points(group)}
    theirs = {
        (d.name, d.version, e.name, e.value)
        for d in importlib.metadata.distributions()
        for e in d.entry_points.select(group=group)
    }
    assert ours == theirs
    assert ours

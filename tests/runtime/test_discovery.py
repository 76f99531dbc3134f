from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.runtime.discovery import discover
from edgepi.runtime.records import PluginRecord, PluginStatus

MakeDist = Callable[..., str]
FindOne = Callable[..., PluginRecord]


@pytest.fixture
def find(site: Path) -> FindOne:
    def find(name: str, **options: object) -> PluginRecord:
        return discover(path=[str(site)], **options).record(name)  # type: ignore[arg-type]

    return find


def test_a_good_plugin_is_available_with_its_manifest(make_dist: MakeDist, find: FindOne) -> None:
    record = find(make_dist("good"))
    assert record.status is PluginStatus.AVAILABLE
    assert record.manifest is not None
    assert record.manifest.title == "A title"
    assert (record.distribution, record.version, record.third_party) == ("throwaway-good", "1.2.3", True)


def test_finding_a_plugin_does_not_import_it(make_dist: MakeDist, find: FindOne) -> None:
    find(make_dist("lazy", "raise RuntimeError('imported')"))
    assert not any(name.startswith("throwaway_lazy") for name in sys.modules)


def test_the_own_plugins_are_found() -> None:
    assert {"weather", "wittypi", "ina219", "openmeteo"} <= set(discover().names())


def test_a_missing_manifest_is_a_load_error(make_dist: MakeDist, find: FindOne) -> None:
    record = find(make_dist("bare", manifest=None))
    assert record.status is PluginStatus.LOAD_ERROR
    assert "edgepi-plugin.toml is missing" in record.reason


def test_a_malformed_manifest_is_a_load_error(make_dist: MakeDist, find: FindOne) -> None:
    record = find(make_dist("torn", manifest="[plugin\n"))
    assert record.status is PluginStatus.LOAD_ERROR
    assert "not valid TOML" in record.reason


def test_a_manifest_of_another_api_is_a_load_error(make_dist: MakeDist, find: FindOne) -> None:
    manifest = '[plugin]\nname = "future"\ntitle = "T"\nsummary = "S"\napi = 99\n'
    assert "API 99" in find(make_dist("future", manifest=manifest)).reason


def test_a_manifest_that_is_a_list_is_a_load_error(make_dist: MakeDist, find: FindOne) -> None:
    record = find(make_dist("listed", manifest="plugin = [1, 2]\n"))
    assert record.status is PluginStatus.LOAD_ERROR
    assert record.reason


def test_a_name_that_differs_from_the_manifest_is_a_load_error(make_dist: MakeDist, find: FindOne) -> None:
    record = find(make_dist("outside", manifest='[plugin]\nname = "inside"\ntitle = "T"\nsummary = "S"\n'))
    assert record.status is PluginStatus.LOAD_ERROR
    assert "'outside'" in record.reason
    assert "'inside'" in record.reason


def test_a_package_that_is_gone_is_a_load_error(make_dist: MakeDist, find: FindOne) -> None:
    record = find(make_dist("ghost", target="no_such_package_here.plugin"))
    assert record.status is PluginStatus.LOAD_ERROR
    assert "'no_such_package_here' is not there" in record.reason
    assert "reinstall throwaway-ghost" in record.reason


def test_a_lone_module_is_a_load_error(make_dist: MakeDist, find: FindOne, site: Path) -> None:
    (site / "lonely_module.py").write_text("")
    assert "not a package" in find(make_dist("lone", target="lonely_module")).reason


def test_an_entry_point_that_names_nothing_is_a_load_error(make_dist: MakeDist, find: FindOne) -> None:
    assert find(make_dist("odd", target=":")).status is PluginStatus.LOAD_ERROR


def test_a_name_claimed_by_two_distributions_is_refused_to_both(make_dist: MakeDist, find: FindOne) -> None:
    make_dist("twin", distribution="one-dist", package="twin_one")
    record = find(make_dist("twin", distribution="two-dist", package="twin_two"))
    assert record.status is PluginStatus.LOAD_ERROR
    assert "one-dist and two-dist both claim the name 'twin'" in record.reason


def test_a_name_of_ours_cannot_be_taken(make_dist: MakeDist, find: FindOne) -> None:
    make_dist("ours", distribution="edgepi", package="our_package")
    record = find(make_dist("ours", distribution="a-thief", package="thief_package"))
    assert record.status is PluginStatus.AVAILABLE
    assert record.package == "our_package"
    assert "a-thief" in record.reason


def test_the_same_distribution_twice_on_the_path_counts_once(
    make_dist: MakeDist, site: Path, tmp_path: Path
) -> None:
    make_dist("shadow")
    other = tmp_path / "other"
    other.mkdir()
    (site / "throwaway_shadow-1.2.3.dist-info").rename(other / "throwaway_shadow-1.2.3.dist-info")
    second = site / "throwaway_shadow-9.dist-info"
    second.mkdir()
    for file in (other / "throwaway_shadow-1.2.3.dist-info").iterdir():
        (second / file.name).write_text(file.read_text())
    record = discover(path=[str(other), str(site)]).record("shadow")
    assert record.status is PluginStatus.AVAILABLE


def test_unreadable_metadata_of_one_distribution_hides_no_other(
    make_dist: MakeDist, find: FindOne, site: Path
) -> None:
    broken = site / "broken-1.dist-info"
    broken.mkdir()
    (broken / "entry_points.txt").write_bytes(b"[edgepi.plugins]\n\xff\xfe = =\n===")
    assert find(make_dist("beside")).status is PluginStatus.AVAILABLE


def test_a_blocked_plugin_is_disabled(make_dist: MakeDist, find: FindOne) -> None:
    record = find(make_dist("blocked"), block={"blocked"})
    assert (record.status, record.reason) == (PluginStatus.DISABLED, "it is on the block list")


def test_a_plugin_outside_the_allow_list_is_disabled(make_dist: MakeDist, find: FindOne) -> None:
    assert find(make_dist("stranger"), allow={"friend"}).status is PluginStatus.DISABLED
    assert find("stranger", allow={"stranger"}).status is PluginStatus.AVAILABLE

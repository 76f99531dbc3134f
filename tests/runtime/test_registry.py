from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.errors import ContractError, PluginError, PluginNotFoundError, RequirementMissingError
from edgepi.runtime.discovery import discover
from edgepi.runtime.records import PluginStatus
from edgepi.runtime.registry import PluginRegistry

Find = Callable[[], PluginRegistry]
MakeDist = Callable[..., str]
MANIFEST = '[plugin]\nname = "{name}"\ntitle = "T"\nsummary = "S"\n'


@pytest.fixture
def find(site: Path) -> Find:
    return lambda: discover(path=[str(site)])


def fails(registry: PluginRegistry, name: str, kind: type[PluginError]) -> str:
    with pytest.raises(kind) as caught:
        registry.schema(name)
    record = registry.record(name)
    assert record.reason
    assert not record.status.usable
    assert type(caught.value) is kind
    return record.reason


def test_an_unknown_name_offers_the_near_miss_and_the_command_for_this_environment(
    make_dist: MakeDist, find: Find
) -> None:
    make_dist("weather_station")
    with pytest.raises(PluginNotFoundError, match="did you mean 'weather_station'") as caught:
        find().record("weatherstation")
    assert f"`{sys.prefix}/bin/python -m pip install edgepi-weatherstation`" in str(caught.value)


def test_an_unknown_name_that_resembles_none_lists_what_is_installed(make_dist: MakeDist, find: Find) -> None:
    make_dist("weather_station")
    with pytest.raises(PluginNotFoundError, match="installed are weather_station"):
        find().record("qqq")


def test_a_plugin_without_a_schema_takes_nothing(make_dist: MakeDist, find: Find) -> None:
    make_dist("plain")
    assert find().schema("plain") is None


def test_a_schema_is_returned_as_the_plugin_made_it(make_dist: MakeDist, find: Find) -> None:
    code = """
    @hookimpl
    def config_schema():
        return ConfigSchema(fields={"pin": int}, build=dict)
    """
    make_dist("keyed", code)
    schema = find().schema("keyed")
    assert schema is not None
    assert schema.fields == {"pin": int}


def test_a_module_is_imported_once(make_dist: MakeDist, find: Find, tmp_path: Path) -> None:
    registry = find_after(make_dist, find, "once")
    assert registry.load("once") is registry.load("once")


def find_after(make_dist: MakeDist, find: Find, name: str, code: str = "") -> PluginRegistry:
    make_dist(name, code)
    return find()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("raise ValueError('oh no')", "ValueError: oh no"),
        ("raise SystemExit(7)", "SystemExit: 7"),
        ("raise BaseException('deep')", "BaseException: deep"),
        ("1 +", "SyntaxError"),
    ],
)
def test_whatever_an_import_raises_is_a_load_error(
    make_dist: MakeDist, find: Find, statement: str, said: str
) -> None:
    registry = find_after(make_dist, find, "rude", statement)
    reason = fails(registry, "rude", PluginError)
    assert said in reason
    assert registry.record("rude").status is PluginStatus.LOAD_ERROR


def test_ctrl_c_during_an_import_passes(make_dist: MakeDist, find: Find) -> None:
    with pytest.raises(KeyboardInterrupt):
        find_after(make_dist, find, "stopped", "raise KeyboardInterrupt").load("stopped")


def test_a_requirement_that_is_missing_is_said_before_the_import(make_dist: MakeDist, find: Find) -> None:
    manifest = MANIFEST + 'requires = ["no_such_package_xyz"]\ninstall = "throwaway[extra]"\n'
    make_dist("needy", "raise RuntimeError('imported')", manifest=manifest)
    registry = find()
    reason = fails(registry, "needy", RequirementMissingError)
    assert "'no_such_package_xyz'" in reason
    assert f"{sys.prefix}/bin/python -m pip install 'throwaway[extra]'" in reason
    assert registry.record("needy").status is PluginStatus.MISSING_REQUIREMENT


def test_a_requirement_that_the_manifest_forgot_is_still_a_missing_requirement(
    make_dist: MakeDist, find: Find
) -> None:
    registry = find_after(make_dist, find, "forgetful", "import no_such_package_xyz")
    assert "'no_such_package_xyz'" in fails(registry, "forgetful", RequirementMissingError)
    assert registry.record("forgetful").status is PluginStatus.MISSING_REQUIREMENT


def test_an_own_module_that_is_gone_asks_for_a_reinstall(make_dist: MakeDist, find: Find) -> None:
    registry = find_after(make_dist, find, "holey", "import throwaway_holey.gone")
    assert "--force-reinstall throwaway-holey" in fails(registry, "holey", PluginError)


def test_an_object_that_the_module_lacks_is_a_load_error(make_dist: MakeDist, find: Find) -> None:
    make_dist("pointless", target="throwaway_pointless.plugin:nothing")
    assert "nothing" in fails(find(), "pointless", PluginError)


def test_an_unknown_hook_is_a_load_error_with_the_near_miss(make_dist: MakeDist, find: Find) -> None:
    registry = find_after(make_dist, find, "typo", "@hookimpl\ndef sensor(context):\n    return []\n")
    assert "did you mean 'sensors'?" in fails(registry, "typo", ContractError)


def test_a_hook_with_an_unknown_argument_is_a_load_error(make_dist: MakeDist, find: Find) -> None:
    registry = find_after(make_dist, find, "greedy", "@hookimpl\ndef sensors(world):\n    return []\n")
    assert "world" in fails(registry, "greedy", ContractError)


def test_an_offer_that_is_not_kept_is_a_load_error(make_dist: MakeDist, find: Find) -> None:
    make_dist("boastful", manifest=MANIFEST + 'offers = ["sensors"]\n')
    assert "does not implement" in fails(find(), "boastful", ContractError)


def test_an_offer_that_is_no_hook_is_a_load_error(make_dist: MakeDist, find: Find) -> None:
    make_dist("dreamy", manifest=MANIFEST + 'offers = ["tea"]\n')
    assert "no hook" in fails(find(), "dreamy", ContractError)


def test_a_schema_of_the_wrong_type_is_a_load_error(make_dist: MakeDist, find: Find) -> None:
    registry = find_after(
        make_dist, find, "dicty", "@hookimpl\ndef config_schema():\n    return {'a': int}\n"
    )
    assert "must give ConfigSchema, not dict" in fails(registry, "dicty", ContractError)


def test_a_schema_hook_that_exits_is_a_load_error(make_dist: MakeDist, find: Find) -> None:
    registry = find_after(make_dist, find, "exit", "@hookimpl\ndef config_schema():\n    raise SystemExit\n")
    assert "SystemExit" in fails(registry, "exit", PluginError)


def test_a_failed_plugin_is_not_imported_again(
    make_dist: MakeDist, find: Find, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    registry = find_after(make_dist, find, "again", "raise ValueError('first')")
    for _ in range(3):
        fails(registry, "again", PluginError)
    assert sum("first" in r.message for r in caplog.records) == 1


def test_a_quarantined_plugin_is_not_imported(make_dist: MakeDist, find: Find) -> None:
    registry = find_after(make_dist, find, "sick", "raise RuntimeError('imported')")
    registry.mark("sick", PluginStatus.QUARANTINED, "it held up the node")
    with pytest.raises(PluginError, match="quarantined: it held up the node"):
        registry.load("sick")


COMMAND = """
@hookimpl
def commands():
    return [Command("rain", "say how much rain fell", lambda parser: None, lambda args, context: 0)]
"""


def test_a_command_is_known_from_the_manifest_and_imported_when_called(
    make_dist: MakeDist, find: Find
) -> None:
    manifest = MANIFEST + '[[plugin.commands]]\nname = "rain"\nhelp = "say how much rain fell"\n'
    make_dist("wet", COMMAND, manifest=manifest)
    registry = find()
    assert [entry.name for entry in registry.command_entries()] == ["rain"]
    assert "throwaway_wet.plugin" not in sys.modules
    found = registry.command("rain")
    assert found is not None
    plugin, command = found
    assert plugin == "wet"
    assert command.help == "say how much rain fell"
    assert registry.command("snow") is None


def test_a_command_that_only_the_manifest_knows_is_an_error(make_dist: MakeDist, find: Find) -> None:
    manifest = MANIFEST + '[[plugin.commands]]\nname = "rain"\nhelp = "say how much rain fell"\n'
    make_dist("dry", manifest=manifest)
    with pytest.raises(PluginError, match="does not bring it"):
        find().command("rain")

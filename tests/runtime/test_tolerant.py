from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.config import Settings, check
from edgepi.errors import PluginNotFoundError
from edgepi.runtime.discovery import discover
from edgepi.runtime.tolerant import TolerantCatalog

NODE = "node: {name: test, latitude: 48.0, longitude: 11.0, elevation: 500, time_zone: UTC}\n"


def test_a_plugin_that_cannot_be_loaded_does_not_keep_the_node_from_starting(
    make_dist: Callable[..., str], site: Path, tmp_path: Path
) -> None:
    make_dist("broken", "raise SystemExit(1)")
    config = tmp_path / "edgepi.yaml"
    config.write_text(NODE + "plugins:\n  broken:\n    anything: {goes: [1, 2]}\n    importance: high\n")
    registry = discover(path=[str(site)])
    assert check(config, registry, {}).settings is None
    settings = check(config, TolerantCatalog(registry), {}).settings
    assert settings is not None
    (plugin,) = settings.plugins
    assert (plugin.plugin, plugin.importance) == ("broken", 5.0)
    assert plugin.config == {"anything": {"goes": [1, 2]}}


def test_a_name_that_is_not_installed_stays_an_error(site: Path) -> None:
    catalog = TolerantCatalog(discover(path=[str(site)]))
    with pytest.raises(PluginNotFoundError):
        catalog.schema("nobody")


GOOD = """
@hookimpl
def config_schema():
    from edgepi.plugin.fields import Number
    import voluptuous as vol
    return ConfigSchema({vol.Optional("speed", default=1.0): Number(min=0, max=9)}, dict, secrets=SECRETS)
SECRETS = frozenset({"key"})
"""


def started(text: str, site: Path, tmp_path: Path) -> Settings | None:
    config = tmp_path / "edgepi.yaml"
    config.write_text(NODE + text)
    registry = discover(path=[str(site)])
    assert check(config, registry, {}).settings is None, "check-config reports it all the same"
    return check(config, TolerantCatalog(registry), {}, leave_out=True).settings


@pytest.mark.parametrize(
    ("section", "found"),
    [
        ("fan: {sped: 3}", "edgepi.yaml:4:9: unknown key 'sped'"),
        ("fan: {speed: 11}", "edgepi.yaml:4:16:"),
        ("fan: 5", "expected the keys of plugin 'fan'"),
        ("fan: {speed: 1, speed: 2}", "there twice"),
        ("fan: {speed: !secret nothing}", "there is no secret 'nothing'"),
        ("fan: {speed: !env_var NOTHING}", "'NOTHING' is not set"),
        ("fan: !include nothing.yaml", "there is no such file"),
        ("fan: {speed: !odd 5}", "unknown tag !odd"),
        ("fann: {speed: 5}", "no plugin 'fann' is installed"),
    ],
)
def test_wrong_keys_of_one_plugin_cost_only_that_instance(
    make_dist: Callable[..., str], site: Path, tmp_path: Path, section: str, found: str
) -> None:
    make_dist("fan", GOOD)
    make_dist("other", GOOD)
    settings = started(f"plugins:\n  other: {{speed: 2}}\n  {section}\n", site, tmp_path)
    assert settings is not None
    other, wrong = settings.plugins
    assert (other.instance, other.config, other.findings) == ("other", {"speed": 2.0}, ())
    assert (wrong.instance, wrong.config) == (section.partition(":")[0], None)
    assert found in str(wrong.findings[0])
    assert settings.warnings == ()


def test_of_several_instances_only_the_wrong_ones_are_left_out_each_under_a_name_of_its_own(
    make_dist: Callable[..., str], site: Path, tmp_path: Path
) -> None:
    make_dist("fan", GOOD)
    listed = "[{name: a}, {name: b, speed: x}, {name: a}, {speed: 3}, {name: c, speed: 4}, 7]"
    settings = started(f"plugins: {{fan: {listed}}}\n", site, tmp_path)
    assert settings is not None
    assert [(p.instance, bool(p.findings)) for p in settings.plugins] == [
        ("a", False),
        ("b", True),
        ("a (2)", True),
        ("fan", True),
        ("c", False),
        ("fan (2)", True),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "energy: {battery: {capacity_wh: -1}}\nplugins: {fan: {}}\n",
        "plugins: [fan]\n",
        "plugin: {fan: {}}\n",
        "energy: {allow_halt: !secret nothing}\n",
        "plugins: {fan: {}\n",
    ],
)
def test_an_error_of_the_core_keeps_the_node_from_starting(
    make_dist: Callable[..., str], site: Path, tmp_path: Path, text: str
) -> None:
    make_dist("fan", GOOD)
    assert started(text, site, tmp_path) is None


@pytest.mark.parametrize(
    "code",
    [
        "@hookimpl\ndef config_schema(): return ConfigSchema({}, dict, secrets=None)\n",
        "@hookimpl\ndef config_schema(): return ConfigSchema(None, dict)\n",
        "@hookimpl\ndef config_schema(): return ConfigSchema({object(): 5}, dict)\n",
        "def build(): raise SystemExit(3)\n@hookimpl\ndef config_schema(): return ConfigSchema({}, build)\n",
        "@hookimpl\ndef config_schema(): return ConfigSchema({'a': print}, None)\n",
    ],
)
def test_a_wrong_schema_is_the_error_of_its_plugin_alone(
    make_dist: Callable[..., str], site: Path, tmp_path: Path, code: str
) -> None:
    make_dist("odd", code)
    settings = started("plugins: {odd: {a: 1}}\n", site, tmp_path)
    assert settings is not None
    (odd,) = settings.plugins
    assert odd.findings


def test_a_torn_file_of_secrets_is_said_and_costs_only_who_asks_for_one(
    make_dist: Callable[..., str], site: Path, tmp_path: Path
) -> None:
    make_dist("fan", GOOD)
    make_dist("other", GOOD)
    (tmp_path / "secrets.yaml").write_text("speed: [1\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    settings = started("plugins: {fan: {speed: !secret speed}, other: {}}\n", site, tmp_path)
    assert settings is not None
    assert [bool(p.findings) for p in settings.plugins] == [True, False]
    assert "secrets.yaml" in str(settings.warnings[0].path)


def test_a_secret_is_masked_in_what_is_found(
    make_dist: Callable[..., str], site: Path, tmp_path: Path
) -> None:
    make_dist("fan", GOOD.replace("SECRETS)", "SECRETS | {'speed'})"))
    settings = started("plugins: {fan: {speed: hunter2hunter2}}\n", site, tmp_path)
    assert settings is not None
    assert "hunter2" not in repr(settings.plugins[0].findings)


def test_an_instance_that_is_switched_off_stays_so_whatever_its_keys(
    make_dist: Callable[..., str], site: Path, tmp_path: Path
) -> None:
    make_dist("fan", GOOD)
    text = "plugins: {fan: {enabled: false, speed: !secret nothing}}\n"
    settings = started(text, site, tmp_path)
    assert settings is not None
    assert (settings.plugins[0].enabled, settings.plugins[0].findings) == (False, ())


def test_who_is_not_wanted_is_not_imported(make_dist: Callable[..., str], site: Path, tmp_path: Path) -> None:
    make_dist("bomb", "import os\nos.abort()\n")
    config = tmp_path / "edgepi.yaml"
    config.write_text(NODE + "plugins: {bomb: {fuse: short}}\n")
    catalog = TolerantCatalog(discover(path=[str(site)]), wanted=lambda record: record.name != "bomb")
    settings = check(config, catalog, {}, leave_out=True).settings
    assert settings is not None
    assert settings.plugins[0].config == {"fuse": "short"}

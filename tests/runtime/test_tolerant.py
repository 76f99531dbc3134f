from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.config import check
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

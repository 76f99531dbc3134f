"""The reference pages against the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_camera import plugin
from edgepi_camera.config import FIELDS
from tests.plugins.camera.doubles import Children, config_of

REFERENCE = Path(__file__).parents[3] / "docs/reference"
KEYS = (REFERENCE / "configuration.md").read_text(encoding="utf-8").partition("## `plugins.camera`")[2]
ROUTES = (REFERENCE / "camera-routes.md").read_text(encoding="utf-8")


def keys(fields: Mapping[Any, Any], before: str = "") -> Iterator[str]:
    for key, check in fields.items():
        if isinstance(check, Mapping):
            yield from keys(check, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def test_every_key_is_documented_and_no_other() -> None:
    rows = [line.split("|")[1] for line in KEYS.splitlines() if line.startswith("| `")]
    assert sorted(key for row in rows for key in re.findall(r"`([\w.]+)`", row)) == sorted(keys(FIELDS))


def test_every_route_is_documented_and_no_other(plugin_context: ContextFactory) -> None:
    routes = plugin.routes(plugin_context(config_of(), child=Children()))
    rows = [line.split("|")[1] for line in ROUTES.splitlines() if line.startswith("| `")]
    documented = [key.replace("{day}.mp4", "{name}") for row in rows for key in re.findall(r"`([^`]+)`", row)]
    assert sorted(documented) == sorted(f"{route.method} {route.path}" for route in routes)

"""``edgepi plugins``: which are there and how they stand, what one offers, start a new one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgepi.cli.client import NodeClient
from edgepi.cli.installed import installed
from edgepi.cli.output import print_json, print_table
from edgepi.cli.paths import add_state_argument, node_dir_of
from edgepi.errors import EdgePiError, NodeNotRunningError, PluginError
from edgepi.runtime.quarantine import Quarantine
from edgepi.runtime.records import PluginRecord
from edgepi.runtime.registry import PluginRegistry

__all__ = ["add_arguments", "run"]

COLUMNS = ("name", "distribution", "version", "status", "reason")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    listing = commands.add_parser("list", help="list installed plugins and how they stand")
    info = commands.add_parser("info", help="say what a plugin offers and which keys it takes")
    info.add_argument("name")
    release = commands.add_parser("release", help="let a plugin out of quarantine")
    release.add_argument("name")
    for command in (listing, info, release):
        add_state_argument(command)
        command.add_argument("--json", action="store_true", help="print JSON")

    from edgepi.cli import plugin_template

    plugin_template.add_arguments(commands.add_parser("new", help="start a plugin of your own"))


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.what == "new":
        from edgepi.cli import plugin_template

        return plugin_template.run(args)
    directory = node_dir_of(args)
    if args.what == "release":
        return _release(directory, args.name, as_json=args.json)
    registry = _registry(directory)
    if args.what == "info":
        return _info(registry, args.name, as_json=args.json)
    return _list(registry, _live(directory), as_json=args.json)


def _registry(directory: Path) -> PluginRegistry:
    registry = installed()
    Quarantine(directory).mark(registry)
    registry.probe()
    return registry


def _live(directory: Path) -> list[Mapping[str, Any]]:
    """Ask a running node how its instances stand; nothing when there is none, or none to be asked."""
    try:
        views = NodeClient(directory).get("plugins")
    except (NodeNotRunningError, EdgePiError):
        return []
    return [view for view in views if isinstance(view, dict) and view.get("instance")]


def _list(registry: PluginRegistry, live: Sequence[Mapping[str, Any]], *, as_json: bool) -> int:
    rows = [row for record in registry.records() for row in _rows(record, live)]
    unknown = [view for view in live if view.get("name") not in registry.names()]
    rows += [_row(None, view) for view in unknown]
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, [[_label(row), *(row[key] or None for key in COLUMNS[1:])] for row in rows])
    return 0


def _rows(record: PluginRecord, live: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    views = [view for view in live if view.get("name") == record.name]
    return [_row(record, view) for view in views] or [_row(record, None)]


def _row(record: PluginRecord | None, view: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "name": record.name if record else (view or {}).get("name"),
        "instance": view.get("instance") if view else None,
        "distribution": record.distribution if record else None,
        "version": record.version if record else None,
        "status": view.get("status") if view else record.status if record else None,
        "reason": (view.get("reason") if view else record.reason if record else None) or "",
    }


def _label(row: Mapping[str, Any]) -> str:
    instance, name = row["instance"], row["name"]
    return f"{name} ({instance})" if instance and instance != name else str(name)


def _info(registry: PluginRegistry, name: str, *, as_json: bool) -> int:
    registry.record(name)
    keys = _keys(registry, name)
    record = registry.record(name)
    manifest = record.manifest
    facts = {
        "name": record.name,
        "title": manifest.title if manifest else None,
        "summary": manifest.summary if manifest else None,
        "distribution": record.distribution,
        "version": record.version,
        "status": record.status,
        "reason": record.reason,
        "offers": manifest.offers if manifest else (),
        "commands": tuple(entry.name for entry in manifest.commands) if manifest else (),
        "requires": manifest.requires if manifest else (),
        "own_process": manifest.own_process if manifest else False,
        "keys": keys,
    }
    if as_json:
        print_json(facts)
    else:
        for key, value in facts.items():
            if value or key == "status":
                text = ", ".join(value) if isinstance(value, tuple) else value
                print(f"{key.replace('_', ' '):13} {text}")
    return 0 if record.status.usable else 1


def _keys(registry: PluginRegistry, name: str) -> tuple[str, ...]:
    try:
        schema = registry.schema(name)
    except PluginError:
        return ()  # its record says why
    return tuple(str(getattr(key, "schema", key)) for key in schema.fields) if schema else ()


def _release(directory: Path, name: str, *, as_json: bool) -> int:
    found = Quarantine(directory).release(name)
    if as_json:
        print_json({"released": found is not None, "name": name, "reason": found.reason if found else None})
    elif found is None:
        print(f"{name} is not in quarantine")
    else:
        print(f"released {name} ({found.reason}); it is loaded when the node starts the next time")
    return 0 if found is not None else 1

"""``edgepi check-config``: says what is wrong in a configuration file; touches no hardware, no network."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from edgepi.cli.output import print_json
from edgepi.cli.paths import find_config
from edgepi.config.catalog import PluginCatalog
from edgepi.config.loader import Report, check

__all__ = ["add_arguments", "run", "show"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the configuration file")
    parser.add_argument(
        "-c", "--config", type=Path, metavar="FILE", help="the same, as other commands take it"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace, catalog: PluginCatalog | None = None) -> int:
    """Check and print every finding; 1 if there is an error."""
    path = args.file or args.config or find_config(None, os.environ, Path.cwd())
    return show(path, check(path, catalog or _installed(), os.environ), as_json=args.json)


def show(path: Path, report: Report, *, as_json: bool) -> int:
    """Print every finding of a report; 1 if there is an error."""
    if as_json:
        print_json(_as_data(path, report))
    else:
        _print(path, report)
    return 1 if report.settings is None else 0


def _installed() -> PluginCatalog:
    from edgepi.runtime.discovery import discover

    return discover()


def _as_data(path: Path, report: Report) -> dict[str, object]:
    return {
        "path": str(path),
        "ok": report.settings is not None,
        "plugins": [p.instance for p in report.settings.plugins if p.enabled] if report.settings else [],
        "findings": [finding.as_dict() for finding in report.findings],
    }


def _print(path: Path, report: Report) -> None:
    for finding in report.findings:
        print(finding.render(), end="\n\n")
    if report.settings is not None:
        count = sum(plugin.enabled for plugin in report.settings.plugins)
        print(f"{path}: ok, {count} plugin{'' if count == 1 else 's'}")
    else:
        count = len(report.errors)
        print(f"{path}: {count} error{'' if count == 1 else 's'}")

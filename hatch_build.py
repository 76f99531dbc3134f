"""Builds the page, so that a wheel contains it; also run by ``make``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
TEMPLATE = "plugin-template"


class PageHook(BuildHookInterface[Any]):
    """Puts the built page and the plugin template into what is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if it is not there; an editable install takes it from the checkout."""
        if version == "editable":
            return
        root = Path(self.root)
        if not (root / "edgepi/web/static/index.html").is_file():
            build_page(root)
        if self.target_name == "wheel":
            build_data["force_include"][str(root / TEMPLATE)] = "edgepi/_plugin_template"


def build_page(root: Path) -> None:
    """Bundle ``edgepi/web/frontend`` into ``edgepi/web/static``; exits with one line if it cannot."""
    frontend = root / "edgepi/web/frontend"
    folder = node_folder()
    if folder is None:
        sys.exit(f"the page cannot be built: Node {OLDEST_NODE} or newer with npm is needed, or `make setup`")
    env = {
        **os.environ,
        "npm_config_update_notifier": "false",
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    npm = str(folder / "npm")
    installed = frontend / "node_modules/.package-lock.json"
    lock = frontend / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], frontend, env)
        installed.touch()
    _npm([npm, "run", "--silent", "build"], frontend, env)


def node_folder() -> Path | None:
    """Return the folder with a usable ``node`` and ``npm``: this environment's, or the system's."""
    own = Path(sys.executable).parent
    for folder in (str(own), *os.environ.get("PATH", "").split(os.pathsep)):
        if _usable(Path(folder)):
            return Path(folder)
    return None


def _usable(folder: Path) -> bool:
    node, npm = folder / "node", folder / "npm"
    if not (os.access(node, os.X_OK) and os.access(npm, os.X_OK)):
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)", said.stdout)
    return found is not None and int(found[1]) >= OLDEST_NODE


def _npm(command: list[str], folder: Path, env: dict[str, str]) -> None:
    print(f"page: npm {' '.join(command[1:3])}", flush=True)
    if subprocess.run(command, cwd=folder, env=env, check=False).returncode:
        sys.exit(f"the page cannot be built: `npm {' '.join(command[1:3])}` failed in {folder}")


if __name__ == "__main__":
    if sys.argv[1:] == ["has-node"]:
        sys.exit(node_folder() is None)
    build_page(Path(__file__).parent)

"""Where the configuration and the state directory are."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from edgepi.errors import EdgePiError

__all__ = [
    "CONFIG_NAME",
    "SYSTEM_CONFIG",
    "SYSTEM_STATE",
    "add_config_argument",
    "add_state_argument",
    "config_of",
    "find_config",
    "state_dir",
    "state_dir_of",
]

CONFIG_NAME = "edgepi.yaml"
SYSTEM_CONFIG = Path("/etc/edgepi") / CONFIG_NAME
SYSTEM_STATE = Path("/var/lib/edgepi")


def find_config(given: Path | None, env: Mapping[str, str], cwd: Path) -> Path:
    """Return the configuration file to use: given, $EDGEPI_CONFIG, here, the user's, the system's.

    Raises:
        EdgePiError: the file asked for is missing, or there is none anywhere.
    """
    asked = given or (Path(env["EDGEPI_CONFIG"]) if env.get("EDGEPI_CONFIG") else None)
    if asked:
        if asked.is_file():
            return asked
        raise EdgePiError(f"no configuration file at {asked}", hint="`edgepi init` writes one")
    places = [cwd / CONFIG_NAME, _xdg(env, "XDG_CONFIG_HOME", ".config") / CONFIG_NAME, SYSTEM_CONFIG]
    for place in places:
        if place.is_file():
            return place
    looked = ", ".join(map(str, places))
    raise EdgePiError(f"no configuration found (looked at {looked})", hint="`edgepi init` writes one")


def state_dir(given: Path | None, env: Mapping[str, str], uid: int) -> Path:
    """Return the state directory: given, $EDGEPI_STATE_DIR, systemd's, the system's for root, the user's."""
    if given:
        return given
    for name in ("EDGEPI_STATE_DIR", "STATE_DIRECTORY"):
        if env.get(name):
            return Path(env[name].split(":")[0])
    if uid == 0:
        return SYSTEM_STATE
    own = _xdg(env, "XDG_STATE_HOME", ".local/state")
    return own if not _service_runs_here(own) else SYSTEM_STATE


def _service_runs_here(own: Path) -> bool:
    return not own.exists() and (SYSTEM_STATE / "api.sock").exists()


def _xdg(env: Mapping[str, str], variable: str, fallback: str) -> Path:
    base = env.get(variable)
    return (Path(base) if base else Path(env.get("HOME", "~")).expanduser() / fallback) / "edgepi"


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--config FILE``."""
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="the configuration file")


def add_state_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--state-dir DIRECTORY``."""
    parser.add_argument("--state-dir", type=Path, metavar="DIRECTORY", help="where the node keeps its state")


def config_of(args: argparse.Namespace) -> Path:
    """Return the configuration file for parsed arguments.

    Raises:
        EdgePiError: there is none.
    """
    return find_config(args.config, os.environ, Path.cwd())


def state_dir_of(args: argparse.Namespace) -> Path:
    """Return the state directory for parsed arguments."""
    return state_dir(args.state_dir, os.environ, os.geteuid())

"""Where the configuration and the state directory are."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from edgepi.errors import EdgePiError

__all__ = [
    "CONFIG_NAME",
    "SIMULATED",
    "SYSTEM_CONFIG",
    "SYSTEM_STATE",
    "add_config_argument",
    "add_state_argument",
    "cache_dir",
    "config_of",
    "find_config",
    "listens",
    "node_dir",
    "node_dir_of",
    "state_dir",
    "state_dir_of",
]

CONFIG_NAME = "edgepi.yaml"
SYSTEM_CONFIG = Path("/etc/edgepi") / CONFIG_NAME
SYSTEM_STATE = Path("/var/lib/edgepi")
NAMED_BY = ("EDGEPI_STATE_DIR", "STATE_DIRECTORY")
SIMULATED = "sim"  # the folder of the simulated node, in one's own state directory


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


def cache_dir(env: Mapping[str, str]) -> Path:
    """Return the user's folder for what can be made again."""
    return _xdg(env, "XDG_CACHE_HOME", ".cache")


def state_dir(given: Path | None, env: Mapping[str, str], uid: int) -> Path:
    """Return the state directory: given, $EDGEPI_STATE_DIR, systemd's, the system's for root, the user's."""
    if given:
        return given
    for name in NAMED_BY:
        if env.get(name):
            return Path(env[name].split(":")[0])
    if uid == 0:
        return SYSTEM_STATE
    return _xdg(env, "XDG_STATE_HOME", ".local/state")


def node_dir(given: Path | None, env: Mapping[str, str], uid: int, *, rests: bool = False) -> Path:
    """Return the state directory of the node that runs: one's own, the service's, or the simulated one.

    If none runs, with *rests* that of the first that ever ran.
    """
    own = state_dir(given, env, uid)
    if given or any(env.get(name) for name in NAMED_BY):
        return own
    places = list(dict.fromkeys((own, SYSTEM_STATE, own / SIMULATED)))
    for place in places:
        if listens(place / "api.sock") or listens(place / "world.sock"):
            return place
    rested = (place for place in places if rests and _exists(place / "node.lock"))
    return next(rested, own)


def listens(path: Path) -> bool:
    """Whether a process listens on the socket, even one that this user may not talk to."""
    if not _exists(path):
        return False
    try:
        # Through the directory's descriptor, because a socket's own path may be 107 bytes at most.
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        return isinstance(error, PermissionError)
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(f"/proc/self/fd/{directory}/{path.name}")
        except OSError as error:
            return isinstance(error, PermissionError)
        finally:
            os.close(directory)
    return True


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


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


def node_dir_of(args: argparse.Namespace, *, rests: bool = False) -> Path:
    """Return the state directory of the node to ask, and say so if it is the simulated one."""
    directory = node_dir(args.state_dir, os.environ, os.geteuid(), rests=rests)
    if directory.name == SIMULATED and not (args.state_dir or os.environ.get("EDGEPI_STATE_DIR")):
        print(f"this is the simulated node in {directory}", file=sys.stderr)
    return directory

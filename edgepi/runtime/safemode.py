"""A node that died while starting comes up without third-party plugins."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from edgepi.files import atomic_write, sync_directory
from edgepi.runtime.records import PluginStatus
from edgepi.runtime.registry import PluginRegistry

__all__ = ["FLAG_NAME", "SAFE_MODE_REASON", "StartFlag", "boot_id", "leave_out_third_party"]

FLAG_NAME = "starting"
log = logging.getLogger("edgepi.node")
SAFE_MODE_REASON = (
    "left out in safe mode, because the node ended while it was starting the last time; restart to try again"
)


MAX_UNFINISHED = 3


def boot_id() -> str:
    """Name this boot of the machine; empty where the system does not say. Blocks."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


class StartFlag:
    """The file ``<state_dir>/starting``: there from the start until the node is ready.

    A start that ended in the boot in which it began was a crash. One that ended with the boot was
    most likely a power cut, and only several in a row count. Everything blocks: use a thread.
    """

    def __init__(self, state_dir: Path, boot: str) -> None:
        self._path = state_dir / FLAG_NAME
        self._boot = boot

    def hoist(self) -> bool:
        """Begin to start; True when the last start crashed. Raises OSError."""
        boot, unfinished = self._read()
        table = {"boot": self._boot, "unfinished": unfinished + 1}
        atomic_write(self._path, json.dumps(table) + "\n", 0o600)
        return unfinished > 0 and (boot == self._boot or unfinished >= MAX_UNFINISHED)

    def lower(self) -> None:
        """Say that the node is ready, or was stopped in order."""
        try:
            self._path.unlink(missing_ok=True)
            sync_directory(self._path.parent)
        except OSError as error:
            log.warning("%s cannot be removed: %s", self._path, error.strerror)

    def _read(self) -> tuple[str, int]:
        try:
            table = json.loads(self._path.read_text(encoding="utf-8"))
            return str(table["boot"]), int(table["unfinished"])
        except FileNotFoundError:
            return "", 0
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return self._boot, 1


def leave_out_third_party(registry: PluginRegistry) -> tuple[str, ...]:
    """Disable every plugin that did not come with EdgePi; returns their names."""
    left_out = [r.name for r in registry.records() if r.third_party and r.status.usable]
    for name in left_out:
        registry.mark(name, PluginStatus.DISABLED, SAFE_MODE_REASON)
    return tuple(left_out)

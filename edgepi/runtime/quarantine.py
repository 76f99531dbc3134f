"""Plugins that took the node down stay out until somebody lets them back in."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.files import atomic_write
from edgepi.runtime.records import PluginStatus
from edgepi.runtime.registry import PluginRegistry

__all__ = ["QUARANTINE_NAME", "Confinement", "Quarantine"]

QUARANTINE_NAME = "quarantine.json"
log = logging.getLogger("edgepi.plugins")


@dataclass(frozen=True, slots=True)
class Confinement:
    """Why a plugin is in quarantine; *since* is ISO 8601, empty when the time was not known."""

    reason: str
    since: str = ""


class Quarantine:
    """The file ``<state_dir>/quarantine.json``. Everything here blocks: call it in a thread."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / QUARANTINE_NAME

    def confined(self) -> dict[str, Confinement]:
        """Read who is in quarantine; a file that cannot be read holds nobody, and that is said."""
        try:
            table = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(name): _confinement(entry) for name, entry in table.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
            log.warning("%s cannot be read (%s): nobody is in quarantine", self._path, error)
            return {}

    def confine(self, name: str, reason: str, since: datetime | None) -> None:
        """Put a plugin in quarantine; raises OSError."""
        confined = self.confined()
        confined[name] = Confinement(reason, since.isoformat(timespec="seconds") if since else "")
        self._write(confined)

    def release(self, name: str) -> Confinement | None:
        """Let a plugin out and return why it was in; None if it was not. Raises OSError."""
        confined = self.confined()
        found = confined.pop(name, None)
        if found is not None:
            self._write(confined)
        return found

    def mark(self, registry: PluginRegistry) -> None:
        """Mark in the registry whoever is in quarantine."""
        for name, confinement in self.confined().items():
            if name in registry.names():
                reason = f"{confinement.reason}; let it back in with `edgepi plugins release {name}`"
                registry.mark(name, PluginStatus.QUARANTINED, reason)

    def _write(self, confined: Mapping[str, Confinement]) -> None:
        table = {name: asdict(confinement) for name, confinement in confined.items()}
        atomic_write(self._path, json.dumps(table, indent=2) + "\n", 0o600)


def _confinement(entry: Any) -> Confinement:
    return Confinement(str(entry["reason"]), str(entry.get("since", "")))

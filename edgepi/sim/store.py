"""Keeps the world in a file between two runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepi.errors import WorldError
from edgepi.files import atomic_write, remove_drafts
from edgepi.sim.simulation import Simulation

__all__ = ["load", "save", "snapshot"]

VERSION = 1


def snapshot(simulation: Simulation) -> dict[str, Any]:
    """Everything about a simulation that outlives its process."""
    return {
        "version": VERSION,
        "world": simulation.world.to_dict(),
        "node_clock_off_s": simulation.keeper.offset_s,
        "node_clock_trusted": simulation.keeper.trusted,
    }


def save(path: Path, data: Mapping[str, Any]) -> None:
    """Replace the file at once, on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, json.dumps(data))


def load(path: Path) -> dict[str, Any] | None:
    """Return what was saved, or None if there is nothing; raises WorldError if it cannot be read."""
    remove_drafts(path.parent, path.name)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise WorldError(f"{path} cannot be read ({error})", hint="start a new world with --fresh") from error
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise WorldError(f"{path} is no world of this version", hint="start a new one with --fresh")
    return data

"""Entry points of installed distributions: the small part of ``importlib.metadata`` that is needed.

The whole costs 20 ms of import (it brings ``email``), which every start and every command would pay.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

__all__ = ["Distribution", "EntryPoint", "distributions"]

_ENTRY_POINTS = "entry_points.txt"


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A name that a distribution gives to a module, or to something in one."""

    name: str
    value: str

    def load(self) -> Any:
        """Import what it names; raises whatever the import raises."""
        module, _, attributes = self.value.partition("[")[0].strip().partition(":")
        loaded = importlib.import_module(module.strip())
        return reduce(getattr, filter(None, attributes.strip().split(".")), loaded)


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution, known by its ``.dist-info`` or ``.egg-info`` directory."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name, as it writes it itself."""
        return self._header("Name")

    @property
    def version(self) -> str:
        """Its version."""
        return self._header("Version")

    def entry_points(self, group: str) -> Iterator[EntryPoint]:
        """Yield the entry points of a group; raises OSError or UnicodeDecodeError."""
        try:
            text = (self.folder / _ENTRY_POINTS).read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        section = ""
        for line in map(str.strip, text.splitlines()):
            if line.startswith("["):
                section = line.strip("[] ")
            elif section == group and "=" in line and not line.startswith(("#", ";")):
                name, _, value = line.partition("=")
                yield EntryPoint(name.strip(), value.strip())

    def _header(self, name: str) -> str:
        for file in ("METADATA", "PKG-INFO"):
            path = self.folder / file
            for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
                if not line:
                    break
                if line.startswith(f"{name}:"):
                    return line.partition(":")[2].strip()
        raise ValueError(f"{self.folder} does not say its {name.lower()}")


def distributions(path: Sequence[str] | None = None) -> Iterator[Distribution]:
    """Yield every distribution in the directories of *path* (``sys.path``), in their order."""
    for directory in sys.path if path is None else path:
        try:
            names = sorted(os.listdir(directory or "."))  # noqa: PTH208 (a Path per name costs more than all else)
        except OSError:  # not there, not a directory (a zip file), not readable
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")):
                yield Distribution(Path(directory or ".", name))

"""Finds the chips on an I2C bus that installed plugins say they can drive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgepi.errors import BusError
from edgepi.plugin import Manifest, Probe

__all__ = ["Chip", "Registers", "buses", "machine_parts", "scan"]


class Registers(Protocol):
    """The part of an I2C bus that recognising a chip needs."""

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """Read one register."""

    def read_word_data(self, i2c_addr: int, register: int) -> int:
        """Read two registers, low byte first."""


BOARDS_HOOK = "power_controllers"


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip that was found, the plugin that drives it, and the key that takes its address, if any.

    *cells* is how many cells in series it takes, None for any number; *value* is what *key* takes if that
    is no address.
    """

    plugin: str
    title: str
    bus: int
    address: int | None
    key: str = "address"
    cells: int | None = None
    value: str | None = None


def buses(dev: Path) -> list[int]:
    """List the I2C buses that are switched on; bus 1 is the one on a Pi's header."""
    numbers = (re.fullmatch(r"i2c-(\d+)", entry.name) for entry in dev.glob("i2c-*"))
    return sorted(int(number[1]) for number in numbers if number)


def scan(manifests: Iterable[Manifest], bus: Registers, number: int) -> Iterator[Chip]:
    """Ask each address that a manifest names; a chip that answers otherwise is left alone.

    Raises:
        BusError: the bus itself cannot be opened.
    """
    for manifest in manifests:
        for probe in manifest.probes:
            for address in probe.addresses:
                if _is_there(probe, bus, address):
                    yield Chip(manifest.name, manifest.title, number, address, probe.key, probe.cells)


def machine_parts(manifests: Iterable[Manifest], found: Iterable[Chip], root: Path) -> Iterator[Chip]:
    """List what the machine below *root* itself is; it is no power board beside one that was *found*."""
    manifests = tuple(manifests)
    boards = {manifest.name for manifest in manifests if BOARDS_HOOK in manifest.offers}
    has_board = any(chip.plugin in boards for chip in found)
    for manifest in manifests:
        if manifest.file is None or (has_board and manifest.name in boards):
            continue
        try:
            text = (root / manifest.file.path.lstrip("/")).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if text.startswith(manifest.file.begins):
            yield Chip(manifest.name, manifest.title, 1, None)


def _is_there(probe: Probe, bus: Registers, address: int) -> bool:
    try:
        if not probe.word:
            return bus.read_byte_data(address, probe.register) in probe.values
        low_first = bus.read_word_data(address, probe.register)
    except BusError as error:
        if error.errno in _UNUSABLE:
            raise
        return False
    return int.from_bytes(low_first.to_bytes(2, "little"), "big") in probe.values


_UNUSABLE = (None, 1, 2, 13, 19)  # EPERM, ENOENT, EACCES, ENODEV: no bus, rather than no chip

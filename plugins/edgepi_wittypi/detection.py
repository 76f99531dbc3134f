"""Finds out which board of the family is there. Blocks, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgepi.errors import BusError, DeviceNotFoundError
from edgepi.plugin import I2CBus
from edgepi_wittypi.access import Access
from edgepi_wittypi.family import Board
from edgepi_wittypi.gen3.board import Gen3Board
from edgepi_wittypi.gen4.board import Gen4Board
from edgepi_wittypi.gen4.health import MEMORY_LOST
from edgepi_wittypi.gen5.board import Gen5Board
from edgepi_wittypi.gen5.neighbour import is_clock_chip

__all__ = ["detect"]

IDENTITY = 0
TRIES = 5
CLOCKS_AT = 0x51
SHARED = (0x51, 0x69)  # clocks and motion sensors live there, too


@dataclass(frozen=True, slots=True)
class Member:
    """One model: where it answers from the factory, and who drives it.

    *drive* may look closer and raise DeviceNotFoundError; it must not write either.
    """

    name: str
    address: int
    drive: Callable[[Access, int], Board] | None = None


# By what register 0 holds.
FAMILY: Mapping[int, Member] = {
    0x26: Member("Witty Pi 4", 0x08, Gen4Board),
    0x37: Member("Witty Pi 4 L3V7", 0x08, Gen4Board),
    0x24: Member("Witty Pi 3", 0x69, Gen3Board),
    0x51: Member("Witty Pi 5 HAT+", 0x51, Gen5Board),
    0x52: Member("Witty Pi 5 Mini", 0x51),
    0x53: Member("Witty Pi 5 L3V7", 0x51),
}


def detect(bus: I2CBus, address: int | None = None) -> Board:
    """Find a board at *address*, or at each address that the family has from the factory.

    Raises:
        DeviceNotFoundError: nothing answers, or something else does.
    """
    if address is not None:
        return _open(bus, address, tuple(FAMILY))
    failures: list[DeviceNotFoundError] = []
    for each in dict.fromkeys(member.address for member in FAMILY.values()):
        here = tuple(identity for identity, member in FAMILY.items() if member.address == each)
        try:
            return _open(bus, each, here)
        except DeviceNotFoundError as error:
            failures.append(error)
    raise next((f for f in failures if isinstance(f, _SomethingElseError)), _nothing_at(None))


class _SomethingElseError(DeviceNotFoundError):
    """Something answers that is no board of ours."""


def _open(bus: I2CBus, address: int, identities: tuple[int, ...]) -> Board:
    found = _identity(bus, address, identities)
    member = FAMILY.get(found)
    if member is None:
        if address == CLOCKS_AT and is_clock_chip(Access(bus, address, "clock")):
            raise DeviceNotFoundError(
                f"at 0x{address:02x} is a clock chip of the PCF8563 kind and no Witty Pi 5",
                hint="the two cannot share a bus: a Witty Pi 5 cannot be moved to another address",
            )
        kind = DeviceNotFoundError if address in SHARED else _SomethingElseError
        raise kind(
            f"the chip at 0x{address:02x} says its id is 0x{found:02x}; that is no Witty Pi",
            hint=MEMORY_LOST if found in (0x00, 0xFF) else None,
        )
    if found not in identities:
        raise _SomethingElseError(
            f"the board at 0x{address:02x} is a {member.name}, which is not looked for there",
            hint=f"write `address: 0x{address:02x}` if its address was changed",
        )
    if member.drive is None:
        raise _SomethingElseError(
            f"the board at 0x{address:02x} is a {member.name}; this plugin does not drive it"
        )
    return member.drive(Access(bus, address, member.name), found)


def _identity(bus: I2CBus, address: int, identities: tuple[int, ...]) -> int:
    found: int | None = None
    failure: BusError | None = None
    for _ in range(TRIES):
        try:
            found = bus.read_byte_data(address, IDENTITY)
        except BusError as error:
            failure = error
        else:
            if found in identities:
                return found
    if found is None:
        raise _nothing_at(address) from failure
    return found


def _nothing_at(address: int | None) -> DeviceNotFoundError:
    where = ", ".join(f"0x{a:02x}" for a in ([address] if address is not None else _addresses()))
    return DeviceNotFoundError(
        f"no Witty Pi answers at {where}", hint="is it seated on the header, and is I2C switched on?"
    )


def _addresses() -> list[int]:
    return list(dict.fromkeys(member.address for member in FAMILY.values()))

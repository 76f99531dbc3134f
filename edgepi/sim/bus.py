"""An I2C bus with register-level chips on it and faults that can be switched on."""

from __future__ import annotations

import errno
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from edgepi.errors import BusError

__all__ = ["BlockChip", "BusFaults", "Chip", "SimulatedBus", "Stepped", "bus_error"]

BLOCK_LIMIT = 32  # of one SMBus block
LONGEST_STEP_S = 1.0


class Stepped(Protocol):
    """Something for which time passes."""

    def step(self, dt_s: float) -> None:
        """Let at most a second go by."""


class Chip(Protocol):
    """A chip with byte registers."""

    def read(self, register: int) -> int:
        """Return the byte of a register, with whatever reading it does."""

    def write(self, register: int, value: int) -> None:
        """Take a byte for a register."""

    def step(self, dt_s: float) -> None:
        """Let at most a second go by."""


@runtime_checkable
class BlockChip(Chip, Protocol):
    """A chip that does not simply go on to the next register within one transaction."""

    def read_block(self, register: int, length: int) -> Sequence[int]:
        """Return the bytes of one read transaction."""

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take the bytes of one write transaction."""


@dataclass(slots=True)
class BusFaults:
    """Faults in force now; change the sets to switch them on and off.

    *silent* addresses do not answer; *silent_next* says for how many transactions more;
    *garbage* addresses answer reads with noise; *deaf* addresses acknowledge writes and
    ignore them; *stuck* holds the whole bus. *cut_at_write* counts writes down per address: the last
    of them stops half-way, for the power goes, which *on_cut* brings about. *delay* is called at the
    start of each transaction and may block, as a hanging driver does.
    """

    silent: set[int] = field(default_factory=set)
    silent_next: dict[int, int] = field(default_factory=dict)
    garbage: set[int] = field(default_factory=set)
    deaf: set[int] = field(default_factory=set)
    cut_at_write: dict[int, int] = field(default_factory=dict)
    on_cut: Callable[[], None] | None = None
    stuck: bool = False
    delay: Callable[[], None] | None = None
    noise: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 (no secret)

    def clear(self) -> None:
        """Switch every fault off."""
        for each in (self.silent, self.silent_next, self.garbage, self.deaf, self.cut_at_write):
            each.clear()
        self.on_cut = None
        self.stuck = False
        self.delay = None

    def check(self, address: int) -> None:
        """Raise what the bus reports for a transaction with this address, if anything."""
        if self.stuck:
            raise bus_error(errno.ETIMEDOUT, address, "the bus is stuck")
        left = self.silent_next.get(address, 0)
        if left > 0:
            self.silent_next[address] = left - 1
        if left > 0 or address in self.silent:
            raise bus_error(errno.EREMOTEIO, address, "no answer")

    def cuts(self, address: int) -> bool:
        """Count a write; return whether the power goes in the middle of this one."""
        if address not in self.cut_at_write:
            return False
        self.cut_at_write[address] -= 1
        if self.cut_at_write[address] > 0:
            return False
        self.cut_at_write.clear()
        return True


def bus_error(number: int, address: int, what: str) -> BusError:
    """Build the error of a failed transaction, with its errno."""
    error = BusError(f"I2C address 0x{address:02x}: {what}")
    error.errno = number
    return error


class SimulatedBus:
    """`edgepi.plugin.I2CBus` over simulated chips; one transaction at a time.

    With *monotonic* (seconds) the chips are stepped up to that time before every
    transaction; without, time passes for them in `step` only.
    """

    def __init__(
        self,
        chips: Mapping[int, Chip] | None = None,
        *,
        monotonic: Callable[[], float] | None = None,
        faults: BusFaults | None = None,
    ) -> None:
        self.faults = faults or BusFaults()
        self._chips: dict[int, Chip] = dict(chips or {})
        self._carried: list[Stepped] = []
        self._pointer: dict[int, int] = {}
        self._monotonic = monotonic
        self._last_s = monotonic() if monotonic else 0.0
        self._lock = threading.RLock()

    def attach(self, address: int, chip: Chip) -> None:
        """Solder a chip to an address."""
        with self._lock:
            self._chips[address] = chip

    def detach(self, address: int) -> None:
        """Unsolder a chip; its address answers no more."""
        with self._lock:
            self._chips.pop(address, None)

    def carry(self, other: Stepped) -> None:
        """Let time pass for something that is no chip of its own, such as a board behind several."""
        with self._lock:
            self._carried.append(other)

    def clear(self) -> None:
        """Unsolder everything."""
        with self._lock:
            self._chips.clear()
            self._carried.clear()

    def addresses(self) -> tuple[int, ...]:
        """Addresses that a scan would find."""
        return tuple(sorted(self._chips))

    def chip(self, address: int) -> Chip:
        """The chip at an address; raises KeyError."""
        return self._chips[address]

    def step(self, dt_s: float) -> None:
        """Let time pass for every chip, once for each, in steps of at most a second."""
        with self._lock:
            while dt_s > 0.0:
                part_s = min(dt_s, LONGEST_STEP_S)
                for each in {id(each): each for each in (*self._chips.values(), *self._carried)}.values():
                    each.step(part_s)
                dt_s -= part_s

    @contextmanager
    def _transaction(self, address: int, *, answers: bool = False) -> Iterator[Chip]:
        if delay := self.faults.delay:
            delay()
        with self._lock:
            self._catch_up()
            self.faults.check(address)
            try:
                chip = self._chips[address]
            except KeyError:
                raise bus_error(errno.EREMOTEIO, address, "no answer") from None
            yield _Noise(self.faults.noise) if answers and address in self.faults.garbage else chip

    def _catch_up(self) -> None:
        if self._monotonic is None:
            return
        now_s = self._monotonic()
        elapsed_s, self._last_s = now_s - self._last_s, now_s
        self.step(elapsed_s)

    def _read(self, address: int, register: int, length: int) -> list[int]:
        with self._transaction(address, answers=True) as chip:
            self._pointer[address] = register
            if isinstance(chip, BlockChip):
                return [byte & 0xFF for byte in chip.read_block(register, length)]
            return [chip.read((register + i) & 0xFF) & 0xFF for i in range(length)]

    def _write(self, address: int, register: int, data: Sequence[int]) -> None:
        with self._transaction(address) as chip:
            self._pointer[address] = register
            torn = bool(data) and self.faults.cuts(address)
            if address not in self.faults.deaf:
                _put(chip, register, data[: len(data) // 2] if torn else data)
            if torn:
                if self.faults.on_cut is not None:
                    self.faults.on_cut()
                raise bus_error(errno.EREMOTEIO, address, "the power went during the write")

    def read_byte(self, i2c_addr: int) -> int:
        """Read one byte at the register last named."""
        return self._read(i2c_addr, self._pointer.get(i2c_addr, 0), 1)[0]

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Name a register without touching it."""
        self._write(i2c_addr, _byte(value), ())

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """Read one register."""
        return self._read(i2c_addr, _byte(register), 1)[0]

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write one register."""
        self._write(i2c_addr, _byte(register), (_byte(value),))

    def read_word_data(self, i2c_addr: int, register: int) -> int:
        """Read two bytes, low byte first."""
        low, high = self._read(i2c_addr, _byte(register), 2)
        return low | high << 8

    def write_word_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write two bytes, low byte first."""
        self._write(i2c_addr, _byte(register), (value & 0xFF, _byte(value >> 8)))

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Read up to 32 bytes."""
        if not 1 <= length <= BLOCK_LIMIT:
            raise ValueError(f"a block has 1 to {BLOCK_LIMIT} bytes, not {length}")
        return self._read(i2c_addr, _byte(register), length)

    def write_i2c_block_data(self, i2c_addr: int, register: int, data: Sequence[int]) -> None:
        """Write up to 32 bytes."""
        if not 1 <= len(data) <= BLOCK_LIMIT:
            raise ValueError(f"a block has 1 to {BLOCK_LIMIT} bytes, not {len(data)}")
        self._write(i2c_addr, _byte(register), tuple(_byte(value) for value in data))


class _Noise:
    """What an address with bad wiring answers."""

    def __init__(self, noise: random.Random) -> None:
        self._noise = noise

    def read(self, register: int) -> int:
        del register
        return self._noise.randrange(256)

    def write(self, register: int, value: int) -> None:
        """Never called: garbage concerns answers only."""

    def step(self, dt_s: float) -> None:
        """Noise has no time."""


def _put(chip: Chip, register: int, data: Sequence[int]) -> None:
    if isinstance(chip, BlockChip):
        chip.write_block(register, data)
    else:
        for i, value in enumerate(data):
            chip.write((register + i) & 0xFF, value)


def _byte(value: int) -> int:
    if not 0 <= value <= 0xFF:
        raise ValueError(f"{value} does not fit in a byte")
    return value

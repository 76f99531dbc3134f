"""The kernel's files and the power key of a board that is no chip on a bus, through the world's socket."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from edgepi.errors import HardwareError
from edgepi.hardware import Machine, open_hardware
from edgepi.sim.chips import WittyPi4
from edgepi.sim.chips import boards as all_boards
from edgepi.sim.chips.powerboard import KEY_POWER, no_such_file
from edgepi.sim.files import FILES
from edgepi.sim.simulation import Simulation
from edgepi.sim.world import WorldSpec
from edgepi.testing.world import build_simulation, served_world

WAKE = "/sys/class/rtc/rtc0/wakealarm"


class FileBoard(WittyPi4):
    """A board with one file and a key."""

    name: ClassVar[str] = "filed"
    on_key: Callable[[int], None] | None = None
    held = "0"

    def attribute(self, path: str) -> str:
        if path != WAKE:
            raise no_such_file(f"{path} cannot be read: No such file or directory")
        return self.held

    def set_attribute(self, path: str, text: str) -> None:
        if self.held != "0":
            busy = HardwareError(f"{path} cannot be written: Device or resource busy")
            busy.errno = errno.EBUSY
            raise busy
        self.held = text

    def set_rtc(self, time_utc: datetime) -> None:
        self.set_clock(time_utc)


@pytest.fixture
def filed(monkeypatch: pytest.MonkeyPatch) -> Simulation:
    monkeypatch.setattr(all_boards, "BOARDS", {"filed": FileBoard})
    return build_simulation(WorldSpec(power_board="filed"))


@pytest.fixture
async def machine(filed: Simulation) -> AsyncIterator[Machine]:
    async with served_world(filed) as path, open_hardware(path, allow_halt=True) as opened:
        yield opened


async def test_a_file_is_answered_by_the_board(machine: Machine) -> None:
    assert await machine.read_attribute(WAKE) == "0"
    await machine.write_attribute(WAKE, "1700000000")
    assert await machine.read_attribute("/sys/class/rtc/./rtc0/wakealarm") == "1700000000"


async def test_the_boards_refusal_arrives_with_its_number(machine: Machine) -> None:
    await machine.write_attribute(WAKE, "1")
    with pytest.raises(HardwareError, match="busy") as busy:
        await machine.write_attribute(WAKE, "2")
    assert busy.value.errno == errno.EBUSY
    with pytest.raises(HardwareError) as missing:
        await machine.read_attribute("/sys/class/rtc/rtc0/colour")
    assert missing.value.errno == errno.ENOENT


async def test_files_have_the_faults_of_a_bus(machine: Machine, filed: Simulation) -> None:
    faults = filed.world.bus.faults
    faults.silent_next[FILES] = 1
    with pytest.raises(HardwareError, match="Input/output error") as failed:
        await machine.read_attribute(WAKE)
    assert failed.value.errno == errno.EIO
    faults.deaf.add(FILES)
    await machine.write_attribute(WAKE, "1")
    assert await machine.read_attribute(WAKE) == "0"
    faults.garbage.add(FILES)
    assert await machine.read_attribute(WAKE) != "0"
    faults.clear()
    await machine.write_attribute(WAKE, "1")
    assert await machine.read_attribute(WAKE) == "1"


async def test_the_power_may_go_while_a_file_is_written(machine: Machine, filed: Simulation) -> None:
    faults = filed.world.bus.faults
    faults.cut_at_write[FILES] = 1
    faults.on_cut = lambda: filed.world.unplug(3600.0)
    with pytest.raises(HardwareError, match="Input/output error"):
        await machine.write_attribute(WAKE, "1")
    assert filed.world.is_unplugged
    assert await machine.read_attribute(WAKE) == "0"


async def test_paths_are_checked_as_on_a_real_machine(machine: Machine) -> None:
    with pytest.raises(HardwareError, match="not below"):
        await machine.read_attribute("/etc/shadow")
    with pytest.raises(HardwareError, match="not below"):
        await machine.write_attribute("/proc/device-tree/model", "x")


async def test_a_press_of_the_key_is_told_until_the_watch_ends(machine: Machine, filed: Simulation) -> None:
    pressed: list[str] = []
    key = machine.watch_key(KEY_POWER, lambda: pressed.append("a"))
    other = machine.watch_key(KEY_POWER, lambda: pressed.append("b"))
    board = filed.world.board
    assert isinstance(board, FileBoard)
    assert board.on_key is not None
    board.on_key(KEY_POWER)
    await _until(lambda: len(pressed) == 2)
    other.close()
    other.close()
    board.on_key(KEY_POWER)
    await _until(lambda: len(pressed) == 3)
    assert pressed == ["a", "b", "a"]
    assert not key.value()
    with pytest.raises(HardwareError, match="no key 30"):
        machine.watch_key(30, print)


async def test_a_board_on_a_bus_has_neither_files_nor_keys(served: Path) -> None:
    async with open_hardware(served, allow_halt=True) as machine:
        with pytest.raises(HardwareError, match="no such file") as missing:
            await machine.read_attribute(WAKE)
        assert missing.value.errno == errno.ENOENT
        with pytest.raises(HardwareError, match="no key"):
            machine.watch_key(KEY_POWER, print)


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (the other side tells nobody)
            await asyncio.sleep(0.01)


async def test_the_clock_chip_is_set_as_through_its_device(machine: Machine, filed: Simulation) -> None:
    await machine.set_rtc(datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
    shown = filed.world.board.clock_utc()
    assert shown is not None
    assert (shown.year, shown.month) == (2030, 1)
    filed.world.bus.faults.deaf.add(FILES)
    await machine.set_rtc(datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert (again := filed.world.board.clock_utc()) is not None
    assert again.year == 2030

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
from collections.abc import Iterator

import pytest

from edgepi.errors import HardwareError
from edgepi.hardware import linux_keys
from edgepi.hardware.linux_keys import LinuxKey

POWER = 116
KEY, PRESSED, RELEASED, REPEATED = 1, 1, 0, 2


def event(code: int, value: int, kind: int = KEY) -> bytes:
    return struct.pack("llHHi", 1, 2, kind, code, value)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    yield reading, writing
    for handle in (reading, writing):
        try:
            os.close(handle)
        except OSError:
            continue


def watch(reading: int, pressed: list[str]) -> LinuxKey:
    loop = asyncio.get_running_loop()
    return LinuxKey(POWER, lambda: pressed.append("power"), loop=loop, devices=lambda _code: ([reading], []))


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0.01)


async def test_each_press_is_told_once_and_nothing_else(pipe: tuple[int, int]) -> None:
    pressed: list[str] = []
    key = watch(pipe[0], pressed)
    os.write(pipe[1], event(POWER, PRESSED) + event(0, 0, kind=0) + event(POWER, REPEATED))
    os.write(pipe[1], event(POWER, RELEASED) + event(30, PRESSED) + event(POWER, PRESSED))
    await settle()
    assert pressed == ["power", "power"]
    key.close()


async def test_a_closed_key_is_watched_no_more(pipe: tuple[int, int]) -> None:
    pressed: list[str] = []
    key = watch(pipe[0], pressed)
    key.close()
    key.close()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(pipe[0])
    assert not key.value()
    assert pressed == []


async def test_a_device_that_goes_away_harms_nobody(pipe: tuple[int, int]) -> None:
    pressed: list[str] = []
    key = watch(pipe[0], pressed)
    os.close(pipe[1])
    await settle()
    assert pressed == []
    assert not key.value()
    key.close()


async def test_a_machine_without_the_key_says_so_and_whom_it_could_not_ask() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(HardwareError, match="no key 116") as nothing:
        LinuxKey(POWER, print, loop=loop, devices=lambda _code: ([], []))
    assert nothing.value.hint is None
    with pytest.raises(HardwareError, match="group input"):
        LinuxKey(POWER, print, loop=loop, devices=lambda _code: ([], ["/dev/input/event0"]))


def test_only_keys_of_the_board_itself_count(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = bytearray(linux_keys.KEY_BYTES)
    mask[POWER // 8] |= 1 << POWER % 8
    buses = {5: 0x19, 6: 0x03, 7: 0x1E}  # soldered, USB keyboard, television

    def ioctl(handle: int, request: int, _size: bytes) -> bytes:
        return struct.pack("HHHH", buses[handle], 0, 0, 0) if request == linux_keys.EVIOCGID else bytes(mask)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    has_key = linux_keys._has_key
    assert [has_key(handle, POWER) for handle in buses] == [True, False, False]
    assert not has_key(5, POWER + 1)


def test_the_requests_are_those_of_the_kernels_header() -> None:
    assert linux_keys.EVIOCGID == 0x80084502
    assert linux_keys.EVIOCGBIT_KEY == 0x80604521
    assert linux_keys.EVIOCGKEY == 0x80604518

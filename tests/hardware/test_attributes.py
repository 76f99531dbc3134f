from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from edgepi.errors import HardwareError
from edgepi.hardware.attributes import WRITABLE, KernelFiles, allowed
from edgepi.hardware.linux import LinuxMachine

WAKE = "/sys/class/rtc/rtc0/wakealarm"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine's root whose /sys/class holds links, as the real one does."""
    device = tmp_path / "sys/devices/platform/rtc/rtc0"
    device.mkdir(parents=True)
    (device / "wakealarm").write_text("123\n")
    (tmp_path / "sys/class/rtc").mkdir(parents=True)
    (tmp_path / "sys/class/rtc/rtc0").symlink_to(device)
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_bytes(b"Raspberry Pi 5 Model B\0")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/shadow").write_text("secret")
    return tmp_path


@pytest.fixture
def machine(root: Path) -> LinuxMachine:
    return LinuxMachine(allow_halt=False, files=KernelFiles(root))


async def test_a_file_is_read_through_its_link_and_without_what_ends_it(machine: LinuxMachine) -> None:
    assert await machine.read_attribute(WAKE) == "123"
    assert await machine.read_attribute("/proc/device-tree/model") == "Raspberry Pi 5 Model B"


async def test_a_number_of_the_device_tree_may_end_like_a_newline(machine: LinuxMachine, root: Path) -> None:
    await asyncio.to_thread((root / "proc/device-tree/rsts").write_bytes, b"\0\0\x10\x0a")
    assert await machine.read_attribute("/proc/device-tree/rsts") == "\0\0\x10\n"


async def test_a_file_is_written_as_it_stands(machine: LinuxMachine, root: Path) -> None:
    await machine.write_attribute(WAKE, "0")
    written = root / "sys/devices/platform/rtc/rtc0/wakealarm"
    assert (await asyncio.to_thread(written.read_text))[0] == "0"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/sys/class/../../etc/shadow",
        "/sys/class/rtc/../../kernel/x",
        "/sys/classical/x",
        "/sys/class",
        "sys/class/rtc/rtc0/wakealarm",
        "/sys/class/rtc\0/x",
        "//etc/shadow",
        "",
    ],
)
async def test_no_other_file_is_touched(machine: LinuxMachine, path: str) -> None:
    with pytest.raises(HardwareError, match="not below"):
        await machine.read_attribute(path)
    with pytest.raises(HardwareError, match="not below"):
        await machine.write_attribute(path, "1")


def test_a_roundabout_way_to_an_allowed_file_is_made_straight() -> None:
    assert allowed("/sys/class/rtc/../rtc/./rtc0/name") == "/sys/class/rtc/rtc0/name"


async def test_the_device_tree_is_only_read(machine: LinuxMachine) -> None:
    with pytest.raises(HardwareError, match="not below"):
        await machine.write_attribute("/proc/device-tree/model", "mine")
    assert "/proc/device-tree" not in WRITABLE


async def test_what_the_kernel_says_is_said_with_its_number(machine: LinuxMachine, root: Path) -> None:
    with pytest.raises(HardwareError, match="No such file or directory") as missing:
        await machine.read_attribute("/sys/class/rtc/rtc9/name")
    assert missing.value.errno == errno.ENOENT
    with pytest.raises(HardwareError, match="No such file or directory"):
        await machine.write_attribute("/sys/class/rtc/rtc0/new", "1")
    assert not await asyncio.to_thread((root / "sys/class/rtc/rtc0/new").exists)
    with pytest.raises(HardwareError, match="Is a directory") as directory:
        await machine.read_attribute("/sys/class/rtc/rtc0")
    assert directory.value.errno == errno.EISDIR

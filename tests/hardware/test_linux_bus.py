from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest

from edgepi.errors import BusError
from edgepi.hardware.linux_bus import LinuxBus


class FakeSMBus:
    """Remembers calls; fails as told; notices two transactions at once."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: OSError | None = None
        self.closed = False
        self._busy = Lock()

    def __getattr__(self, method: str) -> Any:
        if not method.startswith(("read", "write")):
            raise AttributeError(method)

        def call(*arguments: Any) -> Any:
            assert self._busy.acquire(blocking=False), "two transactions at once"
            try:
                self.calls.append((method, *arguments))
                if self.error:
                    raise self.error
                return [1, 2] if "block" in method else 7
            finally:
                self._busy.release()

        return call

    def close(self) -> None:
        self.closed = True


def test_every_transaction_goes_to_smbus2_as_it_is() -> None:
    fake = FakeSMBus()
    bus = LinuxBus(1, lambda _number: fake)
    assert bus.read_byte(0x76) == bus.read_byte_data(0x76, 1) == bus.read_word_data(0x76, 1) == 7
    assert bus.read_i2c_block_data(0x76, 1, 2) == [1, 2]
    bus.write_byte(0x76, 5)
    bus.write_byte_data(0x76, 1, 5)
    bus.write_word_data(0x76, 1, 5)
    bus.write_i2c_block_data(0x76, 1, (3, 4))
    assert fake.calls[3:] == [
        ("read_i2c_block_data", 0x76, 1, 2),
        ("write_byte", 0x76, 5),
        ("write_byte_data", 0x76, 1, 5),
        ("write_word_data", 0x76, 1, 5),
        ("write_i2c_block_data", 0x76, 1, [3, 4]),
    ]


def test_an_address_that_does_not_answer_is_named() -> None:
    fake = FakeSMBus()
    fake.error = OSError(errno.EREMOTEIO, "Remote I/O error")
    with pytest.raises(BusError, match="0x76 on /dev/i2c-1: no answer") as caught:
        LinuxBus(1, lambda _number: fake).read_byte(0x76)
    assert caught.value.errno == errno.EREMOTEIO


def test_a_chip_that_a_driver_of_the_kernel_holds_is_no_riddle() -> None:
    fake = FakeSMBus()
    fake.error = OSError(errno.EBUSY, "Device or resource busy")
    with pytest.raises(BusError, match="0x68 on /dev/i2c-1: Device or resource busy") as caught:
        LinuxBus(1, lambda _number: fake).read_byte(0x68)
    assert "dtoverlay" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOENT, "raspi-config"), (errno.EACCES, "usermod"), (errno.EPERM, "usermod")],
)
def test_a_bus_that_cannot_be_opened_says_what_to_do(number: int, advice: str) -> None:
    def refuse(_number: int) -> Any:
        raise OSError(number, "no")

    with pytest.raises(BusError, match="/dev/i2c-1") as caught:
        LinuxBus(1, refuse).read_byte(0x76)
    assert advice in str(caught.value.hint)


def test_a_bus_that_could_not_be_opened_is_tried_again() -> None:
    fake = FakeSMBus()
    tries = iter([OSError(errno.ENOENT, "no"), None])

    def open_bus(_number: int) -> Any:
        if error := next(tries):
            raise error
        return fake

    bus = LinuxBus(1, open_bus)
    with pytest.raises(BusError):
        bus.read_byte(0x76)
    assert bus.read_byte(0x76) == 7


def test_threads_take_turns() -> None:
    fake = FakeSMBus()
    bus = LinuxBus(1, lambda _number: fake)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: bus.read_byte(0x76), range(400))) == {7}


def test_a_closed_bus_opens_again_when_needed() -> None:
    made: list[FakeSMBus] = []

    def open_bus(_number: int) -> Any:
        made.append(FakeSMBus())
        return made[-1]

    bus = LinuxBus(1, open_bus)
    bus.close()
    bus.read_byte(0x76)
    bus.close()
    assert made[0].closed
    bus.read_byte(0x76)
    assert len(made) == 2


def test_the_real_smbus2_on_a_machine_without_a_bus_gives_our_error() -> None:
    with pytest.raises(BusError, match="/dev/i2c-250"):
        LinuxBus(250).read_byte(0x76)

"""Our drivers on the kernel's I2C bus, through LinuxMachine and smbus2."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from real_bus_chips import (
    AIR,
    BOARD_C,
    INDOORS,
    INPUT_V,
    OUTPUT_A,
    OUTPUT_V,
    RAIL_A,
    RAIL_V,
    SHUNT_OHM,
    VANE_V,
)
from real_bus_rows import Row, about, exact, refusal, said

from edgepi.errors import BusError, DeviceNotFoundError
from edgepi.hardware.linux_bus import LinuxBus
from edgepi.model import WakePlan
from edgepi_ina219.chip import Ina219
from edgepi_ina219.ina226 import Ina226
from edgepi_weather.chips.adc import Adc
from edgepi_weather.chips.air import AirChip
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.detection import detect
from edgepi_wittypi.family import Board

__all__ = ["cannot_be_played", "failures", "ina", "measures", "played_boards", "still_boards", "vane"]

T = TypeVar("T")
NOBODY = 0x20
# Where they answer, and how finely they resolve input, output and current.
BOARDS = {0x69: (0.07, 0.07, 0.03), 0x08: (0.07, 0.07, 0.03), 0x51: (0.01, 0.01, 0.01)}


def measures(bus: LinuxBus, *, how: str) -> Iterator[Row]:
    """The sensors of the air and the converter of the vane."""
    outdoors, indoors = AirChip(bus, 0x76), AirChip(bus, 0x77)
    yield exact(
        f"{how}: which chips answer", "BME280 BMP280", f"{outdoors.identity.model} {indoors.identity.model}"
    )
    for name, chip, air in (("BME280", outdoors, AIR), ("BMP280", indoors, INDOORS)):
        chip.trigger()
        sample = _wait(chip.result)
        yield about(f"{how}: {name}, degrees C", air.temperature_c, sample.temperature_c, 0.01)
        yield about(f"{how}: {name}, hPa", air.pressure_hpa, sample.pressure_hpa, 0.02)
        if chip is outdoors:
            yield about(f"{how}: BME280, % humidity", air.humidity_percent, sample.humidity_percent, 0.05)


def vane(bus: LinuxBus, channels: int, *, how: str) -> Iterator[Row]:
    """The converter of the vane."""
    adc = Adc(bus, 0x48)
    for channel in range(channels):
        adc.trigger(channel)
        yield about(f"{how}: ADS1115, input {channel}, V", VANE_V[channel], _wait(adc.result), 0.0002)


def ina(bus: LinuxBus, *, how: str) -> Iterator[Row]:
    """Both meters."""
    for kind, address, within_a in ((Ina219, 0x40, 0.001), (Ina226, 0x41, 0.0005)):
        chip = kind(bus, address, shunt_ohm=SHUNT_OHM, max_a=3.2)
        chip.trigger()
        measured = _wait(chip.result)
        yield about(f"{how}: {kind.name}, V", RAIL_V, measured.bus_v, 0.005)
        yield about(f"{how}: {kind.name}, A", RAIL_A, measured.current_a, within_a)


def still_boards(bus: LinuxBus) -> Iterator[Row]:
    """The power boards, on registers that keep still: telemetry, clocks, settings, wakes."""
    for address, steps in BOARDS.items():
        board = detect(bus, address)
        yield from _telemetry(board, steps, how="stub")
        board.set_clock(lambda: datetime.now(UTC))
        yield _clock(board, "stub", "just set")
        board.configure(WittyPiConfig(low_voltage=11.5, watchdog=None))
        yield _wake(board, "stub")


def played_boards(bus: LinuxBus) -> Iterator[Row]:
    """The power boards at work: what they measure, a clock that goes, a wake that is held through it all."""
    for address, steps in BOARDS.items():
        board = detect(bus, address)
        yield from _telemetry(board, steps, how="played")
        board.set_clock(lambda: datetime.now(UTC))
        time.sleep(4.0)
        yield _clock(board, "played", "4 s after it was set")
        board.configure(WittyPiConfig(low_voltage=11.5, watchdog=600.0))
        board.woken()
        board.heartbeat()
        yield _wake(board, "played")
        board.prepare_cut()
        yield exact(f"played: {board.model}, what is wrong with it", (), board.health())


def _clock(board: Board, how: str, when: str) -> Row:
    shown = board.clock()
    off_s = None if shown is None else (shown - datetime.now(UTC)).total_seconds()
    return about(f"{how}: {board.model}, s that its clock is off, {when}", 0.0, off_s, 2.0)


def _wake(board: Board, how: str) -> Row:
    wake = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=6)
    armed = board.arm(WakePlan(wake_utc=wake, recovery_v=12.8), datetime.now(UTC), margin_s=120.0)
    return exact(f"{how}: {board.model}, the wake that it holds", wake, armed.receipt.wake_utc)


def _telemetry(board: Board, steps: tuple[float, float, float], *, how: str) -> Iterator[Row]:
    measured = board.measure()
    name = f"{how}: {board.model} ({board.firmware})"
    yield about(f"{name}, input V", INPUT_V, measured.input_v, steps[0])
    yield about(f"{name}, output V", OUTPUT_V, measured.output_v, steps[1])
    yield about(f"{name}, output A", OUTPUT_A, measured.output_a, steps[2])
    yield about(f"{name}, degrees C", BOARD_C, measured.temperature_c, 0.25)


def failures(bus: LinuxBus, absent: LinuxBus) -> Iterator[Row]:
    """Nobody answers, and there is no such bus; as the kernel says it."""
    where = f"0x{NOBODY:02x} on /dev/i2c-0"
    yield refusal(
        "an address at which nobody answers", BusError, where, lambda: bus.read_byte_data(NOBODY, 0)
    )
    yield refusal("a write to it", BusError, where, lambda: bus.write_word_data(NOBODY, 0, 1))
    words = "no BME280 or BMP280 answers at 0x20"
    yield refusal("a driver that looks there", DeviceNotFoundError, words, lambda: AirChip(bus, NOBODY))
    try:
        absent.read_byte_data(0x76, 0xD0)
    except BusError as error:
        yield said("a bus that is not there", "raspi-config", f"{error.message}; {error.hint}")
    bus.close()
    yield exact("after close() the bus is opened anew", 0x60, bus.read_byte_data(0x76, 0xD0))


def cannot_be_played(bus: LinuxBus) -> Iterator[Row]:
    """What registers that keep still cannot be; that our drivers find out is right."""
    for kind, address in ((Ina219, 0x40), (Ina226, 0x41)):
        yield refusal(
            f"stub cannot: {kind.name} resets itself",
            DeviceNotFoundError,
            f"is no {kind.name}",
            partial(kind, bus, address, shunt_ohm=SHUNT_OHM, max_a=3.2),
        )


def _wait(result: Callable[[], T | None]) -> T:
    for _ in range(40):
        if (found := result()) is not None:
            return found
        time.sleep(0.02)
    raise TimeoutError("the measurement never ends")

"""The kernel's own drivers beside ours, on the same registers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real_bus_chips import AIR, INDOORS, VANE_V
from real_bus_rows import Row, about, exact, said

from edgepi.errors import BusError
from edgepi.hardware.linux_bus import LinuxBus

__all__ = ["kernels_own"]

DEVICES = Path("/sys/bus/i2c/devices")


def kernels_own(bus: LinuxBus) -> Iterator[Row]:
    """What the drivers of the kernel say of the registers that ours have read."""
    with _driver("bme280", 0x76) as says:
        yield about(
            "kernel's driver: BME280, degrees C", AIR.temperature_c, says("in_temp_input", 1e-3), 0.01
        )
        yield about("kernel's driver: BME280, hPa", AIR.pressure_hpa, says("in_pressure_input", 10.0), 0.02)
        humidity = says("in_humidityrelative_input", 1e-3)
        yield about("kernel's driver: BME280, % humidity", AIR.humidity_percent, humidity, 0.05)
        yield _kept_off(bus, 0x76)
    with _driver("bmp280", 0x77) as says:
        yield about(
            "kernel's driver: BMP280, degrees C", INDOORS.temperature_c, says("in_temp_input", 1e-3), 0.01
        )
        yield about(
            "kernel's driver: BMP280, hPa", INDOORS.pressure_hpa, says("in_pressure_input", 10.0), 0.02
        )
    with _driver("ads1115", 0x48) as says:
        counts = VANE_V[0] / 4.096 * 0x8000  # as our driver had it measured
        yield about("kernel's driver: ADS1115, counts of input 0", counts, says("in_voltage0_raw", 1.0), 1.0)
    yield exact("a chip that the kernel's driver let go", 0x60, bus.read_byte_data(0x76, 0xD0))


def _kept_off(bus: LinuxBus, address: int) -> Row:
    bus.close()
    try:
        got = f"no error but 0x{bus.read_byte_data(address, 0xD0):02x}"
    except BusError as error:
        got = f"{error.message}; {error.hint}"
    return said("a chip that the kernel's driver holds", "a driver of the kernel may hold the chip", got)


class _Attributes:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __call__(self, name: str, factor: float) -> float:
        return float((self._directory / name).read_text()) * factor


@contextmanager
def _driver(name: str, address: int) -> Iterator[_Attributes]:
    (DEVICES / "i2c-0/new_device").write_text(f"{name} 0x{address:02x}")
    try:
        (directory,) = (DEVICES / f"0-{address:04x}").glob("iio:device*")
        yield _Attributes(directory)
    finally:
        (DEVICES / "i2c-0/delete_device").write_text(f"0x{address:02x}")

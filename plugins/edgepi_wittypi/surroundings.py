"""What of the machine keeps a board from its work: other users of its pins, a serial port that is off."""

from __future__ import annotations

from edgepi.errors import HardwareError
from edgepi.plugin import Hardware
from edgepi_wittypi.quirks import Quirks

__all__ = ["ONE_WIRE", "complaints"]

TREE = "/proc/device-tree"
ONE_WIRE = "move 1-wire to another pin: dtoverlay=w1-gpio,gpiopin=27 in config.txt"


async def complaints(hardware: Hardware, quirks: Quirks) -> tuple[str, ...]:
    """Say what is in the way; nothing where the kernel does not say how the machine is wired."""
    found: list[str] = []
    pin = quirks.halt_pin
    if pin is not None and await _text(hardware, f"{TREE}/onewire@{pin:x}/compatible") is not None:
        found.append(f"1-wire uses GPIO{pin}, by which the board asks for shut-down: {ONE_WIRE}")
    if quirks.sys_up_pin is not None and await _serial_is_off(hardware):
        found.append(
            "the serial port is off, so the board never sees that the system has halted, and does not cut: "
            "sudo raspi-config nonint do_serial_hw 0"
        )
    return tuple(found)


async def _serial_is_off(hardware: Hardware) -> bool:
    port = await _text(hardware, f"{TREE}/aliases/serial0")
    status = None if port is None else await _text(hardware, f"{TREE}{port}/status")
    return status is not None and status not in ("okay", "ok")


async def _text(hardware: Hardware, path: str) -> str | None:
    try:
        return await hardware.read_attribute(path)
    except HardwareError:
        return None

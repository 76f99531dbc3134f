"""What the boot loader was told to do at a halt: read from its copy of the settings, and judged."""

from __future__ import annotations

from dataclasses import dataclass

from edgepi.errors import HardwareError
from edgepi.plugin import Hardware

__all__ = ["EDIT", "Settings", "parse", "read_settings"]

NVMEM = "/sys/bus/nvmem/devices/rmem{}"
COPIES = 4
COMPATIBLE = "raspberrypi,bootloader-config"
SECTIONS = ("[all]", "[pi5]")
EDIT = "sudo -E rpi-eeprom-config --edit"


@dataclass(frozen=True, slots=True)
class Settings:
    """The three that matter here, None where one is not set."""

    power_off_on_halt: str | None = None
    wake_on_gpio: str | None = None
    wait_for_button: str | None = None

    @property
    def switches_off(self) -> bool:
        """Whether a halt leaves 3 mA, and an alarm is sure to wake it."""
        return self.power_off_on_halt == "1" and self.wake_on_gpio == "0"

    @property
    def starts_with_supply(self) -> bool:
        """Whether it starts as soon as the supply is connected."""
        return self.wait_for_button != "1"


async def read_settings(hardware: Hardware) -> Settings | None:
    """Return the boot loader's settings; None where the kernel shows no copy that makes sense."""
    for number in range(COPIES):
        device = NVMEM.format(number)
        try:
            if COMPATIBLE in await hardware.read_attribute(f"{device}/of_node/compatible"):
                return parse(await hardware.read_attribute(f"{device}/nvmem"))
        except HardwareError:
            continue
    return None


def parse(text: str) -> Settings | None:
    """Read what is meant for every machine or for a Pi 5; None for a text that holds no setting."""
    found: dict[str, str] = {}
    meant, any_line = True, False
    for line in (each.strip() for each in text.splitlines()):
        if line.startswith("["):
            meant = line in SECTIONS
            continue
        key, equals, value = line.partition("=")
        if not equals or not key.strip().replace("_", "").isalnum():
            continue
        any_line = True
        if meant:
            found[key.strip()] = value.strip()
    if not any_line:
        return None
    return Settings(
        found.get("POWER_OFF_ON_HALT"), found.get("WAKE_ON_GPIO"), found.get("WAIT_FOR_POWER_BUTTON")
    )

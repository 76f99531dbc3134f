"""The Witty Pi 4 L3V7: one lithium cell, charged and bridged by 5 V at its USB socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from edgepi.sim.chips.powerboard import BoardEvent
from edgepi.sim.chips.wittypi4 import WittyPi4
from edgepi.sim.chips.wittypi4_registers import FACTORY, Reason, Reg
from edgepi.sim.chips.wittypi4_switch import WittyPi4Tunables

__all__ = ["CHARGING", "FULL", "WittyPi4L3V7"]

CHARGING, FULL = 5, 6  # pins, low while it is so
USB_V = 4.35
FULL_V = 4.15
ON_USB, ON_BATTERY = 0, 2
# A cell goes far below what feeds a Witty Pi 4; the board runs on it until there is nothing left.
TUNABLES = WittyPi4Tunables(brown_out_v=2.5)


class WittyPi4L3V7(WittyPi4):
    """Wakes the node when USB 5 V returns; its input is what feeds it: USB if there, else the cell."""

    name: ClassVar[str] = "wittypi4l3v7"
    factory: ClassVar[Mapping[int, int]] = {**FACTORY, Reg.ID: 0x37, Reg.LOW_VOLTAGE: 31}

    def __init__(
        self,
        *,
        tunables: WittyPi4Tunables | None = None,
        on_event: Callable[[BoardEvent], None] | None = None,
        on_line: Callable[[int, bool], None] | None = None,
    ) -> None:
        self.cell_v = self.usb_v = 0.0
        super().__init__(tunables=tunables or TUNABLES, on_event=on_event, on_line=on_line)
        self.analog.vin_v = 3.8

    def feed(
        self, *, input_v: float, output_v: float, output_a: float, temperature_c: float, usb_v: float = 0.0
    ) -> None:
        """Take over what is true at its terminals: the cell's voltage and that of the USB socket."""
        before = self.lines()
        self.cell_v, self.usb_v = input_v, usb_v
        fed_v = usb_v if usb_v >= USB_V else input_v
        super().feed(input_v=fed_v, output_v=output_v, output_a=output_a, temperature_c=temperature_c)
        for pin, high in self.lines().items():
            if self.on_line and before[pin] != high:
                self.on_line(pin, high)

    def lines(self) -> dict[int, bool]:
        """Level of each pin that the board drives; the charger's two are low while it is so."""
        on_usb = self.usb_v >= USB_V
        full = self.cell_v >= FULL_V
        return {**super().lines(), CHARGING: not (on_usb and not full), FULL: not (on_usb and full)}

    def _tick(self) -> None:
        if self._v.rail_on:
            self._update_power_mode()
        super()._tick()

    def _update_power_mode(self) -> float:
        vin_v = self.analog.raw_vin_v() + self.memory.signed_centi(Reg.ADJ_VIN)
        self.memory[Reg.POWER_MODE] = ON_BATTERY if vin_v < USB_V else ON_USB
        return vin_v

    def _look_for_recovery(self) -> None:
        before = self.memory[Reg.POWER_MODE]
        self._update_power_mode()
        back = before == ON_BATTERY and self.memory[Reg.POWER_MODE] == ON_USB
        if back and self.memory[Reg.RECOVERY_VOLTAGE] != 0:
            self._power_on(Reason.USB_CONNECTED)

    def _recovered(self, vin_v: float) -> bool:
        del vin_v
        return True  # register 22 is no voltage here

    def _enough_to_wake(self) -> bool:
        low = self.memory[Reg.LOW_VOLTAGE]
        return low == 255 or self._update_power_mode() > low / 10.0

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a file."""
        return super().to_dict() | {"cell_v": self.cell_v, "usb_v": self.usb_v}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The board that `to_dict` described; its callbacks are to be set again."""
        board = super().from_dict(data)
        board.cell_v, board.usb_v = data["cell_v"], data["usb_v"]
        return board

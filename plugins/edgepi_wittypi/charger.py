"""The two lines of a board that charges its battery itself."""

from __future__ import annotations

from typing import Literal

from edgepi.plugin import Hardware, InputLine

__all__ = ["CHARGER_STATES", "Charger", "ChargerState"]

ChargerState = Literal["charging", "full", "idle"]
CHARGER_STATES: tuple[ChargerState, ...] = ("charging", "full", "idle")


class Charger:
    """Each line is low while what it says is so; both are open drains and need a pull-up."""

    def __init__(self, hardware: Hardware, pins: tuple[int, int]) -> None:
        charging, full = pins
        self._lines: list[tuple[ChargerState, InputLine]] = [("charging", hardware.input_line(charging))]
        self._lines.append(("full", hardware.input_line(full)))

    def state(self) -> ChargerState | None:
        """What it does now; None if the lines contradict each other."""
        low: list[ChargerState] = [state for state, line in self._lines if not line.value()]
        if len(low) == 2:
            return None
        return low[0] if low else "idle"

    def close(self) -> None:
        """Let go of the pins."""
        for _, line in self._lines:
            line.close()

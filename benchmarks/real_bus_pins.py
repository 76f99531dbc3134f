"""Pins of a real kernel: its GPIO simulator, labelled as the chip behind a Raspberry Pi's header."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Self

__all__ = ["LABEL", "SimulatedPins", "Watcher"]

LABEL = "pinctrl-bcm2711"
PINS = 28
CONFIGURATION = Path("/sys/kernel/config/gpio-sim/edgepi")


class SimulatedPins:
    """What is soldered to the header: each pin is pulled up or down from outside."""

    def __init__(self) -> None:
        bank = CONFIGURATION / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(PINS))
        (bank / "label").write_text(LABEL)
        (CONFIGURATION / "live").write_text("1")
        device, chip = (each.read_text().strip() for each in (CONFIGURATION / "dev_name", bank / "chip_name"))
        self._lines = Path("/sys/devices/platform") / device / chip
        self._pulls: dict[int, int] = {}

    def pull(self, pin: int, *, up: bool) -> None:
        """Pull a pin."""
        if pin not in self._pulls:
            self._pulls[pin] = os.open(self._lines / f"sim_gpio{pin}/pull", os.O_WRONLY)
        os.pwrite(self._pulls[pin], b"pull-up" if up else b"pull-down", 0)

    def value(self, pin: int) -> bool:
        """Whether a pin is high, whoever drives it."""
        return (self._lines / f"sim_gpio{pin}/value").read_text().strip() == "1"

    def pulses(self, pin: int, count: int, period_s: float, *, bounces: int = 0) -> float:
        """Close a switch to ground so often, each time with contacts that bounce; return closures a second.

        Open and closed it lasts half a period at least; a busy machine makes it longer.
        """
        began = time.perf_counter()
        for _ in range(count):
            for up in (False, True):
                for _ in range(bounces):
                    self.pull(pin, up=up)
                    self.pull(pin, up=not up)
                self.pull(pin, up=up)
                time.sleep(period_s / 2)
        return count / (time.perf_counter() - began)


class Watcher:
    """Looks at a pin that our code drives and keeps when it rose and fell."""

    def __init__(self, pins: SimulatedPins, pin: int) -> None:
        self._pins, self._pin = pins, pin
        self.rises: list[float] = []
        self.falls: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        high = self._pins.value(self._pin)
        while not self._stop.is_set():
            if (now := self._pins.value(self._pin)) != high:
                (self.rises if now else self.falls).append(time.perf_counter())
                high = now
            time.sleep(0.003)

"""The trend of pressure, which outlives a restart as far as the time of the readings is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepi.files import atomic_write
from edgepi.plugin import PluginContext
from edgepi_weather.chips.air import Identity
from edgepi_weather.config import WeatherConfig
from edgepi_weather.met.tendency import PressureHistory, Tendency

__all__ = ["FILE_NAME", "Barometer"]

FILE_NAME = "pressure.json"
# Memory cards do not last for ever, and a trend outlives some minutes without readings.
WRITE_EACH_S = 600.0


class Barometer:
    """Readings of one chip: those of another are forgotten, because two differ by more than the weather."""

    def __init__(self, context: PluginContext[WeatherConfig]) -> None:
        self._context = context
        self._path = context.state_dir / FILE_NAME
        self._history = PressureHistory()
        self._chip: list[Any] | None = None
        self._kept: Mapping[str, Any] = {}  # of a run before, until it can be dated
        self._restored = self._fresh = False
        self._written_s: float | None = None
        self._unwritten_said = False

    async def restore(self) -> None:
        """Look up what was seen before a restart; does nothing the second time."""
        if self._restored:
            return
        self._restored = True
        try:
            self._kept = await self._context.run_blocking(_read, self._path)
        except (OSError, ValueError) as error:
            self._context.log.warning(
                "the pressure of the last hours cannot be read (%s: %s); its trend begins anew",
                self._path.name,
                error,
            )

    def recognise(self, identity: Identity) -> None:
        """Say whose readings follow."""
        chip = [identity.model, *identity.calibration]
        if self._chip is not None and self._chip != chip:
            self._history, self._kept = PressureHistory(), {}
        self._chip = chip

    def tendency(self, pressure_hpa: float | None) -> Tendency | None:
        """Take a reading, if there is one, and return the change over three hours, None if unknown."""
        clock = self._context.clock
        now_s = clock.monotonic()
        self._recall()
        if pressure_hpa is not None:
            self._history.add(now_s, pressure_hpa)
            self._fresh = True
        return self._history.tendency(now_s)

    async def save(self, *, at_once: bool = False) -> None:
        """Write down what a restart must not forget, now and then; nothing while the clock is not trusted."""
        clock = self._context.clock
        now_s = clock.monotonic()
        early = self._written_s is not None and now_s - self._written_s < WRITE_EACH_S
        self._recall()
        if not clock.trusted or not self._fresh or (early and not at_once):
            return
        self._written_s, self._fresh = now_s, False
        seen = self._history.ages(now_s)
        data = {"chip": self._chip, "saved": clock.now().timestamp(), "seen": seen}
        try:
            await self._context.run_blocking(atomic_write, self._path, json.dumps(data))
        except OSError as error:
            if not self._unwritten_said:
                self._context.log.warning(
                    "the pressure of the last hours cannot be written (%s); a restart would forget it", error
                )
            self._unwritten_said = True
        else:
            self._unwritten_said = False

    def _recall(self) -> None:
        clock = self._context.clock
        if not self._kept or self._chip is None or not clock.trusted:
            return
        kept, self._kept = self._kept, {}
        off_s = clock.now().timestamp() - kept["saved"]
        if kept["chip"] == self._chip and off_s >= 0.0:
            now_s = clock.monotonic()
            self._history.recall([(now_s - off_s - age_s, hpa) for age_s, hpa in kept["seen"]])


def _read(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    data = json.loads(path.read_text())
    try:
        seen = [(float(age_s), float(hpa)) for age_s, hpa in data["seen"]]
        return {"chip": list(data["chip"]), "saved": float(data["saved"]), "seen": seen}
    except (KeyError, TypeError) as error:
        raise ValueError("it holds no pressure") from error

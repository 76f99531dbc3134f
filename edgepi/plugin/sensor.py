"""The base class of whatever measures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from edgepi.model import Reading, ReadingDescription

__all__ = ["Sensor"]


class Sensor(ABC):
    """Measures on request, each *interval_s* seconds.

    Raise any `EdgePiError` or `OSError` from `read` when the device does not answer:
    its states become unavailable with that sentence, are logged once, and `read` is
    called again later. A reading left out of the result becomes unknown.
    Where the plugin itself logs what ails the device, *logs_faults* is False.
    *power_w* is what reading at this interval adds to the node, on average.
    """

    name: ClassVar[str] = "sensor"
    interval_s: float = 60.0
    power_w: float = 0.01
    timeout_s: float = 10.0
    logs_faults: bool = True

    @abstractmethod
    def describe(self) -> Sequence[ReadingDescription]:
        """List what is measured; the same list during the whole life of the sensor."""

    async def start(self) -> None:  # noqa: B027 (optional to override)
        """Open the device. Called again after a failure."""

    @abstractmethod
    async def read(self) -> Iterable[Reading]:
        """Measure now."""

    async def stop(self) -> None:  # noqa: B027 (optional to override)
        """Let go of the device; must not fail if `start` did."""

"""One board, shared by what one instance of the plugin declares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from edgepi.errors import HardwareError
from edgepi.model import Supply, WakeReason
from edgepi.plugin import PluginContext
from edgepi_wittypi.charger import Charger
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.detection import detect
from edgepi_wittypi.family import Board, Telemetry
from edgepi_wittypi.quirks import ANY, Quirks
from edgepi_wittypi.surroundings import complaints

__all__ = ["VENDOR_WITHIN_S", "Link", "link_of"]

VENDOR_WITHIN_S = 60.0
FULL_PERCENT = 100.0  # all that a charger tells of a battery that nobody sees while it is charged

T = TypeVar("T")
_links: dict[str, Link] = {}


def link_of(context: PluginContext[WittyPiConfig]) -> Link:
    """The link of an instance: one for all hooks that are called with the same context."""
    link = _links.get(context.instance)
    if link is None or link.context is not context:
        link = _links[context.instance] = Link(context)
    return link


class Link:
    """Opens the board once, keeps its telemetry for as long as the board must be spared, guards every write.

    *quirks* are those of the board once it was found; *trouble* is what the controller has with its
    pins, *charger* what the sensor watches of a board that charges its battery itself.
    """

    def __init__(self, context: PluginContext[WittyPiConfig]) -> None:
        self.context = context
        self.wake_reason: WakeReason | None = None
        self.quirks: Quirks = ANY
        self.ailments: tuple[str, ...] = ()
        self.trouble: str | None = None
        self.charger: Charger | None = None
        self._board: Board | None = None
        self._vendor: tuple[float, bool] | None = None
        self._lock = asyncio.Lock()
        self._telemetry: tuple[float, Supply] | None = None

    async def open(self) -> Board:
        """Find the board, or return it if it was found; notes why the node was switched on."""
        async with self._lock:
            if self._board is None:
                config = self.context.config
                bus = self.context.hardware.i2c(config.bus)
                board = await self.context.run_blocking(detect, bus, config.address)
                if self.wake_reason is None:
                    reason = await self.context.run_blocking(board.reason)
                    self.wake_reason = WakeReason(reason.kind, reason.text)
                said = "%s found, firmware %s; why it switched the node on: %s"
                self.context.log.info(said, board.model, board.firmware, self.wake_reason.text)
                self.quirks = board.quirks
                self._board = board
            return self._board

    @property
    def board(self) -> Board | None:
        """The board if it was found."""
        return self._board

    def forget(self) -> None:
        """Look for the board anew next time."""
        self._board = None

    @property
    def interval_s(self) -> float:
        """How often to measure: as configured, but no more often than the board bears."""
        return max(self.context.config.interval, self.quirks.min_interval_s)

    async def run(self, function: Callable[..., T], /, *args: Any) -> T:
        """Run blocking work on the board's bus, one at a time."""
        async with self._lock:
            return await self.context.run_blocking(function, *args)

    async def vendor_runs(self, *, within_s: float = 0.0) -> bool:
        """Whether the vendor's daemon has the board in its hands; *within_s* is how old the answer may be."""
        now_s = self.context.clock.monotonic()
        if self._vendor is None or now_s - self._vendor[0] >= within_s:
            self._vendor = (now_s, await self.context.hardware.process_runs(self.quirks.vendor[0]))
        return self._vendor[1]

    async def health(self) -> tuple[str, ...]:
        """What a person should look after: of the board, and of the machine around it."""
        board = await self.open()
        found = await self.run(board.health) + await complaints(self.context.hardware, board.quirks)
        if await self.vendor_runs(within_s=VENDOR_WITHIN_S):
            stop = board.quirks.vendor[1]
            found += (f"the vendor's daemon runs, so the board is only read; stop it with: {stop}",)
        if self.trouble:
            found += (self.trouble,)
        self.ailments = found
        return found

    async def must_be_ours(self) -> None:
        """Raise HardwareError while the vendor's daemon runs."""
        if await self.vendor_runs():
            raise HardwareError(
                "the vendor's Witty Pi daemon runs, so nothing is written to the board",
                hint=f"stop it for good: {self.quirks.vendor[1]}",
            )

    async def supply(self) -> Supply:
        """The board's telemetry; measured afresh only when the last is old enough for its EEPROM."""
        board = await self.open()
        now_s = self.context.clock.monotonic()
        if self._telemetry is None or now_s - self._telemetry[0] >= board.quirks.min_interval_s:
            measured = await self.run(board.measure)
            self._telemetry = (now_s, self._as_supply(measured))
        return self._telemetry[1]

    def _as_supply(self, measured: Telemetry) -> Supply:
        on_battery = measured.on_battery
        if on_battery is None:
            on_battery = self.context.config.input == "battery"
        return Supply(
            time_utc=self.context.clock.now(),
            source=self.context.instance,
            battery_v=measured.input_v if on_battery else None,
            battery_percent=FULL_PERCENT if self.charger and self.charger.state() == "full" else None,
            input_v=None if on_battery else measured.input_v,
            output_v=measured.output_v,
            output_a=measured.output_a,
            output_w=round(measured.output_v * measured.output_a, 3),
            temperature_c=measured.temperature_c,
        )

"""One board, shared by what one instance of the plugin declares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from edgepi.errors import HardwareError
from edgepi.model import Supply, WakeReason
from edgepi.plugin import PluginContext
from edgepi_wittypi.board import Board, Telemetry
from edgepi_wittypi.registers import REASONS, Reg

__all__ = ["VENDOR_DAEMON", "Link", "WittyPiConfig", "link_of"]

T = TypeVar("T")
VENDOR_DAEMON = "wittypi/daemon.sh"
_links: dict[str, Link] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WittyPiConfig:
    """Section ``wittypi``.

    *input* says what is wired to the board's input; *low_voltage* is the board's own cut-off in
    volts, None leaves what the board holds; *alarm_margin* is the nearest wake in seconds.
    """

    bus: int = 1
    address: int = 0x08
    interval: float = 60.0
    input: Literal["battery", "supply"] = "battery"
    low_voltage: float | None = None
    alarm_margin: float = 120.0


def link_of(context: PluginContext[WittyPiConfig]) -> Link:
    """The link of an instance: one for all hooks that are called with the same context."""
    link = _links.get(context.instance)
    if link is None or link.context is not context:
        link = _links[context.instance] = Link(context)
    return link


class Link:
    """Opens the board once, keeps its telemetry for at least a minute, guards every write."""

    def __init__(self, context: PluginContext[WittyPiConfig]) -> None:
        self.context = context
        self.wake_reason: WakeReason | None = None
        self._board: Board | None = None
        self._lock = asyncio.Lock()
        self._telemetry: tuple[float, Supply] | None = None

    async def open(self) -> Board:
        """Find the board, or return it if it was found; notes why the node was switched on."""
        async with self._lock:
            if self._board is None:
                config = self.context.config
                bus = self.context.hardware.i2c(config.bus)
                board = await self.context.run_blocking(Board, bus, config.address)
                if self.wake_reason is None:
                    reason = REASONS.get(await self.context.run_blocking(board.read, Reg.REASON), REASONS[0])
                    self.wake_reason = WakeReason(reason.kind, reason.text)
                self.context.log.info("Witty Pi 4 found, firmware revision %d", board.revision)
                self._board = board
            return self._board

    def forget(self) -> None:
        """Look for the board anew next time."""
        self._board = None

    async def run(self, function: Callable[..., T], /, *args: Any) -> T:
        """Run blocking work on the board's bus, one at a time."""
        async with self._lock:
            return await self.context.run_blocking(function, *args)

    async def vendor_runs(self) -> bool:
        """Whether the vendor's daemon has the board in its hands."""
        return await self.context.hardware.process_runs(VENDOR_DAEMON)

    async def must_be_ours(self) -> None:
        """Raise HardwareError while the vendor's daemon runs."""
        if await self.vendor_runs():
            raise HardwareError(
                "the vendor's Witty Pi daemon runs, so nothing is written to the board",
                hint="stop it for good: sudo systemctl disable --now wittypi",
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
        on_battery = self.context.config.input == "battery"
        return Supply(
            time_utc=self.context.clock.now(),
            source=self.context.instance,
            battery_v=measured.input_v if on_battery else None,
            input_v=None if on_battery else measured.input_v,
            output_v=measured.output_v,
            output_a=measured.output_a,
            output_w=round(measured.output_v * measured.output_a, 3),
            temperature_c=measured.temperature_c,
        )

"""Sun, battery and power board of one night, in pure time: the world's own parts without its process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dark_time import SwiftLoop

from edgepi.energy.clearsky import clear_sky_day
from edgepi.energy.daylog import slot_time
from edgepi.energy.settings import SLOT_H, Site
from edgepi.sim.battery import Battery, BatterySpec
from edgepi.sim.bus import BusFaults, SimulatedBus, Stepped
from edgepi.sim.chips import BoardEvent, PowerBoard
from edgepi.sim.chips.boards import board_class
from edgepi.sim.chips.powerboard import SYS_UP, TXD
from edgepi.sim.draw import NodeState, draw_table
from edgepi.sim.panel import panel_power_w

__all__ = ["Place", "WakeWorld"]

CHUNK_S = 60.0
BUSY_S = 2.0
CUTTING_S = 0.5
TRANSACTION_S = 0.001
INDOORS_C, RAIL_V, USB_V = 18.0, 5.1, 5.1


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and when the night is, and what the node lives on; *clear* is each day's share of a clear sky."""

    latitude: float
    longitude: float
    begins_utc: datetime
    panel_w: float
    capacity_wh: float
    start_soc: float
    cells: int = 4
    clear: tuple[float, ...] = (1.0,)
    computer: str = "pi4"

    @property
    def site(self) -> Site:
        """As the sun sees it."""
        return Site(latitude=self.latitude, longitude=self.longitude, panel_w=self.panel_w)


@dataclass
class WakeWorld:
    """Advances board and battery to the loop's time whenever somebody looks, and at least each minute."""

    loop: SwiftLoop
    place: Place
    board_name: str
    on_rail: Callable[[bool], None]
    on_line: Callable[[int, bool], None]
    on_event: Callable[[BoardEvent], None]
    dice: random.Random
    lost_input: bool = False
    sag_v: float = 0.0
    node: NodeState = NodeState.OFF
    volts: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = self.place
        self.battery = Battery(
            BatterySpec(capacity_wh=place.capacity_wh, cells=place.cells), place.capacity_wh * place.start_soc
        )
        self.draw = draw_table(place.computer)
        self.board: PowerBoard = board_class(self.board_name)()
        self.board.on_event = self.on_event
        self.board.on_line = self.on_line
        faults = BusFaults(noise=random.Random(self.dice.random()))
        self.bus = SimulatedBus(faults=faults)
        self.board.attach(self.bus)
        chips: tuple[Stepped, ...] = (
            self.board,
            *(self.bus.chip(address) for address in self.bus.addresses()),
        )
        self._stepped = tuple({id(chip): chip for chip in chips}.values())
        self._at_s = self.loop.time()
        self._settled_s = self._at_s
        self._rail = False
        self._inside = False
        self._feed()
        self.board.set_clock(place.begins_utc)

    @property
    def now_utc(self) -> datetime:
        """True time."""
        return self.place.begins_utc + timedelta(seconds=self.loop.time())

    @property
    def input_v(self) -> float:
        """Volts at the board's input."""
        return 0.0 if self.lost_input else max(0.0, self.battery.terminal_v - self.sag_v)

    def moment(self, at_s: float) -> datetime:
        """True time at a time of the loop."""
        return self.place.begins_utc + timedelta(seconds=at_s)

    def look(self) -> None:
        """Bring the board up to date before a transaction, which takes a moment, too."""
        self.loop.move(TRANSACTION_S)
        self.catch_up()

    def catch_up(self) -> None:
        """Let everything go on to the loop's time."""
        if self._inside:
            return
        self._inside = True
        try:
            until_s = self.loop.time()
            while until_s - self._at_s > 1e-6:
                self._step(min(CHUNK_S, until_s - self._at_s))
        finally:
            self._inside = False
        self._follow_rail()

    def _step(self, dt_s: float) -> None:
        self._at_s += dt_s
        if self._at_s - self._settled_s >= CUTTING_S * 10 or dt_s >= CUTTING_S * 10:
            self.settle()
        while dt_s > 0.0:
            part_s = min(dt_s, 1.0)
            for chip in self._stepped:
                chip.step(part_s)
            dt_s -= part_s

    def settle(self) -> None:
        """Bring the battery up to date; to be called before its load changes."""
        dt_s, self._settled_s = self._at_s - self._settled_s, self._at_s
        if dt_s <= 0.0:
            return
        node_w = self.draw.node_w(self.node, {}, ())
        load_w = 0.0 if self.lost_input else self.draw.battery_w(node_w)
        self.battery.step(self.panel_w(), load_w, dt_s)
        self._feed(node_w)
        if not self.volts or self._at_s - self.volts[-1][0] >= CHUNK_S - 1.0:
            self.volts.append((self._at_s, self.input_v))

    def lose_input(self, *, lost: bool) -> None:
        """Take the battery off the board, or put it back."""
        self.catch_up()
        self.settle()
        self.lost_input = lost
        self._feed()
        self._step(0.01)
        self._follow_rail()

    def _feed(self, node_w: float = 0.0) -> None:
        usb_v = USB_V if self.place.cells == 1 and self.panel_w() > 0.5 and not self.lost_input else 0.0
        self.board.feed(
            input_v=self.input_v,
            output_v=RAIL_V,
            output_a=node_w / RAIL_V,
            temperature_c=INDOORS_C,
            usb_v=usb_v,
        )

    def panel_w(self) -> float:
        """What the panel could give now."""
        place, now = self.place, self.moment(self._at_s)
        at = slot_time(place.site, now)
        day = (at.day - slot_time(place.site, place.begins_utc).day).days
        clear = place.clear[min(max(day, 0), len(place.clear) - 1)]
        sun = clear_sky_day(place.site, at.day)[int(at.hour / SLOT_H) % 48]
        return panel_power_w(sun * clear, place.panel_w)

    def _follow_rail(self) -> None:
        if self.board.rail_on != self._rail:
            self._rail = self.board.rail_on
            self.node_is(NodeState.BOOTING if self._rail else NodeState.OFF)
            self.on_rail(self._rail)

    @property
    def rail_on(self) -> bool:
        """Whether the node has power."""
        return self._rail

    def node_is(self, state: NodeState) -> None:
        """Note what draws power from now on; pins that nobody drives any more fall."""
        self.settle()
        self.node = state
        if state is NodeState.OFF:
            self.board.set_line(SYS_UP, high=False)
        elif state is NodeState.HALTED:
            self.board.set_line(TXD, high=False)

    def drive(self, pin: int, *, high: bool) -> None:
        """Drive a pin from the node's side."""
        self.catch_up()
        self.board.set_line(pin, high)

    async def pass_time(self) -> None:
        """Go on for ever: swiftly while the node sleeps."""
        while True:
            self.catch_up()
            busy = self.board.asks_to_go or self.board.cut_in_s is not None
            pause_s = CUTTING_S if busy else BUSY_S * 5 if self._rail else CHUNK_S
            await asyncio.sleep(pause_s)

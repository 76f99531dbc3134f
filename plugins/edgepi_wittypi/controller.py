"""Every board of the family as a power controller of EdgePi."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import datetime

from edgepi.errors import EdgePiError, HardwareError
from edgepi.model import Supply, WakePlan, WakeReason, WakeReceipt
from edgepi.plugin import InputLine, OutputLine, PluginContext, PowerCapabilities, PowerController
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.family import NO_REASON, Armed, Board, Reason, Watched
from edgepi_wittypi.link import VENDOR_WITHIN_S, Link
from edgepi_wittypi.surroundings import ONE_WIRE
from edgepi_wittypi.timekeeping import TimeKeeper

__all__ = ["WittyPiController"]

DEAF = (
    "the line by which the board asks for shut-down (GPIO{pin}) cannot be watched, so a cut by its button or "
    f"its low voltage comes unannounced: {{why}}; if 1-wire has it, {ONE_WIRE}; "
    "if dtoverlay=gpio-shutdown has it, take that out of config.txt"
)
COMPARE_EACH_S = 86400.0
PULSES = 2
PULSE_S = 0.1


class WittyPiController(PowerController):
    """Reads as seldom as the board needs it; writes only while the vendor's daemon does not run."""

    name = "witty-pi"
    timeout_s = 20.0

    def __init__(self, context: PluginContext[WittyPiConfig], link: Link) -> None:
        self._context = context
        self._link = link
        self._time = TimeKeeper(context, link)
        self._halt_line: InputLine | None = None
        self._sys_up: OutputLine | None = None
        self._set_up = self._warned = self._asked_by_heartbeat = self._owes_ready = False
        self._compared_s = -math.inf
        self._was_trusted: bool | None = None
        self._said: tuple[str, ...] = ()
        self._asking: set[asyncio.Task[None]] = set()
        self.interval_s = link.interval_s

    @property
    def identity(self) -> str:  # type: ignore[override]  # it follows the board that the link finds
        """Model and firmware of the board that was found."""
        board = self._link.board
        return f"{board.model}, firmware {board.firmware}" if board else ""

    @property
    def capabilities(self) -> PowerCapabilities:
        """What the board can do once its driver has set it up; a Witty Pi 4 until it is found."""
        quirks = self._link.quirks
        return PowerCapabilities(
            can_cut=True,
            can_wake_at=True,
            can_wake_on_voltage=quirks.wakes_on_voltage,
            can_wake_on_power=True,
            recovers_from_low_only=True,
            needs_up_signal=quirks.sys_up_pin is not None,
            cuts_only_if_halt_seen=quirks.cuts_only_if_halt_seen,
            has_watchdog=quirks.heartbeat_s is not None,
            heartbeat_s=quirks.heartbeat_s or 60.0,
            watchdog_s=quirks.watchdog_s,
            has_clock=True,
            cut_delay_s=quirks.cut_delay_s,
            wake_horizon_s=quirks.alarm_horizon_s,
            min_interval_s=quirks.min_interval_s,
        )

    async def start(self) -> None:
        """Find the board, watch its request line, bring clocks and settings in order."""
        self._link.forget()
        await self._link.open()
        self.interval_s = self._link.interval_s
        if self.interval_s > self._context.config.interval:
            self._context.log.info("read each %g s, for the board's sake", self.interval_s)
        self._watch()
        await self._bring_in_order()

    def _watch(self) -> None:
        """Watch the request line; without it the board is still worth a wake, so that is only said."""
        pin = self._link.quirks.halt_pin
        if self._halt_line is not None or pin is None:
            return
        hear = self._halt_line_changed
        try:
            self._halt_line = self._context.hardware.input_line(pin, pull_up=True, on_change=hear)
        except HardwareError as error:
            trouble = DEAF.format(pin=pin, why=error.message)
            if trouble != self._link.trouble:
                self._context.log.warning("%s", trouble)
            self._link.trouble = trouble
        else:
            self._link.trouble = None

    async def stop(self) -> None:
        """Let go of the pins; the board keeps what it holds."""
        for line in (self._halt_line, self._sys_up):
            if line is not None:
                line.close()
        self._halt_line = self._sys_up = None
        for task in self._asking:
            task.cancel()
        await self._let_go()

    async def _let_go(self) -> None:
        """Whoever stops EdgePi to look after the node must not lose its power to the watchdog."""
        try:
            board = self._link.board
            if isinstance(board, Watched) and not await self._link.vendor_runs():
                await self._link.run(board.let_go)
                self._set_up = False
        except EdgePiError as error:
            self._context.log.warning(
                "the board's watchdog could not be stopped and will cut the power: %s", error
            )

    async def read(self) -> Supply:
        """Telemetry, at most a minute old."""
        supply = await self._link.supply()
        self._watch()
        await self._bring_in_order()
        return supply

    async def ready(self) -> None:
        """Tell the board that the node is up, twice if its LED may shine on that line; clear what woke us."""
        if await self._link.vendor_runs():
            self._context.log.warning(
                "the vendor's daemon runs and tells the board itself that the node is up"
            )
            self._owes_ready = True
            return
        self._owes_ready = False
        board = await self._link.open()
        await self._link.run(board.woken)
        await self._pulse()
        if board.quirks.sys_up_pin is not None:
            self._context.timers.after(board.quirks.deaf_s, self._pulse, name="witty pi: SYS_UP again")

    async def last_reason(self) -> WakeReason:
        """Why the node was switched on, as noted when the board was first found."""
        await self._link.open()
        return self._link.wake_reason or WakeReason(NO_REASON.kind, NO_REASON.text)

    async def arm(self, plan: WakePlan) -> WakeReceipt:
        """Set every wake trigger that the board has; the receipt says if one was moved."""
        await self._link.must_be_ours()
        board = await self._link.open()
        await self._time.compare(board)
        armed = await self._link.run(self._arm_now, board, plan)
        for note in armed.notes:
            if note not in self._said:
                self._context.log.warning("%s", note)
        self._said = armed.notes
        return armed.receipt

    async def disarm(self) -> None:
        """Take the alarm back."""
        await self._link.must_be_ours()
        board = await self._link.open()
        await self._link.run(board.disarm)

    async def prepare_cut(self) -> None:
        """Make sure that the board listens for the halt and waits as long as it can before the cut."""
        await self._link.must_be_ours()
        board = await self._link.open()
        await self._link.run(board.prepare_cut)
        await self._pulse()

    async def heartbeat(self) -> None:
        """Feed the board's watchdog, and hear whether it asks the node to go."""
        if await self._link.vendor_runs(within_s=VENDOR_WITHIN_S):
            return
        board = await self._link.open()
        reason = await self._link.run(board.heartbeat)
        if reason is not None and not self._asked_by_heartbeat:
            self._pass_on(reason)
        self._asked_by_heartbeat = reason is not None

    async def health(self) -> Sequence[str]:
        """What a person should look after."""
        return await self._link.health()

    async def clock(self) -> datetime | None:
        """Time of the board's clock, which EdgePi keeps in UTC."""
        board = await self._link.open()
        return await self._link.run(board.clock)

    async def set_clock(self, now_utc: datetime) -> None:
        """Set the board's clock."""
        await self._link.must_be_ours()
        board = await self._link.open()
        await self._time.set(board, now_utc)

    def _arm_now(self, board: Board, plan: WakePlan) -> Armed:
        return board.arm(plan, self._context.clock.now(), margin_s=self._context.config.alarm_margin)

    async def _bring_in_order(self) -> None:
        """Once, when trust is gained, and daily: settings and clocks; not while the vendor's daemon runs."""
        trusted = self._context.clock.trusted
        fresh = self._context.clock.monotonic() - self._compared_s < COMPARE_EACH_S
        if self._set_up and fresh and trusted == self._was_trusted:
            return
        board = await self._link.open()
        if await self._link.vendor_runs():
            if not self._warned:
                self._context.log.warning(
                    "the vendor's Witty Pi daemon runs, so the board is only read; stop it with: %s",
                    board.quirks.vendor[1],
                )
            self._warned = True
            await self._time.doubt()
            return
        try:
            await self._time.compare(board)
            self._compared_s = self._context.clock.monotonic()
            notes = await self._link.run(board.configure, self._context.config)
        except EdgePiError as error:
            # measuring must go on: the guards live on it
            if not self._warned:
                self._context.log.warning("the board is not set up yet: %s", error)
            self._warned = True
            return
        for note in notes:
            self._context.log.warning("%s", note)
        self._set_up, self._was_trusted, self._warned = True, self._context.clock.trusted, False
        if self._owes_ready:
            await self.ready()

    async def _pulse(self) -> None:
        pin = self._link.quirks.sys_up_pin
        if pin is None:
            return
        if self._sys_up is None:
            self._sys_up = self._context.hardware.output_line(pin)
        for _ in range(PULSES):
            self._sys_up.set(True)
            await self._context.clock.sleep(PULSE_S)
            self._sys_up.set(False)
            await self._context.clock.sleep(PULSE_S)

    def _halt_line_changed(self, high: bool) -> None:
        if not high:
            task = asyncio.get_running_loop().create_task(self._board_asks(), name="witty pi asks")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _board_asks(self) -> None:
        """Pass the board's request on, unless its reason shows that the line only caught noise."""
        try:
            board = await self._link.open()
            reason = await self._link.run(board.reason)
        except EdgePiError:
            reason = NO_REASON
        if reason.asks_to_go:
            self._pass_on(reason)
        else:
            self._context.log.info("the request line fell, but the board has not asked for shut-down")

    def _pass_on(self, reason: Reason) -> None:
        if self.on_shutdown_request is None:
            self._context.log.warning("the board asks for shut-down and nobody listens: %s", reason.text)
        else:
            self.on_shutdown_request(f"the power board asks the node to shut down: {reason.text}")

"""The Witty Pi 4 as a power controller of EdgePi."""

from __future__ import annotations

import asyncio
from datetime import datetime

from edgepi.errors import EdgePiError
from edgepi.model import Supply, WakePlan, WakeReason, WakeReasonKind, WakeReceipt
from edgepi.plugin import InputLine, OutputLine, PluginContext, PowerCapabilities, PowerController
from edgepi_wittypi import waking
from edgepi_wittypi.board import CLOCK_TOLERANCE, Board
from edgepi_wittypi.codes import encode_voltage
from edgepi_wittypi.link import Link, WittyPiConfig
from edgepi_wittypi.registers import REASONS, Quirks, Reg

__all__ = ["WittyPi4Controller"]

HALT_PIN = 4
SYS_UP_PIN = 17
PULSES = 2
PULSE_S = 0.1
LAST_SAFE_SECOND = 57  # while the clock is set register by register, no minute may pass
FACTORY_DEFAULT_ON_DELAY = 0


class WittyPi4Controller(PowerController):
    """Reads at most once a minute; writes only while the vendor's daemon does not run."""

    name = "witty-pi-4"
    timeout_s = 20.0

    def __init__(self, context: PluginContext[WittyPiConfig], link: Link) -> None:
        self._context = context
        self._link = link
        self._halt_line: InputLine | None = None
        self._sys_up: OutputLine | None = None
        self._set_up = self._warned = False
        self._was_trusted: bool | None = None
        self._said: tuple[str, ...] = ()
        self._asking: set[asyncio.Task[None]] = set()
        self.interval_s = max(context.config.interval, Quirks().min_interval_s)

    @property
    def capabilities(self) -> PowerCapabilities:
        """What a Witty Pi 4 can do once this driver has set it up."""
        quirks = Quirks()
        return PowerCapabilities(
            can_cut=True,
            can_wake_at=True,
            can_wake_on_voltage=True,
            has_clock=True,
            cut_delay_s=(quirks.longest_cut_delay / 10, quirks.longest_cut_delay / 10),
            wake_horizon_s=quirks.alarm_horizon_s,
            min_interval_s=quirks.min_interval_s,
        )

    async def start(self) -> None:
        """Find the board, watch its request line, bring clocks and settings in order."""
        self._link.forget()
        await self._link.open()
        if self._halt_line is None:
            self._halt_line = self._context.hardware.input_line(
                HALT_PIN, pull_up=True, on_change=self._halt_line_changed
            )
        await self._bring_in_order()

    async def stop(self) -> None:
        """Let go of the pins; the board keeps what it holds."""
        for line in (self._halt_line, self._sys_up):
            if line is not None:
                line.close()
        self._halt_line = self._sys_up = None
        for task in self._asking:
            task.cancel()

    async def read(self) -> Supply:
        """Telemetry, at most a minute old."""
        supply = await self._link.supply()
        await self._bring_in_order()
        return supply

    async def ready(self) -> None:
        """Pulse SYS_UP, now and once more when the board's LED is surely dark; clear what woke us."""
        if await self._link.vendor_runs():
            self._context.log.warning(
                "the vendor's daemon runs and tells the board itself that the node is up"
            )
            return
        board = await self._link.open()
        await self._link.run(_clear_flags, board)
        await self._pulse()
        self._context.timers.after(board.quirks.deaf_s, self._pulse, name="witty pi: SYS_UP again")

    async def last_reason(self) -> WakeReason:
        """Why the node was switched on, as noted when the board was first found."""
        await self._link.open()
        return self._link.wake_reason or WakeReason(WakeReasonKind.UNKNOWN, REASONS[0].text)

    async def arm(self, plan: WakePlan) -> WakeReceipt:
        """Set alarm, recovery voltage and guaranteed wake; the receipt says if one was moved."""
        await self._link.must_be_ours()
        board = await self._link.open()
        await self._compare_clocks(board)
        armed = await self._link.run(self._arm_now, board, plan)
        for note in armed.notes:
            if note not in self._said:
                self._context.log.warning("%s", note)
        self._said = armed.notes
        return armed.receipt

    async def disarm(self) -> None:
        """Take the alarm back."""
        await self._link.must_be_ours()
        await self._link.run(waking.disarm, await self._link.open())

    async def prepare_cut(self) -> None:
        """Make sure that the board listens for the halt and waits as long as it can before the cut."""
        await self._link.must_be_ours()
        board = await self._link.open()
        await self._link.run(board.write, Reg.CUT_DELAY, board.quirks.longest_cut_delay)
        await self._pulse()

    async def clock(self) -> datetime | None:
        """Time of the board's clock, which EdgePi keeps in UTC."""
        board = await self._link.open()
        return await self._link.run(board.clock)

    async def set_clock(self, now_utc: datetime) -> None:
        """Set the board's clock."""
        await self._link.must_be_ours()
        board = await self._link.open()
        node = self._context.clock
        offset = now_utc - node.now()
        if (wait_s := _wait_for_safe_second(now_utc)) > 0.0:
            await node.sleep(wait_s)
        await self._link.run(board.set_clock, lambda: node.now() + offset)

    def _arm_now(self, board: Board, plan: WakePlan) -> waking.Armed:
        now_utc = self._context.clock.now()
        return waking.arm(board, plan, now_utc, margin_s=self._context.config.alarm_margin)

    async def _bring_in_order(self) -> None:
        """Once, and after each gain of trust: settings and clocks; not while the vendor's daemon runs."""
        trusted = self._context.clock.trusted
        if self._set_up and trusted == self._was_trusted:
            return
        board = await self._link.open()
        if await self._link.vendor_runs():
            if not self._warned:
                self._context.log.warning(
                    "the vendor's Witty Pi daemon runs, so the board is only read; "
                    "stop it with: sudo systemctl disable --now wittypi"
                )
            self._warned = True
            return
        try:
            await self._compare_clocks(board)
            await self._link.run(_configure, board, self._context.config)
        except EdgePiError as error:
            # measuring must go on: the guards live on it
            if not self._warned:
                self._context.log.warning("the board is not set up yet: %s", error)
            self._warned = True
            return
        self._set_up, self._was_trusted, self._warned = True, self._context.clock.trusted, False

    async def _compare_clocks(self, board: Board) -> None:
        """Take the board's time while the node's is not trusted, else correct the board's."""
        node = self._context.clock
        before = node.now()
        held = await self._link.run(board.clock)
        if not node.trusted:
            if held is None:
                self._context.log.warning("neither the node nor its power board knows the time")
                return
            await self._context.hardware.set_clock(held)
            self._context.log.info("clock set to %s from the power board", held)
        elif held is None or not before - CLOCK_TOLERANCE <= held <= node.now() + CLOCK_TOLERANCE:
            self._context.log.info("the power board's clock showed %s and is set right", held or "nothing")
            await self.set_clock(node.now())

    async def _pulse(self) -> None:
        if self._sys_up is None:
            self._sys_up = self._context.hardware.output_line(SYS_UP_PIN)
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
            reason = REASONS.get(await self._link.run(board.read, Reg.REASON), REASONS[0])
        except EdgePiError:
            reason = REASONS[0]
        if not reason.asks_to_go:
            self._context.log.info("GPIO%d fell, but the board has not asked for shut-down", HALT_PIN)
        elif self.on_shutdown_request is None:
            self._context.log.warning("the board asks for shut-down and nobody listens: %s", reason.text)
        else:
            self.on_shutdown_request(f"the power board asks the node to shut down: {reason.text}")


def _configure(board: Board, config: WittyPiConfig) -> None:
    board.write(Reg.RTC_CONTROL1, 0)
    board.write(Reg.CUT_DELAY, board.quirks.longest_cut_delay)
    if board.read(Reg.DEFAULT_ON_DELAY) > board.quirks.longest_default_on_delay:
        board.write(Reg.DEFAULT_ON_DELAY, FACTORY_DEFAULT_ON_DELAY)
    board.write(Reg.DEFAULT_ON, 1)
    for register in (Reg.ALARM2_DAY, Reg.ALARM2_HOUR, Reg.ALARM2_MINUTE, Reg.ALARM2_SECOND):
        board.write(register, 0)  # a shut-down that other software has planned
    if config.low_voltage is not None:
        board.write(Reg.LOW_VOLTAGE, encode_voltage(config.low_voltage))


def _clear_flags(board: Board) -> None:
    board.write(Reg.FLAG_ALARM1, 0)
    board.write(Reg.FLAG_ALARM2, 0)


def _wait_for_safe_second(now_utc: datetime) -> float:
    second = now_utc.second + now_utc.microsecond / 1e6
    return 60.0 - second + 0.1 if second > LAST_SAFE_SECOND else 0.0

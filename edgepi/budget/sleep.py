"""Carries out sleep: arm the board, see what it really holds, save, then halt; or stay awake."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from edgepi.budget.bounded import bounded
from edgepi.clock import Clock
from edgepi.energy import SleepPlan
from edgepi.errors import PluginCallError
from edgepi.hardware import Machine, Phase
from edgepi.model import Answer, PowerGoing, WakePlan, WakeReceipt
from edgepi.plugin import PowerController
from edgepi.runtime.bus import EventBus

__all__ = ["Saver", "Sleeper", "doubts_about"]

_log = logging.getLogger("edgepi.budget.sleep")

Saver = Callable[[], Awaitable[None]]

NOTHING_BEHIND = "if the board missed its alarm, nothing else would wake the node"
SAVE_WITHIN_S = 20.0
BOARD_WITHIN_S = 30.0
_ALARM_SLACK = timedelta(minutes=2)
_CLOCK_SLACK_S = 60.0


class Sleeper:
    """Takes the node down in order; *say* is told a sentence before anything irrevocable.

    *receipt* is what the board holds for a sleep, *standing* what it holds for whatever may take the power.
    """

    def __init__(
        self,
        *,
        machine: Machine,
        clock: Clock,
        bus: EventBus,
        on_armed: Callable[[WakeReceipt | None], None] = lambda _: None,
    ) -> None:
        self.receipt: WakeReceipt | None = None
        self.standing: WakeReceipt | None = None
        self._on_armed = on_armed
        self._machine = machine
        self._clock = clock
        self._bus = bus
        self._savers: dict[str, Saver] = {}

    def add_saver(self, name: str, saver: Saver) -> Callable[[], None]:
        """Wait for *saver* whenever power is about to go; returns what takes it back."""
        self._savers[name] = saver
        return lambda: self._savers.pop(name, None) and None

    async def arm(
        self, board: PowerController | None, wake: WakePlan, *, planned: bool = True
    ) -> tuple[WakeReceipt | None, list[str]]:
        """Set the wake triggers; returns what the board holds, and every reason for doubt.

        One that is not *planned* only stands by for whatever may take the power.
        """
        if board is None:
            return None, ["no power board that could wake the node"]
        doubts = await self._check_clock(board)
        try:
            receipt = await bounded(
                board.arm(_within_horizon(board, wake, self._clock)), BOARD_WITHIN_S, "arming"
            )
        except PluginCallError as error:
            self._hold(None)
            return None, [*doubts, error.message]
        self._hold(receipt if planned else None)
        self.standing = None if planned else receipt
        return receipt, doubts + doubts_about(receipt, wake, self._clock.now())

    async def go(
        self,
        plan: SleepPlan,
        board: PowerController | None,
        *,
        say: Callable[[str], None],
        warn: Sequence[str] = (),
    ) -> Answer:
        """Sleep as planned; *no* means that the node stays awake, and why. Yes: it is halting now.

        *warn* is what speaks against certainty, but not against trying.
        """
        if not self._machine.can_halt:
            return Answer(yes=False, sentence="stays awake: halting this machine is not allowed")
        receipt, doubts = await self.arm(board, plan.wake)
        if doubts and not plan.forced:
            await self._disarm(board)
            return Answer(yes=False, sentence=f"stays awake: {'; '.join(doubts)}")
        if receipt is not None and receipt.fallback_utc is None and not doubts:
            doubts = [NOTHING_BEHIND]
        doubts += warn
        say(f"{plan.sentence}; the wake is not certain: {'; '.join(doubts)}" if doubts else plan.sentence)
        return await self.down(plan.sentence, board)

    async def down(
        self, reason: str, board: PowerController | None, *, save_s: float = SAVE_WITHIN_S
    ) -> Answer:
        """Save everything, make the board ready to cut, halt."""
        await self._phase(Phase.SAVING)
        cut = self._clock.now() + timedelta(seconds=board.capabilities.cut_delay_s[1]) if board else None
        self._bus.publish(PowerGoing(reason, cut))
        await self.save(save_s)
        try:
            if board is not None and board.capabilities.can_cut:
                await bounded(board.prepare_cut(), BOARD_WITHIN_S, "preparing the cut")
            await bounded(self._machine.halt(reason), BOARD_WITHIN_S, "halting")
        except PluginCallError as error:
            await self._disarm(board)  # a board that is ready to cut does so, halted or not
            await self._phase(Phase.READY)
            return Answer(yes=False, sentence=f"stays awake: {error.message}")
        return Answer(yes=True, sentence=reason)

    async def save(self, within_s: float = SAVE_WITHIN_S) -> None:
        """Run every saver at once, each within its time."""
        await asyncio.gather(*(self._run(name, saver, within_s) for name, saver in self._savers.items()))

    async def _run(self, name: str, saver: Saver, within_s: float) -> None:
        async def work() -> None:
            await saver()

        try:
            await bounded(work(), within_s, f"saving {name}")
        except PluginCallError as error:
            _log.warning("%s", error.message)

    async def _phase(self, phase: Phase) -> None:
        try:
            await bounded(self._machine.phase(phase), BOARD_WITHIN_S, "telling the machine")
        except PluginCallError as error:
            _log.debug("%s", error.message)

    async def _disarm(self, board: PowerController | None) -> None:
        if board is None:
            return
        try:
            await bounded(board.disarm(), BOARD_WITHIN_S, "disarming")
            self._hold(None)
        except PluginCallError as error:
            _log.warning("%s", error.message)

    def _hold(self, receipt: WakeReceipt | None) -> None:
        self.receipt, self.standing = receipt, None
        self._on_armed(receipt)

    async def _check_clock(self, board: PowerController) -> list[str]:
        """Set the board's clock right if the node knows better, and see that it took."""
        if not self._clock.trusted:
            return ["the node's clock is not set"]
        if not board.capabilities.has_clock:
            return []
        try:
            shown = await bounded(board.clock(), BOARD_WITHIN_S, "reading the board's clock")
            if shown is None or abs((shown - self._clock.now()).total_seconds()) > 2.0:
                await bounded(board.set_clock(self._clock.now()), BOARD_WITHIN_S, "setting the board's clock")
                shown = await bounded(board.clock(), BOARD_WITHIN_S, "reading the board's clock")
        except PluginCallError as error:
            return [error.message]
        if shown is None:
            return ["the board has lost its clock"]
        wrong_s = (shown - self._clock.now()).total_seconds()
        return [f"the board's clock is {wrong_s:+.0f} s off"] if abs(wrong_s) > _CLOCK_SLACK_S else []


def doubts_about(receipt: WakeReceipt, wake: WakePlan, now_utc: datetime) -> list[str]:
    """Say why a receipt is not enough to go to sleep on."""
    doubts = list(receipt.doubts)
    if not receipt.triggers:
        doubts.append("the board holds no wake trigger")
    if receipt.wake_utc is None:
        doubts.append("the board holds no alarm")
    elif receipt.wake_utc <= now_utc:
        doubts.append("the board's alarm lies in the past")
    elif receipt.wake_utc > wake.wake_utc + _ALARM_SLACK:
        late_s = (receipt.wake_utc - wake.wake_utc).total_seconds()
        doubts.append(f"the board's alarm reads back {late_s / 60:.0f} min later than asked")
    return doubts


def _within_horizon(board: PowerController, wake: WakePlan, clock: Clock) -> WakePlan:
    horizon_s = board.capabilities.wake_horizon_s
    if horizon_s <= 0:
        return wake
    latest = clock.now() + timedelta(seconds=horizon_s)
    return wake if wake.wake_utc <= latest else replace(wake, wake_utc=latest)

"""When the node goes down, who asked for it, and what happens when it cannot."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

from edgepi.budget.adviser import Adviser
from edgepi.budget.cuts import CutProof
from edgepi.budget.sayings import Sayings
from edgepi.budget.sleep import Sleeper
from edgepi.budget.standing import Standing, standing_wake
from edgepi.budget.telemetry import Telemetry
from edgepi.clock import Clock
from edgepi.energy import Situation, SleepMeans, SleepPlan, Verdict
from edgepi.energy.rest import fallback_hours
from edgepi.energy.sentences import clock_time, zone
from edgepi.errors import EnergyError
from edgepi.hardware import Machine
from edgepi.model import Answer, Lease, LeaseState, NodeInfo, WakePlan, WakeReceipt
from edgepi.plugin import PowerController

__all__ = ["TRY_AGAIN_S", "Departure"]

# After a sleep that could not be made sure of, and after a halt that never came.
TRY_AGAIN_S = 600.0
PROMISED_S = 120.0


class Departure:
    """Takes the node down for the governor, for a person, or because its board asks.

    *asked_wake_utc* is a wake that a person wants.
    """

    def __init__(
        self,
        *,
        node: NodeInfo,
        machine: Machine,
        clock: Clock,
        adviser: Adviser,
        telemetry: Telemetry,
        sleeper: Sleeper,
        sayings: Sayings,
        cuts: CutProof,
    ) -> None:
        self.asked_wake_utc: datetime | None = None
        self._zone = zone(node.time_zone)
        self._machine = machine
        self._clock = clock
        self._adviser = adviser
        self._telemetry = telemetry
        self._sleeper = sleeper
        self._sayings = sayings
        self._standing = Standing(machine=machine, sleeper=sleeper, clock=clock, sayings=sayings)
        self._cuts = cuts
        self._asked: tuple[datetime | None, str] | None = None
        self._board_asks: tuple[PowerController, str] | None = None
        self._not_before_s = {False: -math.inf, True: -math.inf}
        self._down_since_s: float | None = None

    @property
    def going(self) -> bool:
        """Whether the machine was told to halt."""
        return self._down_since_s is not None

    @property
    def receipt(self) -> WakeReceipt | None:
        """What the board holds, as far as is known."""
        return self._sleeper.receipt

    @property
    def standing(self) -> WakeReceipt | None:
        """What the board holds while no sleep is planned."""
        return self._sleeper.standing

    @property
    def board(self) -> PowerController | None:
        """The board to sleep with: one that can cut and wake, else one that can cut."""
        boards = [s.controller for s in self._telemetry.sources if s.started and s.controller]
        can_cut = [board for board in boards if board.capabilities.can_cut]
        can_wake = [board for board in can_cut if board.capabilities.can_wake_at]
        return next(iter(can_wake or can_cut), None)

    def means(self) -> SleepMeans:
        """What can be done now; nothing where the machine may not be halted."""
        if not self._machine.can_halt:
            return SleepMeans()
        board = self.board
        if board is None:
            return SleepMeans(can_cut=True)
        able = board.capabilities
        return SleepMeans(
            can_cut=able.can_cut,
            can_wake_at=able.can_wake_at,
            can_wake_on_voltage=able.can_wake_on_voltage,
            wake_horizon_s=able.wake_horizon_s,
            recovers_from_low_only=able.recovers_from_low_only,
        )

    async def wake_at(self, situation: Situation, wake_utc: datetime) -> WakeReceipt:
        """Arm a wake for the next sleep; raises EnergyError if the board does not hold it."""
        wake = _moved(self._adviser.wake_plan(situation), wake_utc, situation.now_utc)
        receipt, doubts = await self._sleeper.arm(self.board, wake)
        if receipt is None or doubts:
            raise EnergyError("; ".join(doubts))
        self.asked_wake_utc = wake_utc
        return receipt

    async def request(self, situation: Situation, wake_utc: datetime | None, reason: str) -> Answer:
        """See that a sleep is safe and note it for the next round."""
        if not self._machine.can_halt:
            return Answer(
                yes=False, sentence="halting this machine is not allowed, and no power board was found"
            )
        wake = self._wake(situation, self._adviser.wake_plan(situation), wake_utc)
        _, doubts = await self._sleeper.arm(self.board, wake)
        if doubts:
            self._standing.renew()
            return Answer(yes=False, sentence="; ".join(doubts))
        self._asked = wake_utc, reason
        return Answer(yes=True, sentence=self._until(wake, reason))

    def _until(self, wake: WakePlan, reason: str) -> str:
        when = clock_time(wake.wake_utc, self._clock.now(), self._zone)
        return f"sleeping until {when}: {reason}"

    def board_asks(self, board: PowerController, reason: str) -> None:
        """Note that the board wants the node to go."""
        self._board_asks = (board, reason)

    async def consider(self, situation: Situation, verdict: Verdict) -> None:
        """Go down if the board, a person or the governor wants it."""
        if self.going and not self._halt_failed():
            return
        if self._board_asks is not None:
            (board, reason), self._board_asks = self._board_asks, None
            await self._obey(situation, board, reason)
            return
        plan = self._as_asked(situation) or self._as_governed(situation, verdict.sleep)
        if plan is not None:
            await self._sleep(situation, plan)
        if not self.going:
            await self._stand_by(situation)

    async def _stand_by(self, situation: Situation) -> None:
        """Have a wake armed even so; one that a person asked for is as good."""
        wake = standing_wake(situation)
        if self.asked_wake_utc is not None and self.asked_wake_utc > situation.now_utc:
            wake = replace(wake, wake_utc=min(self.asked_wake_utc, wake.wake_utc))
        await self._standing.keep(self.board, wake)

    def _halt_failed(self) -> bool:
        if self._down_since_s is None or self._clock.monotonic() - self._down_since_s < TRY_AGAIN_S:
            return False
        self._down_since_s = None
        self._sayings.say("node", "awake", "still awake: the machine did not halt")
        return True

    def _as_asked(self, situation: Situation) -> SleepPlan | None:
        """What a person asked for, with a wake for what was promised meanwhile, too."""
        asked, self._asked = self._asked, None
        if asked is None:
            return None
        wake_utc, reason = asked
        wake = self._wake(situation, self._adviser.wake_plan(situation), wake_utc)
        return SleepPlan(wake=wake, sentence=self._until(wake, reason))

    def _as_governed(self, situation: Situation, plan: SleepPlan | None) -> SleepPlan | None:
        if plan is None or self._clock.monotonic() < self._not_before_s[plan.forced]:
            return None
        if any(lease.finishing for lease in situation.leases):
            return None  # it began while the round went on
        if not plan.forced and any(_just_promised(lease, situation.now_utc) for lease in situation.leases):
            return None
        return replace(plan, wake=self._wake(situation, plan.wake, None))

    def _wake(self, situation: Situation, wake: WakePlan, asked_utc: datetime | None) -> WakePlan:
        """The wake that a person asked for, but never later than the one that keeps a promise."""
        asked_utc = asked_utc or self.asked_wake_utc
        if asked_utc is None or asked_utc <= situation.now_utc:
            return wake
        committed = any(lease.state is LeaseState.COMMITTED for lease in situation.leases)
        return _moved(wake, min(asked_utc, wake.wake_utc) if committed else asked_utc, situation.now_utc)

    async def _sleep(self, situation: Situation, plan: SleepPlan) -> None:
        self._down_since_s = situation.monotonic_s
        board = self.board
        self._cuts.halts()
        answer = await self._sleeper.go(
            plan,
            board,
            say=lambda text: self._sayings.say("node", "sleep", text, plan.numbers),
            warn=self._cuts.doubts(board),
        )
        if not answer.yes:
            self._stay(answer, forced=plan.forced)

    async def _obey(self, situation: Situation, board: PowerController, reason: str) -> None:
        """Go down because the board asks: it will cut soon, come what may."""
        self._down_since_s = situation.monotonic_s
        self._sayings.say("node", "shutdown", f"shutting down: {reason}")
        self._cuts.halts()
        _, doubts = await self._sleeper.arm(board, self._adviser.wake_plan(situation))
        doubts += self._cuts.doubts(board)
        if doubts:
            self._sayings.say("node", "unsure", f"the wake is not certain: {'; '.join(doubts)}")
        save_s = max(2.0, board.capabilities.cut_delay_s[0] / 2)
        answer = await self._sleeper.down(reason, board, save_s=save_s)
        if not answer.yes:
            self._stay(answer, forced=True)

    def _stay(self, answer: Answer, *, forced: bool) -> None:
        self._down_since_s = None
        self._cuts.halts(halts=False)
        self._standing.renew()
        self._not_before_s[forced] = self._clock.monotonic() + TRY_AGAIN_S
        self._sayings.say("node", "awake", answer.sentence, answer.numbers)


def _moved(wake: WakePlan, wake_utc: datetime, now_utc: datetime) -> WakePlan:
    return replace(wake, wake_utc=wake_utc, fallback_hours=fallback_hours(now_utc, wake_utc))


def _just_promised(lease: Lease, now_utc: datetime) -> bool:
    """Whether a job has not had the time yet to do what it asked to commit for."""
    since_s = (now_utc - lease.since_utc).total_seconds()
    return lease.state is LeaseState.COMMITTED and 0.0 <= since_s < PROMISED_S

"""Keeps a wake armed while none is planned: whoever takes the node's power, it comes back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from edgepi.budget.frozen import frozen_for_good
from edgepi.budget.sayings import Sayings
from edgepi.budget.sleep import Sleeper
from edgepi.clock import Clock
from edgepi.energy import Situation
from edgepi.energy.rest import wake_at
from edgepi.hardware import Machine
from edgepi.model import WakePlan, WakeReceipt
from edgepi.plugin import PowerController

__all__ = ["AGAIN_S", "STANDING_H", "Standing"]

# Each arming burns cells of some boards' EEPROM, so seldom; an alarm must never come while the node is up.
AGAIN_S = 6 * 3600.0
STANDING_H = 12.0
RETRY_S = 300.0
FALLBACK_H = 1


class Standing:
    """Arms from the start of each life on, again before the alarm comes, and once a plan was dropped."""

    def __init__(self, *, machine: Machine, sleeper: Sleeper, clock: Clock, sayings: Sayings) -> None:
        self._machine = machine
        self._sleeper = sleeper
        self._clock = clock
        self._sayings = sayings
        self._due_s = -math.inf
        self._board: PowerController | None = None
        self._unsure = False

    def renew(self) -> None:
        """Arm again in the next round: something else was armed or taken back."""
        self._due_s = -math.inf

    async def keep(self, board: PowerController | None, wake: WakePlan) -> None:
        """Arm *wake* if it is time to."""
        if board is None or not board.capabilities.can_wake_at:
            return
        now_s = self._clock.monotonic()
        if board is self._board and now_s < self._due_s:
            return
        receipt, doubts = await self._sleeper.arm(board, wake, planned=False)
        if board is not self._board and (doubt := await frozen_for_good(self._machine, board)):
            self._sayings.say("node", "frozen", doubt)
        self._board, self._due_s = board, now_s + (RETRY_S if receipt is None else AGAIN_S)
        self._say(receipt, doubts)

    def _say(self, receipt: WakeReceipt | None, doubts: list[str]) -> None:
        unsure = receipt is None or bool(doubts and len(receipt.triggers) < 2)  # others need no clock
        if unsure and not self._unsure:
            text = "; ".join(doubts)
            sentence = f"if its power went now, the node's return would not be certain: {text}"
            self._sayings.say("node", "unsure", sentence)
        elif self._unsure and not unsure:
            self._sayings.say("node", "sure", "whoever takes the node's power, it comes back")
        self._unsure = unsure


def standing_wake(situation: Situation) -> WakePlan:
    """Wake far off by the alarm, within an hour by a fallback: power may be gone shortly or for long."""
    # what is being finished needs no wake: an alarm for it would come while the node is up
    situation = replace(situation, leases=tuple(x for x in situation.leases if not x.finishing))
    plan = wake_at(situation, situation.now_utc + timedelta(hours=STANDING_H))
    return replace(plan, fallback_hours=FALLBACK_H)

"""Asks the governor, and holds the guards whatever it says; thresholds stand in while it fails."""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from edgepi.budget.thinker import THINK_WITHIN_S, Thinker
from edgepi.clock import Clock
from edgepi.energy import Governor, Insight, Situation, ThresholdGovernor, Verdict, enforce
from edgepi.model import Answer, Decision, Guard, Lease, Offer, SunForecast, WakePlan

__all__ = ["Adviser"]

_log = logging.getLogger("edgepi.budget")

_RETRY_S = (60.0, 300.0, 1800.0)
_SOUND_S = 1800.0

T = TypeVar("T")
Memory = Mapping[str, Any]


class Adviser:
    """A governor that fails is tried again after a wait; thresholds decide meanwhile.

    While it thinks, levels stay as they are and offers wait; *nudge* has it decide afterwards.
    """

    def __init__(
        self,
        governor: Governor,
        clock: Clock,
        nudge: Callable[[], None] = lambda: None,
        *,
        think_s: float = THINK_WITHIN_S,
    ) -> None:
        self.trouble: str | None = None
        self._governor = governor
        self._stand_in: Governor = ThresholdGovernor()
        self._clock = clock
        self._nudge = nudge
        self._thinker = Thinker(governor, self._thought, within_s=think_s)
        self._failures = 0
        self._again_s = -math.inf
        self._standing_in = False
        self._latest = Verdict(levels={})
        self._insight = Insight()
        self._remembered: Memory = {}
        self._untold: list[SunForecast] = []

    @property
    def name(self) -> str:
        """The governor in force."""
        return self._in_force.name

    @property
    def thinking(self) -> bool:
        """Whether the governor thinks and is waited for."""
        return self._thinker.waited_for

    @property
    def _in_force(self) -> Governor:
        return self._stand_in if self._standing_in else self._governor

    async def stop(self) -> None:
        """Wait for no thought any more."""
        await self._thinker.stop()

    # What shall be ------------------------------------------------------------------------

    def consider(self, situation: Situation) -> None:
        """Begin a thought in the background if one is due."""
        if self._thinker.busy or self._out:
            return
        self._tell()
        try:
            due = self._governor.due(situation)
        except Exception as error:  # noqa: BLE001 (the loop must go on)
            self._fail(error)
            return
        if due:
            self._remember()
            self._thinker.begin(situation)

    def decide(self, situation: Situation) -> Verdict:
        """Say what shall be now."""
        verdict = enforce(situation, self._decided(situation))
        self._latest = replace(verdict, leases=(), sleep=None, decisions=())
        return verdict

    def _decided(self, situation: Situation) -> Verdict:
        if self._thinker.waited_for:
            # Only the commit guard calls for more than holding still: the node has to go down.
            deep = situation.guard.latched is Guard.COMMIT
            return self._stand_in.decide(situation) if deep else self._held(situation)
        if self._thinker.busy or self._out:
            return self._by_stand_in(situation)
        try:
            verdict = self._governor.decide(situation)
            self._insight = self._governor.insight()
        except Exception as error:  # noqa: BLE001 (the guards must hold whatever a governor does)
            self._fail(error)
            return self._by_stand_in(situation)
        return self._by_itself(situation, verdict)

    def _held(self, situation: Situation) -> Verdict:
        before = self._latest.levels
        levels = {duty.consumer: before.get(duty.consumer, duty.level) for duty in situation.duties}
        return replace(self._latest, levels=levels)

    def _by_itself(self, situation: Situation, verdict: Verdict) -> Verdict:
        if self._clock.monotonic() - self._again_s > _SOUND_S:
            self._failures = 0
        if not self._standing_in:
            return verdict
        self._standing_in, self.trouble = False, None
        return _said(verdict, situation, f"goes by {self._governor.name} again")

    def _by_stand_in(self, situation: Situation) -> Verdict:
        try:
            verdict = self._stand_in.decide(situation)
        except Exception:  # noqa: BLE001 (the guards must hold all the same)
            _log.exception("thresholds failed, too; levels stay, guards hold")
            verdict = self._held(situation)
        if self._standing_in:
            return verdict
        self._standing_in = True
        words = f"goes by {self._stand_in.name}: the governor {self._governor.name!r} {self.trouble}"
        return _said(verdict, situation, words)

    # Trouble ------------------------------------------------------------------------------

    @property
    def _out(self) -> bool:
        """Whether the governor failed so lately that it is not asked again yet."""
        return self._clock.monotonic() < self._again_s

    def _thought(self, trouble: Exception | None) -> None:
        if trouble is not None:
            self._fail(trouble)
        self._nudge()

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        wait_s = _RETRY_S[min(self._failures, len(_RETRY_S)) - 1]
        self._again_s = self._clock.monotonic() + wait_s
        slow = isinstance(error, TimeoutError)
        self.trouble = "takes too long" if slow else f"failed ({_named(error)})"
        if self._failures == 1:
            words = "the governor %r %s; thresholds stand in"
            _log.error(words, self._governor.name, self.trouble, exc_info=error)

    def _asked(self, ask: Callable[[Governor], T]) -> T:
        if self._in_force is not self._stand_in:
            try:
                return ask(self._governor)
            except Exception as error:  # noqa: BLE001 (a question must have an answer)
                self._fail(error)
        return ask(self._stand_in)

    # Questions ----------------------------------------------------------------------------

    def would_grant(self, situation: Situation, offer: Offer) -> Answer:
        """Answer an offer without granting it."""
        return self._asked(lambda governor: governor.would_grant(situation, offer))

    def may_commit(self, situation: Situation, lease: Lease) -> Answer:
        """Say whether the finish phase of a lease is safe, whatever comes."""
        return self._asked(lambda governor: governor.may_commit(situation, lease))

    def wake_plan(self, situation: Situation) -> WakePlan:
        """Say when the node should come back if it went down now."""
        return self._asked(lambda governor: governor.wake_plan(situation))

    def insight(self) -> Insight:
        """What was learned and is expected, as of the latest decision."""
        return self._insight

    # Memory -------------------------------------------------------------------------------

    def tell_forecast(self, forecast: SunForecast) -> None:
        """Hand on a forecast of the sun; while the governor thinks it waits."""
        self._untold.append(forecast)
        if not self._thinker.busy:
            self._tell()

    def _tell(self) -> None:
        untold, self._untold = self._untold, []
        for forecast in untold:
            try:
                self._governor.tell_forecast(forecast)
            except Exception:  # noqa: BLE001 (a forecast is a help, not a need)
                _log.exception("the governor takes no forecast of %s", forecast.source)

    def _remember(self) -> None:
        try:
            self._remembered = copy.deepcopy(dict(self._governor.memory()))
        except Exception:  # noqa: BLE001 (what was learned before is better than nothing)
            _log.exception("the governor cannot say what it learned")

    def memory(self) -> Memory:
        """What each governor must remember through a restart; of one that thinks, from before it began."""
        if not self._thinker.busy:
            self._remember()
        return {self._stand_in.name: dict(self._stand_in.memory()), self._governor.name: self._remembered}

    def recall(self, memory: Memory) -> None:
        """Take over an earlier `memory`."""
        for governor in (self._stand_in, self._governor):
            known = memory.get(governor.name)
            if isinstance(known, Mapping):
                governor.recall(known)


def _said(verdict: Verdict, situation: Situation, sentence: str) -> Verdict:
    decision = Decision(
        time_utc=situation.now_utc, subject="node", action="govern", sentence=sentence, cause=sentence
    )
    return replace(verdict, decisions=(*verdict.decisions, decision))


def _named(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

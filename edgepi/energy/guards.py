"""The guards on measured voltage: whatever a model thinks, and however important a duty is.

Below the *run guard* nothing new is switched on and duties are shed, vital ones last; below the
*commit guard* only finish phases of committed leases draw. One reading below is enough to switch
nothing on; shedding waits until the voltage has stayed below for a moment, so that the dip of a
motor or a radio sheds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgepi.energy.battery import Battery
from edgepi.energy.governor import DutyNow, GuardState, LeaseVerb, LeaseVerdict, Situation, Verdict
from edgepi.energy.sentences import volts
from edgepi.model import Decision, Guard, Lease, LeaseState

__all__ = ["VITAL_GRACE_S", "GuardLimits", "GuardWatch", "enforce"]

VITAL_GRACE_S = 300.0
_ORDER = (Guard.NONE, Guard.RUN, Guard.COMMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """Voltages of the guards; a guard lets go *band_v* above its own after *release_s*."""

    run_v: float
    commit_v: float
    band_v: float
    debounce_s: float = 5.0
    release_s: float = 60.0

    @classmethod
    def of(cls, battery: Battery, run_v: float | None = None, commit_v: float | None = None) -> GuardLimits:
        """Derive what is not given from chemistry and cells; commit is never above run."""
        facts, cells = battery.facts, battery.cells
        run = run_v if run_v is not None else max(facts.run_v * cells, commit_v or 0.0)
        commit = commit_v if commit_v is not None else facts.commit_v * cells
        return cls(run_v=run, commit_v=min(commit, run), band_v=facts.band_v * cells)


class GuardWatch:
    """Follows the voltage; a missing reading changes nothing."""

    def __init__(self, limits: GuardLimits) -> None:
        self._limits = limits
        self._below_s: dict[Guard, float] = {}
        self._above_s: float | None = None
        self._state = GuardState(run_v=limits.run_v, commit_v=limits.commit_v)

    @property
    def state(self) -> GuardState:
        """Where the guards stand."""
        return self._state

    def update(self, voltage_v: float | None, monotonic_s: float) -> GuardState:
        """Take in the latest voltage."""
        if voltage_v is None:
            return self._state
        seen = self._seen(voltage_v)
        self._note_below(seen, monotonic_s)
        latched = self._trip(monotonic_s)
        if latched is self._state.latched:
            latched = self._release(voltage_v, monotonic_s)
        since_s = self._state.since_s if latched is self._state.latched else monotonic_s
        self._state = replace(self._state, latched=latched, seen=seen, since_s=since_s, voltage_v=voltage_v)
        return self._state

    def _seen(self, voltage_v: float) -> Guard:
        if voltage_v <= self._limits.commit_v:
            return Guard.COMMIT
        return Guard.RUN if voltage_v <= self._limits.run_v else Guard.NONE

    def _note_below(self, seen: Guard, now_s: float) -> None:
        for guard in (Guard.RUN, Guard.COMMIT):
            if _ORDER.index(seen) >= _ORDER.index(guard):
                self._below_s.setdefault(guard, now_s)
            else:
                self._below_s.pop(guard, None)

    def _trip(self, now_s: float) -> Guard:
        for guard in (Guard.COMMIT, Guard.RUN):
            since_s = self._below_s.get(guard)
            if since_s is not None and now_s - since_s >= self._limits.debounce_s:
                return max(guard, self._state.latched, key=_ORDER.index)
        return self._state.latched

    def _release(self, voltage_v: float, now_s: float) -> Guard:
        latched, limits = self._state.latched, self._limits
        own_v = limits.commit_v if latched is Guard.COMMIT else limits.run_v
        if latched is Guard.NONE or voltage_v < own_v + limits.band_v:
            self._above_s = None
            return latched
        if self._above_s is None:
            self._above_s = now_s
        if now_s - self._above_s < limits.release_s:
            return latched
        self._above_s = None
        above_run = voltage_v >= limits.run_v + limits.band_v
        return Guard.NONE if above_run else Guard.RUN if latched is Guard.COMMIT else Guard.NONE


def enforce(situation: Situation, verdict: Verdict) -> Verdict:
    """Lay the guards over a verdict; doing it twice changes nothing."""
    guard = situation.guard
    if guard.worst is Guard.NONE:
        return verdict
    levels = {duty.consumer: _level(duty, situation, verdict) for duty in situation.duties}
    changed = {name for name, level in levels.items() if level != verdict.levels.get(name)}
    decisions = tuple(d for d in verdict.decisions if not (d.action == "level" and d.subject in changed))
    said = tuple(_shed(duty, situation, levels) for duty in situation.duties if duty.consumer in changed)
    return replace(verdict, levels=levels, leases=_leases(situation, verdict), decisions=decisions + said)


def _level(duty: DutyNow, situation: Situation, verdict: Verdict) -> str:
    wanted = duty.index(verdict.levels.get(duty.consumer, duty.level))
    allowed = min(wanted, duty.index(duty.level))
    if situation.guard.latched is Guard.COMMIT:
        allowed = 0
    elif situation.guard.latched is Guard.RUN:
        grace = situation.monotonic_s - situation.guard.since_s < VITAL_GRACE_S
        allowed = min(allowed, 1 if duty.vital and grace else 0)
    return duty.levels[allowed].name


def _leases(situation: Situation, verdict: Verdict) -> tuple[LeaseVerdict, ...]:
    starts = {LeaseVerb.GRANT, LeaseVerb.RESUME}
    kept = {v.offer_id: v for v in verdict.leases if v.verb not in starts}
    for lease in situation.leases:
        verb = _ended(lease, situation.guard)
        known = kept.get(lease.offer.offer_id)
        if verb is not None and (known is None or known.verb is not LeaseVerb.BREAK):
            sentence = f"{_PAST[verb]}: {_reason(situation.guard)}"
            kept[lease.offer.offer_id] = LeaseVerdict(
                offer_id=lease.offer.offer_id, verb=verb, sentence=sentence
            )
    return tuple(kept.values())


_PAST = {LeaseVerb.WITHDRAW: "withdrawn", LeaseVerb.PAUSE: "paused", LeaseVerb.BREAK: "broken"}


def _ended(lease: Lease, guard: GuardState) -> LeaseVerb | None:
    """Say how the guard ends what a lease draws, if it does."""
    if lease.state is LeaseState.GRANTED:
        return LeaseVerb.WITHDRAW
    if guard.latched is Guard.NONE or lease.state not in (LeaseState.RUNNING, LeaseState.COMMIT_ASKED):
        return None
    if lease.state is LeaseState.RUNNING and lease.offer.run.pausable:
        return LeaseVerb.PAUSE
    return LeaseVerb.BREAK if guard.latched is Guard.COMMIT else None


def _shed(duty: DutyNow, situation: Situation, levels: dict[str, str]) -> Decision:
    guard = situation.guard
    level = levels[duty.consumer]
    kept = guard.latched is Guard.NONE and level == duty.level
    words = f"stays at {level}" if kept else level if level == "off" else f"down to {level}"
    return Decision(
        time_utc=situation.now_utc,
        subject=duty.consumer,
        action="level",
        cause=f"{level}:{guard.worst}_guard",
        sentence=f"{words}: {_reason(guard)}",
        numbers={"battery_v": guard.voltage_v or 0.0, "guard_v": _guard_v(guard)},
    )


def _guard_v(guard: GuardState) -> float:
    return guard.commit_v if guard.worst is Guard.COMMIT else guard.run_v


def _reason(guard: GuardState) -> str:
    shown = volts(guard.voltage_v) if guard.voltage_v is not None else "an unknown voltage"
    limit = _guard_v(guard)
    below = guard.voltage_v is not None and guard.voltage_v < limit
    relation = "below" if below else "at" if guard.voltage_v == limit else "not yet clear of"
    return f"battery at {shown}, {relation} the {guard.worst} guard of {volts(limit)}"

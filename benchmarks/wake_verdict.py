"""When a node that was down had to be running again: the definition that the trial goes by.

A time down begins when the node halts, or when its process or its power ends. It was *wanted* back at the
wake that it last asked its board for if it halted by itself, at once otherwise.

*Energy allows* it from the first moment, wanted or later, at which

- it halted by itself, and from then until it was wanted the input never fell to the board's cut-off plus
  `MARGIN_V` a cell, so that no guard of the board had a reason to hold it down; or
- the input has been above the recovery voltage plus `MARGIN_V` a cell for `STEADY_S` without a break. The
  margin is what the board's converter and its adjustment can be off.

It runs *in time* if its process was started within `GRACE_S` of that, boot included. It runs *by a fall-back*
if within `FALLBACK_S` of the first moment at which the second of these held: what stands behind an alarm that
was lost is the guaranteed wake, which counts full hours and waits for the recovery voltage. A time down whose
end the node called uncertain before it went down counts as *said*; if all it said was that nothing stands
behind the alarm, only if that alarm was really lost (missed, due with the power still on, or its clock lost);
if that the board had not been seen to cut yet, only if it really did not before the wake. Anything else
failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edgepi.budget.cuts import UNPROVEN, UNSEEN
from edgepi.budget.sleep import NOTHING_BEHIND

Volts = Sequence[tuple[float, float]]

__all__ = ["FALLBACK_S", "GRACE_S", "MARGIN_V", "STEADY_S", "Down", "judge"]

GRACE_S = 600.0
FALLBACK_S = 3600.0 + GRACE_S
MARGIN_V = 0.075  # a cell
STEADY_S = 600.0
LEAST_V = 2.5


@dataclass
class Down:
    """A time without a running node, in seconds of the night."""

    from_s: float
    wanted_s: float
    planned: bool
    doubt: str | None = None
    alarm_lost: bool = False
    cut_s: float | None = None
    up_s: float | None = None
    allowed_s: float | None = None
    verdict: str = ""


class Limits(Protocol):
    """Volts that the owner set, None for no cut-off, and how far off the board may read them."""

    @property
    def low_v(self) -> float | None:
        """The board cuts below."""

    @property
    def recovery_v(self) -> float:
        """The board wakes above."""

    @property
    def margin_v(self) -> float:
        """How far off the board may read either."""


def judge(down: Down, volts: Volts, limits: Limits, end_s: float) -> None:
    """Say when energy allowed it, and how it went."""
    recovered_s = _recovered(down, volts, limits)
    down.allowed_s = down.wanted_s if _never_low(down, volts, limits) else recovered_s
    up_s, allowed_s = down.up_s, down.allowed_s
    if up_s is not None and (allowed_s is None or up_s <= allowed_s + GRACE_S):
        down.verdict = "in time"
    elif up_s is not None and (recovered_s is None or up_s <= recovered_s + FALLBACK_S):
        down.verdict = "fall-back"
    elif up_s is None and (recovered_s is None or end_s <= recovered_s + FALLBACK_S):
        down.verdict = "no energy yet"
    else:
        down.verdict = "said" if _said(down) else "FAILED"


def _said(down: Down) -> bool:
    """Whether what was said before is what came true."""
    if down.doubt is None:
        return False
    stayed_on = down.cut_s is None or down.cut_s > down.wanted_s
    true = {NOTHING_BEHIND: down.alarm_lost, UNSEEN: stayed_on, UNPROVEN: stayed_on}
    return any(true.get(part, True) for part in down.doubt.rpartition("certain: ")[2].split("; "))


def _never_low(down: Down, volts: Volts, limits: Limits) -> bool:
    floor_v = max((limits.low_v or 0.0) + limits.margin_v, LEAST_V)
    until_wanted = [v for at, v in volts if down.from_s <= at <= down.wanted_s + 60.0]
    return down.planned and all(v > floor_v for v in until_wanted)


def _recovered(down: Down, volts: Volts, limits: Limits) -> float | None:
    above_since: float | None = None
    for at, v in volts:
        if at < down.from_s:
            continue
        if v < limits.recovery_v + limits.margin_v:
            above_since = None
            continue
        above_since = at if above_since is None else above_since
        if at >= down.wanted_s and at - above_since >= STEADY_S:
            return at
    return None

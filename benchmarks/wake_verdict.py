"""When a node that was down had to be running again: the definition that the trial goes by.

A time down begins when the node halts, or when its process or its power ends. It was *wanted* back at the
wake that it last asked its board for if it halted by itself, at once otherwise.

*Energy allows* it from the first moment, wanted or later, at which

- it halted by itself, and from then until it was wanted the input never fell to the board's cut-off plus
  `MARGIN_V`, so that no guard of the board had a reason to hold it down; or
- the input has been above the recovery voltage plus `MARGIN_V` for `STEADY_S` without a break. The margin is
  what the board's converter and its adjustment can be off.

It runs *in time* if its process was started within `GRACE_S` of that, boot included. It runs *by a fall-back*
if within `FALLBACK_S` of the first moment at which the second of these held: what stands behind an alarm that
was lost is the guaranteed wake, which counts full hours and waits for the recovery voltage. A time down whose end the node called uncertain before it went down counts as *said*. Anything else failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FALLBACK_S", "GRACE_S", "MARGIN_V", "STEADY_S", "Down", "judge"]

GRACE_S = 600.0
FALLBACK_S = 3600.0 + GRACE_S
MARGIN_V = 0.3
STEADY_S = 600.0
LEAST_V = 5.0


@dataclass
class Down:
    """A time without a running node, in seconds of the night."""

    from_s: float
    wanted_s: float
    planned: bool
    doubt: str | None = None
    up_s: float | None = None
    allowed_s: float | None = None
    verdict: str = ""


def judge(
    down: Down,
    volts: Sequence[tuple[float, float]],
    low_v: float | None,
    recovery_v: float,
    end_s: float,
) -> None:
    """Say when energy allowed it, and how it went."""
    recovered_s = _recovered(down, volts, recovery_v)
    down.allowed_s = down.wanted_s if _never_low(down, volts, low_v) else recovered_s
    up_s, allowed_s = down.up_s, down.allowed_s
    if up_s is not None and (allowed_s is None or up_s <= allowed_s + GRACE_S):
        down.verdict = "in time"
    elif up_s is not None and (recovered_s is None or up_s <= recovered_s + FALLBACK_S):
        down.verdict = "fall-back"
    elif up_s is None and (recovered_s is None or end_s <= recovered_s + FALLBACK_S):
        down.verdict = "no energy yet"
    else:
        down.verdict = "said" if down.doubt else "FAILED"


def _never_low(down: Down, volts: Sequence[tuple[float, float]], low_v: float | None) -> bool:
    floor_v = max((low_v or 0.0) + MARGIN_V, LEAST_V)
    until_wanted = [v for at, v in volts if down.from_s <= at <= down.wanted_s + 60.0]
    return down.planned and all(v > floor_v for v in until_wanted)


def _recovered(down: Down, volts: Sequence[tuple[float, float]], recovery_v: float) -> float | None:
    above_since: float | None = None
    for at, v in volts:
        if at < down.from_s:
            continue
        if v < recovery_v + MARGIN_V:
            above_since = None
            continue
        above_since = at if above_since is None else above_since
        if at >= down.wanted_s and at - above_since >= STEADY_S:
            return at
    return None

"""The world's time: how fast it goes, and what the node's own clock makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgepi.clock import TimeScale
from edgepi.errors import RequestError

__all__ = ["FASTEST", "TimeKeeper"]

FASTEST = 3600.0


class TimeKeeper:
    """Keeps the scale between real seconds and the world's.

    It runs at the rate asked for, but at 1 as long as anybody gives a reason for it.
    *real* is the machine's monotonic clock, which every process of the machine shares.
    """

    def __init__(
        self,
        real: Callable[[], float],
        *,
        monotonic_s: float,
        wall_s: float,
        rate: float,
        offset_s: float = 0.0,
    ) -> None:
        self._real = real
        self._asked = _valid(rate)
        self._reasons: set[str] = set()
        self._scale = TimeScale(real(), monotonic_s, wall_s, self._asked)
        self.offset_s = offset_s
        self.trusted = True
        self.on_change: Callable[[], None] = lambda: None

    @property
    def asked_rate(self) -> float:
        """World seconds per real second when nothing speaks against it."""
        return self._asked

    @property
    def rate(self) -> float:
        """World seconds per real second now."""
        return self._scale.rate

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the rate is 1 now, if it was asked to be another."""
        return tuple(sorted(self._reasons))

    @property
    def monotonic_s(self) -> float:
        """World seconds since the world began."""
        return self._scale.monotonic_at(self._real())

    @property
    def wall_s(self) -> float:
        """The world's true wall time, seconds since 1970."""
        return self._scale.wall_at(self._real())

    @property
    def scale(self) -> TimeScale:
        """What other machines of the world are handed: its true time."""
        return self._scale

    @property
    def node_scale(self) -> TimeScale:
        """What the node is handed: its own wall clock may be wrong by *offset_s*."""
        return replace(self._scale, wall_s=self._scale.wall_s + self.offset_s)

    def ask(self, rate: float) -> None:
        """Ask for another rate; raises RequestError."""
        self._asked = _valid(rate)
        self._apply()

    def slow(self, reason: str) -> None:
        """Go at rate 1 until `release` of the same reason; a rate below 1 stays."""
        self._reasons.add(reason)
        self._apply()

    def release(self, reason: str) -> None:
        """Take a reason back."""
        self._reasons.discard(reason)
        self._apply()

    @property
    def node_wall_s(self) -> float:
        """What the node's own clock shows, seconds since 1970."""
        return self.wall_s + self.offset_s

    def set_node_wall(self, wall_s: float, *, trusted: bool = True) -> None:
        """Set the node's own clock; the world's truth stays."""
        self.offset_s = wall_s - self.wall_s
        self.trusted = trusted
        self.on_change()

    def step_node_wall(self, step_s: float) -> None:
        """Make the node's own clock jump."""
        self.offset_s += step_s
        self.on_change()

    def _apply(self) -> None:
        rate = min(1.0, self._asked) if self._reasons else self._asked
        if rate == self._scale.rate:
            return
        real_s = self._real()
        self._scale = TimeScale(real_s, self._scale.monotonic_at(real_s), self._scale.wall_at(real_s), rate)
        self.on_change()


def _valid(rate: float) -> float:
    if not 0.0 < rate <= FASTEST:
        raise RequestError(f"a rate of {rate:g} is not above 0 and at most {FASTEST:g}")
    return rate

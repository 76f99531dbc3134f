"""Stretches of time in which the wall clock ran true to the monotonic one; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgepi.clock import Clock

__all__ = ["Segment", "Segments"]

_DRIFT_MAX_MS = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch, counted from 0 in each boot; *wall_ms* None as long as the clock is not trusted."""

    index: int
    monotonic_ms: int
    wall_ms: int | None

    def wall_at(self, t_ms: int) -> int | None:
        """Wall time of a moment *t_ms* after the segment's start."""
        return None if self.wall_ms is None else self.wall_ms + t_ms


class Segments:
    """The segments of this boot; a new one begins whenever wall time jumps."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: list[Segment] = []
        self.begin()

    @property
    def all(self) -> tuple[Segment, ...]:
        """Every segment of this boot."""
        return tuple(self._all)

    @property
    def current(self) -> Segment:
        """The one that time is in."""
        return self._all[-1]

    def begin(self) -> None:
        """Start a new segment here and now."""
        wall_ms = self._wall_ms() if self._clock.trusted else None
        self._all.append(Segment(len(self._all), self._monotonic_ms(), wall_ms))

    def stepped(self) -> None:
        """Take note that wall time jumped; what has no date yet needs no new segment."""
        if self.current.wall_ms is not None:
            self.begin()

    def look(self) -> None:
        """Date the current segment once the clock is trusted; begin a new one if wall time has moved."""
        if not self._clock.trusted:
            return
        now_ms, t_ms = self._wall_ms(), self.t_ms()
        expected_ms = self.current.wall_at(t_ms)
        if expected_ms is None:
            self._all[-1] = replace(self.current, wall_ms=now_ms - t_ms)
        elif abs(now_ms - expected_ms) > _DRIFT_MAX_MS * max(1.0, self._clock.rate):
            self.begin()

    def t_ms(self) -> int:
        """Milliseconds since the current segment began."""
        return self._monotonic_ms() - self.current.monotonic_ms

    def now_ms(self) -> int | None:
        """Wall time as the current segment counts it; None as long as it has none."""
        return self.current.wall_at(self.t_ms())

    def _monotonic_ms(self) -> int:
        return round(self._clock.monotonic() * 1000)

    def _wall_ms(self) -> int:
        return round(self._clock.now().timestamp() * 1000)

"""From a source's own times, which may jump or be missing, to seconds that only go forward."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Stamp", "Timeline"]

BACK_S = 0.5
AHEAD_S = 5.0
STEP_S = 0.001


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a packet is shown and when decoded; *fresh* begins a stretch that does not join the last."""

    time_s: float
    dts_s: float
    fresh: bool


class Timeline:
    """Begins each stretch at the time it is handed (of a monotonic clock) and follows the source then."""

    def __init__(self, *, live: bool, fps: float = 0.0, last_s: float = float("-inf")) -> None:
        self._live = live
        self._untimed_step_s = 1.0 / fps if fps > 0 else 0.1
        self._offset_s: float | None = None
        self._source_s = 0.0
        self.last_s = last_s
        self._last_now_s = 0.0

    def restart(self) -> None:
        """Let the next packet begin a stretch."""
        self._offset_s = None

    def place(self, pts_s: float | None, dts_s: float | None, now_s: float) -> Stamp:
        """Place a packet that came at *now_s*."""
        first = dts_s if dts_s is not None else pts_s
        if first is None:
            return self._untimed(now_s)
        shown = pts_s if pts_s is not None else first
        fresh = self._offset_s is None or self._jumped(first, now_s)
        if fresh:
            self._offset_s = max(now_s, self.last_s + STEP_S) - first
        assert self._offset_s is not None
        self._source_s, self._last_now_s = max(first, self._source_s) if not fresh else first, now_s
        decoded = max(first + self._offset_s, self.last_s + STEP_S)
        self.last_s = decoded
        return Stamp(max(shown + self._offset_s, decoded), decoded, fresh)

    def _jumped(self, source_s: float, now_s: float) -> bool:
        step = source_s - self._source_s
        passed = now_s - self._last_now_s if self._live else 0.0
        return step < -BACK_S or step > AHEAD_S + passed

    def _untimed(self, now_s: float) -> Stamp:
        fresh = self._offset_s is None
        self._offset_s = self._offset_s or 0.0
        time_s = now_s if self._live or fresh else self.last_s + self._untimed_step_s
        time_s = max(time_s, self.last_s + STEP_S)
        self.last_s, self._last_now_s = time_s, now_s
        return Stamp(time_s, time_s, fresh)

"""From a source's own times, which may jump or be missing, to seconds that only go forward."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Stamp", "Timeline"]

BACK_S = 0.5
AHEAD_S = 5.0
STEP_S = 0.001
USUAL_FPS = 25.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a packet is shown and when decoded; *fresh* begins a stretch that does not join the last."""

    time_s: float
    dts_s: float
    fresh: bool


class Timeline:
    """Begins each stretch at the time it is handed (of a monotonic clock) and follows the source then."""

    def __init__(self, *, live: bool, fps: float = 0.0, last_s: float = float("-inf")) -> None:
        self.last_s = last_s
        self._live = live
        self._step_s = 1.0 / (fps if fps > 0 else USUAL_FPS)
        self._offset_s: float | None = None
        self._begun = False
        self._source_s = 0.0
        self._last_now_s = 0.0
        self._moved_s = float("inf")

    def place(self, pts_s: float | None, dts_s: float | None, now_s: float) -> Stamp:
        """Place a packet that came at *now_s*; a small step back is smoothed, a large one begins anew."""
        fresh, self._begun = not self._begun, True
        source_s = dts_s if dts_s is not None else pts_s
        if source_s is not None and self._stands_still(source_s, now_s):
            self.last_s = max(now_s, self.last_s + STEP_S)
            self._last_now_s = now_s
            return Stamp(self.last_s, self.last_s, fresh)
        if source_s is None:
            return self._untimed(now_s, fresh)
        if self._offset_s is None or self._jumped(source_s, now_s):
            fresh = fresh or self._offset_s is not None
            self._offset_s = max(now_s, self.last_s + STEP_S) - source_s
            self._source_s = source_s
        self._source_s, self._last_now_s = max(source_s, self._source_s), now_s
        self.last_s = max(source_s + self._offset_s, self.last_s + STEP_S)
        ahead = pts_s is None or abs(pts_s - source_s) > AHEAD_S  # no picture is held back for so long
        shown_s = (source_s if ahead or pts_s is None else pts_s) + self._offset_s
        return Stamp(max(shown_s, self.last_s), self.last_s, fresh)

    def _stands_still(self, source_s: float, now_s: float) -> bool:
        """Whether a camera stamps all its packets with the same time."""
        if self._offset_s is None or source_s != self._source_s:
            self._moved_s = now_s
        return self._live and now_s - self._moved_s > AHEAD_S

    def _jumped(self, source_s: float, now_s: float) -> bool:
        step_s = source_s - self._source_s
        passed_s = now_s - self._last_now_s if self._live else 0.0
        return step_s < -BACK_S or step_s > AHEAD_S + passed_s

    def _untimed(self, now_s: float, fresh: bool) -> Stamp:
        follows = not fresh and (self._offset_s is not None or not self._live)
        self.last_s = max(self.last_s + self._step_s if follows else now_s, self.last_s + STEP_S)
        self._last_now_s = now_s
        return Stamp(self.last_s, self.last_s, fresh)

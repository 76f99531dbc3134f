"""Notices when wall time steps against monotonic time."""

from __future__ import annotations

from edgepi.clock import Clock

__all__ = ["StepWatch"]


class StepWatch:
    """Compares wall and monotonic time at each `check`."""

    def __init__(self, clock: Clock, threshold_s: float) -> None:
        self._clock = clock
        self._threshold_s = threshold_s
        self._offset_s, self._blur_s = self._measure()

    def check(self) -> float | None:
        """Return the step in seconds since the last check, or None; slow slewing is none."""
        offset_s, blur_s = self._measure()
        step_s = offset_s - self._offset_s
        blur_s, self._blur_s = blur_s + self._blur_s, blur_s
        self._offset_s = offset_s
        return step_s if abs(step_s) > self._threshold_s + blur_s else None

    def _measure(self) -> tuple[float, float]:
        # At a high rate the clock moves on between two readings of it.
        before_s = self._clock.monotonic()
        wall_s = self._clock.now().timestamp()
        after_s = self._clock.monotonic()
        return wall_s - (before_s + after_s) / 2, after_s - before_s

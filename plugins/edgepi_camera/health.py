"""When the process that reads a camera is sick, though it answers."""

from __future__ import annotations

from edgepi_camera.model import Link
from edgepi_camera.status import Status

__all__ = ["Health"]

MOST_MB = 300.0
# A decoder and what follows hold some twenty pictures at once; those up to this size are in MOST_MB.
PICTURES, USUAL_PIXELS, PIXEL_BYTES = 20, 1920 * 1080, 1.5
STANDS_STILL_S = 60.0
OPENS_S = 120.0


class Health:
    """Watches one process over its life."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._opening_s: float | None = None

    def ailing(self, status: Status, level: str, now_s: float) -> str | None:
        """Return what is wrong with it in a sentence, or None."""
        if status.rss_mb is not None and status.rss_mb > _most_mb(status):
            return f"the process that reads the camera had grown to {status.rss_mb:.0f} MB"
        watching = level in {"saver", "full"}
        stale = status.picture_ago_s is not None and status.picture_ago_s > STANDS_STILL_S
        watched_s = self._watched_s(now_s, watching=watching)
        if stale and status.link is Link.RUNNING and watched_s > STANDS_STILL_S:
            return f"the camera says it runs, but no picture came for {STANDS_STILL_S:.0f} s"
        opening = watching and status.link is Link.OPENING
        self._opening_s = (now_s if self._opening_s is None else self._opening_s) if opening else None
        if self._opening_s is not None and now_s - self._opening_s > OPENS_S:
            return f"the camera did not open within {OPENS_S:.0f} s"
        return None

    def _watched_s(self, now_s: float, *, watching: bool) -> float:
        """For how long pictures should have come by now: they may be old from a time of rest."""
        if not watching:
            self._since_s = None
            return 0.0
        if self._since_s is None:
            self._since_s = now_s
        return now_s - self._since_s


def _most_mb(status: Status) -> float:
    larger = max(0, status.width * status.height - USUAL_PIXELS)
    return MOST_MB + PICTURES * larger * PIXEL_BYTES / 1e6

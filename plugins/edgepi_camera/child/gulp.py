"""How a live stream is read: what waits at once, then nothing for a moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgepi.clock import Clock
from edgepi_camera.source.base import Source, SourceError, Unit

__all__ = ["CALM_NAP_S", "NAP_S", "Gulp", "gulp", "most"]

# To wake for each packet alone, and to read between decoding and looking, with cold caches, costs up to half
# as much again as to decode it.
CALM_NAP_S, NAP_S, CAUGHT_UP_S = 0.4, 0.2, 0.002


@dataclass(slots=True)
class Gulp:
    """Units and when they were read; whether the last had to be waited for, and what ended the stream."""

    units: list[tuple[Unit | None, float]] = field(default_factory=list)
    caught_up: bool = False
    error: SourceError | None = None


def gulp(source: Source, clock: Clock, units: int) -> Gulp:
    """Read until something has to be waited for, so many *units* at most."""
    found = Gulp()
    now_s = clock.monotonic()
    while not found.caught_up and len(found.units) < units:
        before_s = now_s
        try:
            unit = source.read()
        except SourceError as error:
            found.error = error
            break
        now_s = clock.monotonic()
        found.units.append((unit, now_s))
        found.caught_up = now_s - before_s > CAUGHT_UP_S
    return found


def most(nap_s: float, fps: float) -> int:
    """How many units a nap has let gather; more would make those wait that are here already."""
    return max(1, int(nap_s * fps))

"""What the simulated camera shows: a rendered film, and the feed that plays it."""

from __future__ import annotations

from edgepi.sim.film.cameras import Cameras
from edgepi.sim.film.feed import Ailment

__all__ = ["Ailment", "Cameras"]

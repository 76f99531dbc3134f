"""When to look: while something moves, seldom enough, and never so that the camera suffers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from edgepi.clock import Clock
from edgepi_camera.labels.labeller import Labeller, open_labeller
from edgepi_camera.labels.net import LabelsError
from edgepi_camera.model import Box
from edgepi_camera.motion.picture import Bytes

__all__ = ["Looking", "Pace", "counts"]

log = logging.getLogger(__name__)

EVERY_S, SHARE = 1.0, 0.05


class Pace:
    """Decides when a look is due: at once in a new event, then each second, less often if looks are slow."""

    def __init__(self, every_s: float = EVERY_S, share: float = SHARE) -> None:
        self._every_s = every_s
        self._share = share
        self._event = ""
        self._next_s = float("-inf")

    def due(self, event: str, time_s: float) -> bool:
        """Whether *event* is to be looked at."""
        return time_s >= self._next_s or (event != self._event and time_s >= self._next_s - self._every_s)

    def looked(self, event: str, time_s: float, took_s: float) -> None:
        """Hear how long a look took, so that all of them take no more than their share."""
        self._event = event
        self._next_s = time_s + max(self._every_s, took_s / self._share)


class Looking:
    """A model and its pace; once it fails, the camera goes on without labels, and *trouble* says why."""

    def __init__(
        self,
        model: str | None,
        names: Sequence[str],
        clock: Clock,
        *,
        make: Callable[[str, Sequence[str]], Labeller] = open_labeller,
    ) -> None:
        self._model = model
        self._names = tuple(names)
        self._clock = clock
        self._make = make
        self._pace = Pace()
        self._labeller: Labeller | None = None
        self.trouble = ""

    def open(self) -> None:
        """Load the model, which may take seconds: for a thread that has them."""
        if self._model is None:
            return
        try:
            self._labeller = self._make(self._model, self._names)
        except Exception as error:  # noqa: BLE001 (a model of somebody's must not end the recording)
            self._give_up(error)

    def look(self, event: str, boxes: Sequence[Box], picture: Callable[[], Bytes]) -> tuple[str, ...] | None:
        """What moves in a *picture* (BGR) of an *event*; None if no look is due or none can be had."""
        labeller, began_s = self._labeller, self._clock.monotonic()
        if labeller is None or not self._pace.due(event, began_s):
            return None
        try:
            found = labeller.look(picture(), boxes)
        except Exception as error:  # noqa: BLE001 (nor must what it does with a picture)
            self._give_up(error)
            return None
        ended_s = self._clock.monotonic()
        self._pace.looked(event, ended_s, ended_s - began_s)
        return tuple(name for name, _ in found)

    def _give_up(self, error: Exception) -> None:
        self._labeller, self.trouble = None, f"no labels: {error}"
        log.warning("%s", self.trouble, exc_info=None if isinstance(error, LabelsError) else error)


def counts(labels: Iterable[str], wanted: Sequence[str]) -> bool:
    """Whether an event with these labels is one that the owner wants; without a wish all are."""
    return not wanted or not {name.lower() for name in wanted}.isdisjoint(name.lower() for name in labels)

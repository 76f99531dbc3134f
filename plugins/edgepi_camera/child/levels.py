"""Which pictures are looked at: decided from the level wished, what was seen, and the time."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Level", "Levels", "Mode"]

CALM_S = 4.0
FINISH_S = 15.0
KEYLESS_S = 20.0


class Level(StrEnum):
    """What the governor may ask for."""

    OFF = "off"
    SNAPSHOT = "snapshot"
    SAVER = "saver"
    FULL = "full"


class Mode(StrEnum):
    """What is done about it: nothing, key pictures only, or every picture."""

    CLOSED = "closed"
    KEYS = "keys"
    ALL = "all"


CLOSING = {Level.OFF, Level.SNAPSHOT}


class Levels:
    """Takes the level asked for at once; one that closes the source when the event in progress is over.

    An event gets `FINISH_S` seconds to end by itself; `overdue` then says that it is to be cut. At
    `Level.SAVER` an event, and what looks like one, is watched at the full rate until nothing has
    moved for `CALM_S` seconds.
    """

    def __init__(self) -> None:
        self.held = Level.OFF
        self._wished = Level.OFF
        self._wished_s = 0.0
        self._stirred_s = float("-inf")
        self._key_s = 0.0

    @property
    def wished(self) -> Level:
        """The level asked for last."""
        return self._wished

    def wish(self, level: Level, time_s: float) -> None:
        """Ask for a level."""
        if level is not self._wished:
            self._wished, self._wished_s = level, time_s

    def settle(self, time_s: float, *, recording: bool) -> bool:
        """Take the level wished, if it may be; whether it was taken just now."""
        if self._wished is self.held:
            return False
        if recording and self._wished in CLOSING:
            return False
        self.held, self._key_s = self._wished, time_s
        return True

    def overdue(self, time_s: float) -> bool:
        """Whether a lower level has waited long enough."""
        return self._wished is not self.held and time_s - self._wished_s > FINISH_S

    def opened(self, time_s: float) -> None:
        """Hear that the source is open from now on."""
        self._key_s = time_s

    def stirred(self, time_s: float) -> None:
        """Hear that something moves, or might."""
        self._stirred_s = time_s

    def key(self, time_s: float) -> None:
        """Hear that a key picture came."""
        self._key_s = time_s

    def mode(self, time_s: float, *, recording: bool) -> Mode:
        """What to do with the next packet; a stream without keys is watched whole."""
        if self.held in {Level.OFF, Level.SNAPSHOT}:
            return Mode.CLOSED
        calm = time_s - self._stirred_s > CALM_S and time_s - self._key_s < KEYLESS_S
        return Mode.KEYS if self.held is Level.SAVER and calm and not recording else Mode.ALL

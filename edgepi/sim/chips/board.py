"""What all simulated boards that switch the node have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from edgepi.sim.chips.powerboard import BoardEvent

__all__ = ["SwitchingBoard"]

EVENTS_KEPT = 256


class SwitchingBoard(ABC):
    """Whom it tells, what it did, and its button; see `PowerBoard`. *events* are the latest, oldest first."""

    def __init__(
        self,
        *,
        on_event: Callable[[BoardEvent], None] | None = None,
        on_line: Callable[[int, bool], None] | None = None,
    ) -> None:
        self.on_event = on_event
        self.on_line = on_line
        self.txd_held_high = False
        self.alarms_to_miss = 0
        self.events: deque[BoardEvent] = deque(maxlen=EVENTS_KEPT)
        self.elapsed_s = 0.0
        self._powered = self._button = False

    @property
    def powered(self) -> bool:
        """Whether the board itself has power."""
        return self._powered

    @abstractmethod
    def press(self) -> None:
        """Press the button, and keep it down."""

    @abstractmethod
    def release(self) -> None:
        """Let the button go."""

    def click(self) -> None:
        """Press the button and let it go."""
        self.press()
        self.release()

    def _happened(self, kind: str, reason: int) -> None:
        event = BoardEvent(kind, reason, self.elapsed_s)
        self.events.append(event)
        if self.on_event:
            self.on_event(event)

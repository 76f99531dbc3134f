"""The base class of lasting work with levels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from edgepi.model import Level

__all__ = ["Duty"]


class Duty(ABC):
    """Lasting work that can be done at several levels, the first of them *off*.

    Nothing runs before the first `apply`; the governor chooses the level.
    """

    name: str

    @abstractmethod
    def levels(self) -> Sequence[Level]:
        """List the levels, *off* first, then rising power; the same during the whole life."""

    async def start(self) -> None:  # noqa: B027 (optional to override)
        """Get ready at level *off*."""

    @abstractmethod
    async def apply(self, level: str) -> None:
        """Go over to a level; an event in progress may be finished first."""

    async def stop(self) -> None:  # noqa: B027 (optional to override)
        """End the work."""

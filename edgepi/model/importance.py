"""What a duty is worth, in words."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Importance"]


class Importance(StrEnum):
    """Words for what a duty is worth at its full level."""

    VITAL = "vital"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def points_per_h(self) -> float:
        """Points per hour that the word stands for."""
        return {"vital": 50.0, "high": 5.0, "normal": 2.0, "low": 0.5}[self.value]

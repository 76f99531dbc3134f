"""History with times of its own, which a plugin brings from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

__all__ = ["DatedValue", "HistoryWriter", "Written"]


class DatedValue(NamedTuple):
    """One moment of an entity; None is a gap that lasts until the next."""

    time_utc: datetime
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the values.

    *recorded* are of hours that the node recorded itself; *left_out* of longer ago than is kept, of an entity
    that is not recorded, or of the running hour.
    """

    written: int = 0
    recorded: int = 0
    left_out: int = 0

    def plus(self, other: Written) -> Written:
        """Return both together."""
        return Written(
            written=self.written + other.written,
            recorded=self.recorded + other.recorded,
            left_out=self.left_out + other.left_out,
        )


class HistoryWriter(Protocol):
    """Writes into the node's history, whether the node runs or not."""

    def write(self, values: Mapping[str, Sequence[DatedValue]]) -> Written:
        """Write values of entities, each in order of time; on disk when it returns, all or nothing.

        What was written before of the same entity and hour (UTC) is replaced, so hand over whole hours; what
        the node has recorded itself stays. Blocks.

        Raises:
            RecorderError: the history cannot be written.
            RequestError: a time has no zone, or the order is wrong.
        """

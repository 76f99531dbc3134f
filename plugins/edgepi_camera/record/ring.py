"""The last seconds of a stream as they came, compressed; bounded in seconds and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av

__all__ = ["Kept", "Ring"]


@dataclass(slots=True)
class Kept:
    """A packet on the child's own time line, in seconds."""

    packet: av.Packet[Any]
    time_s: float
    dts_s: float
    key: bool
    size: int


@dataclass(slots=True)
class _Group:
    """A key packet and what hangs on it."""

    entries: list[Kept] = field(default_factory=list)
    size: int = 0


class Ring:
    """Holds whole groups of pictures, so many that the oldest key is *seconds* old if memory allows."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._groups: deque[_Group] = deque()
        self.size = 0

    @property
    def seconds(self) -> float:
        """How far back it reaches; may be asked in any thread."""
        try:
            return max(0.0, self._groups[-1].entries[-1].time_s - self._groups[0].entries[0].time_s)
        except IndexError:  # empty, maybe only just now
            return 0.0

    def add(self, kept: Kept) -> None:
        """Take a packet; what comes before the first key is of no use and left."""
        groups = self._groups
        if kept.key:
            while len(groups) > 1 and groups[1].entries[0].time_s <= kept.time_s - self._seconds:
                self._drop()
            groups.append(_Group([kept], kept.size))
        elif groups:
            groups[-1].entries.append(kept)
            groups[-1].size += kept.size
        else:
            return
        self.size += kept.size
        while self.size > self._most_bytes and groups:
            self._drop()

    def _drop(self) -> None:
        self.size -= self._groups.popleft().size

    def since(self, time_s: float) -> Iterator[Kept]:
        """Everything from the last key at or before *time_s*, or from the first there is."""
        groups = list(self._groups)
        first = 0
        for index, group in enumerate(groups):
            if group.entries[0].time_s <= time_s:
                first = index
        for group in groups[first:]:
            yield from group.entries

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()
        self.size = 0

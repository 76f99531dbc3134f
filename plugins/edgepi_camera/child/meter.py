"""Pictures and bits a second, over the last few seconds, and the memory of the process."""

from __future__ import annotations

import resource
from pathlib import Path

__all__ = ["Meter", "resident_mb"]

SPAN_S = 4.0


class Meter:
    """Counts in spans of a few seconds; says what the last whole one came to."""

    def __init__(self) -> None:
        self.fps = 0.0
        self.bitrate = 0.0
        self._since_s: float | None = None
        self._count = 0
        self._size = 0

    def add(self, time_s: float, size: int) -> None:
        """Count a packet."""
        if self._since_s is None or time_s < self._since_s:
            self._since_s, self._count, self._size = time_s, 0, 0
            return
        self._count += 1
        self._size += size
        passed_s = time_s - self._since_s
        if passed_s >= SPAN_S:
            self.fps, self.bitrate = self._count / passed_s, self._size * 8 / passed_s
            self._since_s, self._count, self._size = time_s, 0, 0


def resident_mb() -> float:
    """Memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6

"""A clip's file: what was written last is on disk before what was written first is changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["ClipFile"]


class ClipFile:
    """For FFmpeg's muxer, which at the end puts an index behind the pictures and then a new head before them.

    If the power went between the two and the disk had the head only, nothing could be played.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)
        self._end = 0
        self._at = 0
        self._whole = True

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._end

    def write(self, content: Any) -> int:
        """Write at the place last sought; raises OSError."""
        view = memoryview(content)
        if self._at < self._end and not self._whole:
            self.sync()
        written = 0
        while written < len(view):
            written += self._file.write(view[written:])
        self._at += written
        if self._at > self._end:
            self._end, self._whole = self._at, False
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any file."""
        self._at = self._file.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        """As of any file."""
        return self._at

    def sync(self) -> None:
        """Wait until it is on disk; raises OSError."""
        if not self._file.closed:
            os.fdatasync(self._file.fileno())
            self._whole = True

    def close(self) -> None:
        """Close it."""
        self._file.close()

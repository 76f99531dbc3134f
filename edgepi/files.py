"""Files that are never torn, whenever the power goes."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import stat
import tempfile
from pathlib import Path

__all__ = ["atomic_write", "remove_drafts", "sync_directory"]


def atomic_write(path: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Replace *path* by *content* so that after a power cut it holds the old or the new, whole.

    Blocks until it is on disk: call it in a thread. Raises OSError, the old content then stays.
    """
    data = content.encode() if isinstance(content, str) else content
    handle, name = _begin(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            Path(name).replace(path)  # while it is still held
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    sync_directory(path.parent)


def remove_drafts(directory: Path, name: str | None = None) -> list[Path]:
    """Remove what `atomic_write` left of itself when it was cut off, of one file or of all.

    A draft that some process is still writing is left alone. Blocks; returns what was removed.
    """
    pattern = f".{'*' if name is None else glob.escape(name)}.????????.new"
    return [draft for draft in directory.glob(pattern) if _remove_if_abandoned(draft)]


def _begin(path: Path) -> tuple[int, str]:
    """Make a draft and hold it, so that nobody takes it for an abandoned one."""
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
        with contextlib.suppress(OSError):  # where there are no locks nothing is removed either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)  # removed before it was held


def _remove_if_abandoned(draft: Path) -> bool:
    with contextlib.suppress(OSError):
        handle = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISREG(os.fstat(handle).st_mode):
                draft.unlink()
                return True
        finally:
            os.close(handle)
    return False


def sync_directory(directory: Path) -> None:
    """Make names that were given or taken away in *directory* outlive a power cut; raises OSError. Blocks."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

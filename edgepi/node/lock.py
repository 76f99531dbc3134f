"""One node per state directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edgepi.errors import EdgePiError, StateLockedError

__all__ = ["LOCK_NAME", "locked"]

LOCK_NAME = "node.lock"


@contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Hold the state directory, made private if it is new, until the block ends.

    The kernel lets go of the lock when the process dies, however it dies.

    Raises:
        StateLockedError: another process holds it.
        EdgePiError: it cannot be made, or not be written to.
    """
    descriptor = _open(state_dir)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateLockedError(state_dir) from error
        os.ftruncate(descriptor, 0)
        with suppress(OSError):  # the number is for people; a full disk must not keep the node down
            os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _open(state_dir: Path) -> int:
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(state_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EdgePiError(
            f"the state directory {state_dir} cannot be used: {error.strerror}",
            hint="give one that you may write to with --state-dir or $EDGEPI_STATE_DIR",
        ) from error

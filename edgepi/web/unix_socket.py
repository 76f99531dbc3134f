"""The node's private socket in its state directory."""

from __future__ import annotations

import os
import socket
from pathlib import Path

__all__ = ["SOCKET_NAME", "bind_private"]

SOCKET_NAME = "api.sock"


def bind_private(directory: Path) -> socket.socket:
    """Bind ``<directory>/api.sock`` with mode 0600, not yet listening; blocks.

    The directory's lock is ours, so that a socket found there is a dead node's. The path goes
    through the directory's descriptor because a socket's own path may be 107 bytes at most.
    """
    (directory / SOCKET_NAME).unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        bound.bind(f"/proc/self/fd/{descriptor}/{SOCKET_NAME}")
        (directory / SOCKET_NAME).chmod(0o600)
    except OSError:
        bound.close()
        raise
    finally:
        os.close(descriptor)
    return bound

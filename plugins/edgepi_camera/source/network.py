"""What keeps a camera in the network from being reached, where FFmpeg has no word for it."""

from __future__ import annotations

import errno
import socket
from urllib.parse import urlsplit

__all__ = ["trouble"]


def trouble(error: BaseException, url: str) -> str | None:
    """Say what *error* means at an address of the network; None if it means what it says."""
    parts = urlsplit(url)
    if type(error).__name__ == "HTTPUnauthorizedError" and "@" not in parts.netloc:
        return "it wants a user name and a password"
    # FFmpeg says the same of a name that nobody knows as of a device that broke.
    if getattr(error, "errno", None) == errno.EIO and parts.hostname and not _known(parts.hostname):
        return f"the name {parts.hostname} is not known: is it right, and is there a network?"
    return None


def _known(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False

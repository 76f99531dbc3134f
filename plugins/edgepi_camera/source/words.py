"""Plain sentences about what went wrong with a source, with no password in them."""

from __future__ import annotations

import errno
import re

__all__ = ["explained", "masked"]

_USER_INFO = re.compile(r"(?<=://)[^/\s'\"]*@")
_QUERY = re.compile(
    r"(?i)([?&;](?:[^=&\s'\"]*(?:pass|pwd|token|key|auth|user|login|secret)[^=&\s'\"]*)=)[^&\s'\"]*"
)

_SENTENCES = {
    "HTTPUnauthorizedError": "it refuses the user name or password",
    "HTTPForbiddenError": "it refuses access",
    "HTTPNotFoundError": "it has no stream of this name",
    "HTTPServerError": "it has a fault of its own",
    "InvalidDataError": "what it sends is no picture stream, or is torn",
    "DemuxerNotFoundError": "no such format",
    "ProtocolNotFoundError": "no such kind of address",
    "StreamNotFoundError": "it has no stream of this name",
    "EOFError": "it ended the stream",
    "ExitError": "no answer in time",
    "TimeoutError": "no answer in time",
    "PermissionError": "it may not be opened by this user",
    "FileNotFoundError": "it is not there",
    "ConnectionRefusedError": "it refuses the connection",
}
_NUMBERS = {
    errno.ENODEV: "it is not there",
    errno.ENXIO: "it is not there",
    errno.ENOSPC: "its USB bus has no room left for its pictures",
    errno.EINVAL: "it refuses what is asked of it",
    errno.EBUSY: "another program uses it",
    errno.EIO: "it does not answer any more",
    errno.EHOSTUNREACH: "it cannot be reached",
    errno.ENETUNREACH: "there is no network",
    errno.ECONNRESET: "it closed the connection",
    errno.EPIPE: "it closed the connection",
    errno.ETIMEDOUT: "no answer in time",
    errno.EAGAIN: "no answer in time",
}


def masked(text: str) -> str:
    """*text* with user names and passwords of every address in it taken out."""
    return _QUERY.sub(r"\1***", _USER_INFO.sub("***@", text))


def explained(error: BaseException, what: str) -> str:
    """One sentence: *what* (an address) and why *error* came of it."""
    name = type(error).__name__
    number = getattr(error, "errno", None)
    reason = _SENTENCES.get(name) or (_NUMBERS.get(number) if isinstance(number, int) else None)
    if reason is None:
        reason = getattr(error, "strerror", None) or str(error) or name
    return masked(f"{what}: {reason}")

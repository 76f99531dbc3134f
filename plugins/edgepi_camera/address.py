"""Where pictures come from, and how to speak of it without telling a password."""

from __future__ import annotations

import re
import stat
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from edgepi.errors import RequestError

__all__ = ["Address", "Kind", "other_kind"]

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp", "tcp")
KINDS = "/dev/video0, picamera, an address such as rtsp://..., or the path of a file or folder"
OTHERS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a disk",
}
MASK = "\N{BULLET}" * 4
_SHORTEST = 3  # a shorter word would mask half of every sentence
_USER = re.compile(r"(?<=://)[^\s/?#]*@")


class Kind(StrEnum):
    """What has to be done to open it."""

    DEVICE = "device"
    PICAMERA = "picamera"
    STREAM = "stream"
    PATH = "path"


class Address:
    """A device, ``picamera``, the url of a stream, or the path of a file or folder.

    Its text leaves out user, password and query; *url* has them. Raises RequestError for what is none.
    """

    __slots__ = ("_hidden", "kind", "shown", "url")

    def __init__(self, text: str, user: str | None = None, password: str | None = None) -> None:
        self.kind = _kind(text)
        self.url = text
        self.shown = text
        self._hidden: tuple[str, ...] = ()
        if self.kind is Kind.STREAM:
            self._take_apart(text, user, password)

    def _take_apart(self, text: str, user: str | None, password: str | None) -> None:
        parts = urlsplit(text)
        own, _, host = parts.netloc.rpartition("@")
        login = own or ":".join(quote(word, safe="") for word in (user, password) if word is not None)
        self.url = urlunsplit(parts._replace(netloc=f"{login}@{host}" if login else host))
        self.shown = urlunsplit(parts._replace(netloc=host, query="", fragment=""))
        secret = {own.partition(":")[2], password or "", parts.query}
        known = (login, *secret, *(quote(word, safe="") for word in secret))
        self._hidden = tuple(
            sorted({word for word in known if len(word) >= _SHORTEST}, key=len, reverse=True)
        )

    @property
    def live(self) -> bool:
        """Whether pictures come when they come, and not as fast as one likes."""
        return self.kind is not Kind.PATH

    def hide(self, text: str) -> str:
        """Return what somebody said of this address without user, password and query."""
        text = text.replace(self.url, self.shown)
        for word in self._hidden:
            text = text.replace(word, MASK)
        return _USER.sub("", text)

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)


def other_kind(path: Path) -> str | None:
    """What a path is that is neither file nor folder, and would be waited for without end; None if not so."""
    try:
        return OTHERS.get(stat.S_IFMT(path.stat().st_mode))
    except (OSError, ValueError):
        return None


def _kind(text: str) -> Kind:
    if re.fullmatch(r"picamera(:[0-9])?", text):
        return Kind.PICAMERA
    if re.fullmatch(r"/dev/(video[0-9]{1,3}|v4l/by-(id|path)/[^/]+)", text):
        return Kind.DEVICE
    scheme, mark, rest = text.partition("://")
    if not mark:
        return _path(text)
    if scheme.lower() not in SCHEMES:
        raise RequestError(f"{scheme}:// is none of {', '.join(SCHEMES)}")
    try:
        parts = urlsplit(text)
        good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or re.search(r"\s", rest):
        raise RequestError(f"expected an address such as {scheme.lower()}://192.168.1.20/stream")
    return Kind.STREAM


def _path(text: str) -> Kind:
    if text.startswith("/dev/"):
        raise RequestError("a camera's device is called /dev/video0, or as it stands in /dev/v4l/by-id")
    # FFmpeg takes what stands before a colon for a protocol, and some of them read any file or nest others.
    if (protocol := re.match(r"[^/]*?[:,]", text)) is not None and "/" in text:
        raise RequestError(f"`{protocol[0]}` is none of {KINDS}; a path that has a colon begins with / or ./")
    if "/" not in text or "\0" in text:
        raise RequestError(f"expected {KINDS}")
    return Kind.PATH

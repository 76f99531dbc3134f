"""STOMP 1.2 frames: encoded, and decoded as they arrive."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgepi.errors import ProtocolError

__all__ = ["HEART_BEAT", "Decoder", "Frame", "decode", "encode"]

HEART_BEAT = "\n"
MAX_BYTES = 1 << 20
MAX_HEADERS = 100
MAX_HEAD_BYTES = 32_768
_COMMAND = re.compile(r"[A-Z]{1,32}")
_ESCAPES = {"\\": "\\\\", "\r": "\\r", "\n": "\\n", ":": "\\c"}
_PLAIN = {escaped[1]: character for character, escaped in _ESCAPES.items()}
_UNESCAPED = frozenset({"CONNECT", "CONNECTED"})  # so that servers of version 1.0 understand them


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; of a header that is said twice the first counts."""

    command: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


def encode(frame: Frame) -> str:
    """Return a frame as text; raises ProtocolError for one that cannot be sent."""
    if _COMMAND.fullmatch(frame.command) is None:
        raise ProtocolError(f"{frame.command[:40]!r} is no command of STOMP")
    headers = dict(frame.headers)
    if frame.body:
        headers.setdefault("content-length", str(len(frame.body.encode("utf-8", "surrogatepass"))))
    lines = [f"{_escaped(name, frame)}:{_escaped(value, frame)}" for name, value in headers.items()]
    return "\n".join((frame.command, *lines, "", "")) + frame.body + "\0"


def _escaped(text: str, frame: Frame) -> str:
    if "\0" in text:
        raise ProtocolError("a header of STOMP has no zeros")
    if frame.command not in _UNESCAPED:
        return "".join(_ESCAPES.get(character, character) for character in text)
    if "\n" in text or "\r" in text:
        raise ProtocolError(f"a header of {frame.command} has no line breaks")
    return text


def decode(text: str | bytes) -> tuple[Frame, ...]:
    """Return the frames of a text that holds whole ones, none for a heart-beat; raises ProtocolError."""
    decoder = Decoder()
    frames = decoder.feed(text)
    if decoder.pending:
        raise ProtocolError("a frame of STOMP has no end")
    return frames


class Decoder:
    """Takes what arrives, in whatever pieces; a ProtocolError ends it."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._rest = b""
        self._seen = 0
        self._max_bytes = max_bytes

    @property
    def pending(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._rest)

    def feed(self, data: str | bytes) -> tuple[Frame, ...]:
        """Return the frames that are whole now; raises ProtocolError."""
        try:
            self._rest += data.encode() if isinstance(data, str) else data
        except UnicodeEncodeError:
            raise ProtocolError("a frame of STOMP is no text") from None
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        if len(self._rest) > self._max_bytes:
            raise ProtocolError(f"a frame of STOMP is larger than {self._max_bytes} bytes")
        return tuple(frames)

    def _next(self) -> Frame | None:
        self._skip_beats()
        # Where no end was, none is now: small pieces must not be looked through again and again.
        found = _BLANK.search(self._rest, max(self._seen - 3, 0))
        if found is None:
            if len(self._rest) > MAX_HEAD_BYTES or b"\0" in self._rest[self._seen :]:
                raise ProtocolError("a frame of STOMP has endless headers, or none")
            self._seen = len(self._rest)
            return None
        head, start = self._rest[: found.start()], found.end()
        command, headers = _head(head)
        end = self._end(start, headers)
        if end is None:
            return None
        body, self._rest, self._seen = self._rest[start:end], self._rest[end + 1 :], 0
        return Frame(command, headers, _text(body))

    def _skip_beats(self) -> None:
        if self._rest[:1] in {b"\n", b"\r"}:
            self._rest = self._rest.lstrip(b"\r\n")
            self._seen = 0

    def _end(self, start: int, headers: Mapping[str, str]) -> int | None:
        """Where the zero stands that ends a frame, None while it has not come."""
        said = headers.get("content-length")
        if said is None:
            end = self._rest.find(b"\0", start)
            return None if end < 0 else end
        if re.fullmatch(r"[0-9]{1,9}", said) is None or int(said) > self._max_bytes:
            raise ProtocolError("a frame of STOMP has a length that cannot be")
        end = start + int(said)
        if len(self._rest) <= end:
            return None
        if self._rest[end]:
            raise ProtocolError("a frame of STOMP is longer than it says")
        return end


_BLANK = re.compile(rb"\r?\n\r?\n")


def _head(head: bytes) -> tuple[str, dict[str, str]]:
    if len(head) > MAX_HEAD_BYTES or b"\0" in head:
        raise ProtocolError("a frame of STOMP has endless headers, or none")
    command, *lines = (line.removesuffix("\r") for line in _text(head).split("\n"))
    if _COMMAND.fullmatch(command) is None:
        raise ProtocolError(f"{command[:40]!r} is no command of STOMP")
    if len(lines) > MAX_HEADERS:
        raise ProtocolError("a frame of STOMP has too many headers")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name:
            raise ProtocolError("a header of STOMP has no name, or no value")
        if command not in _UNESCAPED:
            name, value = _plain(name), _plain(value)
        headers.setdefault(name, value)
    return command, headers


def _plain(text: str) -> str:
    first, *others = re.split(r"\\(.?)", text, flags=re.DOTALL)
    out = [first]
    for escaped, rest in zip(others[::2], others[1::2], strict=True):
        if escaped not in _PLAIN:
            raise ProtocolError("a header of STOMP has an escape that is none")
        out += (_PLAIN[escaped], rest)
    return "".join(out)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ProtocolError("a frame of STOMP is no UTF-8") from None

"""SockJS: messages in frames of one line, as servers and clients write them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.reading import parse_json

__all__ = [
    "BROKEN_JSON",
    "HEARTBEAT",
    "OPEN",
    "PAYLOAD_EXPECTED",
    "PRELUDE",
    "STREAM_BYTES",
    "SockJsFrame",
    "close_frame",
    "decode_client",
    "decode_server",
    "encode_client",
    "info",
    "message_frame",
]

OPEN, HEARTBEAT = "o", "h"
PRELUDE = "h" * 2048 + "\n"
STREAM_BYTES = 128 * 1024
"""After so many bytes a server ends a streaming response, and the client asks again."""
PAYLOAD_EXPECTED, BROKEN_JSON = "Payload expected.", "Broken JSON encoding."
MAX_BYTES = 1 << 21
MAX_MESSAGES = 1000

# What some browsers lose on the way, in addition to what is not ASCII, which is escaped anyway.
_LOST = re.compile(r"\x7f")


@dataclass(frozen=True, slots=True)
class SockJsFrame:
    """What a server sent: *kind* ``o``, ``h``, ``a`` with messages or ``c`` with code and reason."""

    kind: str
    messages: tuple[str, ...] = ()
    code: int = 0
    reason: str = ""


def message_frame(messages: Sequence[str]) -> str:
    """Return a server's frame with messages, without the line's end."""
    return "a" + encode_client(messages)


def close_frame(code: int, reason: str) -> str:
    """Return a server's last frame, without the line's end."""
    return f"c[{code},{json.dumps(reason)}]"


def encode_client(messages: Sequence[str]) -> str:
    """Return what a client sends, the body of ``xhr_send`` or one text over WebSocket."""
    return _LOST.sub(r"\\u007f", json.dumps(list(messages), separators=(",", ":")))


def decode_client(text: str | bytes) -> tuple[str, ...]:
    """Return the messages that a client sent.

    Raises:
        ProtocolError: there are none; its message is what a server answers.
    """
    if not text:
        raise ProtocolError(PAYLOAD_EXPECTED)
    found = _loaded(text)
    if isinstance(found, str):
        found = [found]  # over WebSocket one message may come without its list
    if (messages := _messages(found)) is None:
        raise ProtocolError(BROKEN_JSON)
    return messages


def decode_server(line: str) -> SockJsFrame:
    """Return the frame of a line, without the line's end; raises ProtocolError."""
    kind, rest = line[:1], line[1:]
    if line == OPEN or (kind == HEARTBEAT and not rest.strip(HEARTBEAT)):
        return SockJsFrame(kind)
    found = _loaded(rest) if kind in {"a", "c"} else None
    if kind == "a" and (messages := _messages(found)) is not None:
        return SockJsFrame(kind, messages)
    if kind == "c" and isinstance(found, list) and len(found) == 2:
        code, reason = found
        if type(code) is int and isinstance(reason, str) and 0 <= code < 10_000:
            return SockJsFrame(kind, code=code, reason=reason[:200])
    raise ProtocolError("a frame of SockJS is none")


def info(entropy: int, *, websocket: bool) -> dict[str, Any]:
    """Return the answer to ``/info``."""
    return {"entropy": entropy, "origins": ["*:*"], "cookie_needed": False, "websocket": websocket}


def _loaded(text: str | bytes) -> Any:
    try:
        return parse_json(text, "messages", max_bytes=MAX_BYTES)
    except ProtocolError:
        return None


def _messages(found: object) -> tuple[str, ...] | None:
    if not isinstance(found, list) or len(found) > MAX_MESSAGES:
        return None
    texts = tuple(one for one in found if isinstance(one, str))
    return texts if len(texts) == len(found) else None

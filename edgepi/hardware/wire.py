"""The words between a node and the world: frames of JSON behind a length, over a Unix socket.

A request is ``{"id", "do", "with"}``, its answer ``{"id", "result"}`` or ``{"id", "error"}``;
a request without ``id`` wants no answer. What the world says unasked is ``{"push", ...}``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from edgepi.clock import TimeScale
from edgepi.errors import BusError, DeviceNotFoundError, EdgePiError, HardwareError, RequestError, WorldError
from edgepi.plugin import VideoFeed

__all__ = [
    "LONGEST_FRAME",
    "PROTOCOL",
    "error_from_wire",
    "error_to_wire",
    "feed_from_wire",
    "feed_to_wire",
    "pack",
    "read_frame",
    "receive",
    "scale_from_wire",
    "scale_to_wire",
    "unpack",
]

PROTOCOL = 1
LONGEST_FRAME = 256 * 1024
_LENGTH = struct.Struct(">I")
_ERRORS: Mapping[str, type[EdgePiError]] = {
    cls.__name__: cls for cls in (BusError, DeviceNotFoundError, HardwareError, RequestError, WorldError)
}


def pack(message: Mapping[str, Any]) -> bytes:
    """Turn a message into a frame."""
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    if len(body) > LONGEST_FRAME:
        raise WorldError(f"a frame of {len(body)} bytes is longer than {LONGEST_FRAME}")
    return _LENGTH.pack(len(body)) + body


def unpack(body: bytes) -> dict[str, Any]:
    """Turn the body of a frame into a message; raises WorldError."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WorldError("a frame holds no JSON") from error
    if not isinstance(message, dict):
        raise WorldError("a frame holds no object")
    return message


def _length(head: bytes) -> int:
    length: int = _LENGTH.unpack(head)[0]
    if length > LONGEST_FRAME:
        raise WorldError(f"a frame of {length} bytes is longer than {LONGEST_FRAME}")
    return length


async def read_frame(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """Read one message, or None when the other side is gone; raises WorldError on a malformed one."""
    try:
        head = await reader.readexactly(_LENGTH.size)
        return unpack(await reader.readexactly(_length(head)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one message from a blocking socket; raises WorldError when the world is gone."""
    return unpack(_exactly(connection, _length(_exactly(connection, _LENGTH.size))))


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise WorldError("the world has gone away")
        parts += part
    return bytes(parts)


def error_to_wire(error: Exception) -> dict[str, Any]:
    """Turn an error into JSON."""
    if not isinstance(error, EdgePiError):
        return {"kind": "RequestError", "message": f"{type(error).__name__}: {error}", "hint": None}
    kind = next((cls.__name__ for cls in type(error).__mro__ if cls.__name__ in _ERRORS), "WorldError")
    number = getattr(error, "errno", None)
    return {"kind": kind, "message": error.message, "hint": error.hint, "errno": number}


def error_from_wire(data: Any) -> EdgePiError:
    """Turn JSON back into the error it was."""
    if not isinstance(data, dict):
        return WorldError("the world failed without saying why")
    error = _ERRORS.get(str(data.get("kind")), WorldError)(str(data.get("message")), hint=data.get("hint"))
    if isinstance(error, OSError) and isinstance(data.get("errno"), int):
        error.errno = data["errno"]
    return error


def scale_to_wire(scale: TimeScale) -> dict[str, float]:
    """Turn a time scale into JSON."""
    return asdict(scale)


def scale_from_wire(data: Any) -> TimeScale:
    """Turn JSON back into a time scale; raises WorldError."""
    try:
        return TimeScale(**{key: float(value) for key, value in data.items()})
    except (TypeError, ValueError, AttributeError) as error:
        raise WorldError("the world told no usable time") from error


def feed_to_wire(feed: VideoFeed) -> dict[str, Any]:
    """Turn a video feed into JSON."""
    return asdict(feed)


def feed_from_wire(data: Any) -> VideoFeed:
    """Turn JSON back into a video feed; raises WorldError."""
    match data:
        case {"url": str(url), "format": str() | None as kind, "label": str(label)}:
            return VideoFeed(url, kind, label)
    raise WorldError("the world told no usable video")

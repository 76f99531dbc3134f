"""How parent and child talk: one JSON header and bytes, each with its length before it."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import BinaryIO

from edgepi.errors import PluginError
from edgepi.plugin import Message

__all__ = ["MAX_SIZE", "Message", "decode_header", "encode", "read_message", "receive"]

MAX_SIZE = 64 * 1024 * 1024
_LENGTHS = struct.Struct("!II")


def encode(message: Message) -> bytes:
    """Turn a message into bytes.

    Raises:
        PluginError: its fields do not fit into JSON, or it is too large.
    """
    try:
        header = json.dumps({"kind": message.kind, "fields": dict(message.fields)}).encode()
    except (TypeError, ValueError) as error:
        raise PluginError(f"message {message.kind!r} does not fit into JSON: {error}") from error
    if len(header) + len(message.data) > MAX_SIZE:
        raise PluginError(f"message {message.kind!r} is larger than {MAX_SIZE} bytes")
    return _LENGTHS.pack(len(header), len(message.data)) + header + message.data


def decode_header(header: bytes, data: bytes) -> Message:
    """Build a message from its two parts; raises PluginError when it is garbled."""
    try:
        table = json.loads(header)
        return Message(str(table["kind"]), dict(table["fields"]), data)
    except (ValueError, KeyError, TypeError) as error:
        raise PluginError(f"a garbled message came: {error!r}") from error


def _lengths(prefix: bytes) -> tuple[int, int]:
    header, data = _LENGTHS.unpack(prefix)
    if header + data > MAX_SIZE:
        raise PluginError("a garbled message came: impossible length")
    return header, data


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Read the next message; None when the other side has closed. Raises PluginError."""
    try:
        header, data = _lengths(await reader.readexactly(_LENGTHS.size))
        return decode_header(await reader.readexactly(header), await reader.readexactly(data))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise PluginError("a message was cut off") from error
        return None


def read_message(stream: BinaryIO) -> Message | None:
    """Read the next message, blocking; None when the other side has closed. Raises PluginError."""
    prefix = stream.read(_LENGTHS.size)
    if not prefix:
        return None
    if len(prefix) < _LENGTHS.size:
        raise PluginError("a message was cut off")
    header, data = _lengths(prefix)
    return decode_header(stream.read(header), stream.read(data))

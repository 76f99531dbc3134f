"""Request bodies of strangers: so many bytes at most, so many seconds at most."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from edgepi.errors import ProtocolError

__all__ = ["address_of", "block_of", "read_body"]

_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")


async def read_body(request: web.Request, most_bytes: int, within_s: float) -> bytes:
    """Return the body; raises ProtocolError when it is too long or comes too slowly."""
    if (request.content_length or 0) > most_bytes:
        raise ProtocolError("the body is too long")
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most_bytes:
                    raise ProtocolError("the body is too long")
    except TimeoutError:
        raise ProtocolError("the body comes too slowly") from None
    return bytes(body)


def address_of(text: str | None) -> str:
    """Return an address in lower case; raises ProtocolError for none."""
    if text is None or _ADDRESS.fullmatch(text) is None:
        raise ProtocolError("no address of a wallet")
    return text.lower()


def block_of(text: str | None) -> int:
    """Return a block's number, 0 for nonsense."""
    return int(text) if text is not None and len(text) < 20 and text.isascii() and text.isdigit() else 0

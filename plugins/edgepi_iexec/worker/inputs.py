"""Fetches files that strangers name: bounded in size and time, checked, never from the local network."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from edgepi.errors import EdgePiError, PeerError, ProtocolError
from edgepi_iexec.protocol.base import base58_encode
from edgepi_iexec.worker.guard import Guard

__all__ = ["BAD_CHECKSUM", "UnfetchedError", "download", "sources"]

BAD_CHECKSUM = "DATASET_FILE_BAD_CHECKSUM"
MAX_HOPS = 5
_LATER = frozenset({408, 425, 429})  # statuses of servers that have enough to do
CONNECT_S, SILENCE_S = 10.0, 30.0
_IPFS = re.compile(r"/ipfs/([A-Za-z0-9]+(?:/[\w.\-]+)*)")
_MULTIADDR_IPFS = b"\xa5\x03"  # 421, the code of ipfs


class UnfetchedError(PeerError):
    """A file could not be had from here and now: another machine may have it."""


def sources(location: str | bytes, gateways: tuple[str, ...]) -> tuple[str, ...]:
    """Where a file may be had: its URL, or each gateway for what lies in IPFS; raises ProtocolError."""
    text = _location(location)
    if text.startswith(("http://", "https://")):
        return (text,)
    if (found := _IPFS.fullmatch(text)) is not None:
        return tuple(f"{gateway.rstrip('/')}/ipfs/{found[1]}" for gateway in gateways)
    raise ProtocolError(f"{text[:80]!r} is no place to download from")


def _location(location: str | bytes) -> str:
    if isinstance(location, str):
        return location.strip()
    if location[:2] == _MULTIADDR_IPFS and len(location) > 3 and location[2] == len(location) - 3:
        return f"/ipfs/{base58_encode(location[3:])}"
    return location.decode(errors="replace").strip()


async def download(
    url: str, path: Path, *, guard: Guard, max_bytes: int, timeout_s: float, checksum: str | None = None
) -> None:
    """Fetch *url* into *path*, which is there whole or not at all.

    Raises:
        UnfetchedError: this machine cannot have it: no network, no room, no time.
        PeerError: it is not there.
        ProtocolError: it may not be asked for, or differs from *checksum* (*cause* says so).
    """
    draft = path.with_name(path.name + ".part")
    try:
        async with asyncio.timeout(timeout_s), guard.session() as session:
            digest = await _follow(session, url, draft, guard, max_bytes)
    except TimeoutError:
        await asyncio.to_thread(_remove, draft)
        raise UnfetchedError(f"the download takes longer than {timeout_s:.0f} s") from None
    except (ClientError, OSError, ValueError) as error:
        await asyncio.to_thread(_remove, draft)
        if isinstance(error, EdgePiError):
            raise
        raise UnfetchedError(f"the download failed: {type(error).__name__}: {str(error)[:100]}") from error
    if checksum is not None and digest != checksum.lower():
        await asyncio.to_thread(_remove, draft)
        raise ProtocolError("the file is another one than its checksum says", cause=BAD_CHECKSUM)
    await asyncio.to_thread(draft.replace, path)


async def _follow(session: ClientSession, url: str, draft: Path, guard: Guard, max_bytes: int) -> str:
    for _ in range(MAX_HOPS):
        async with session.get(
            guard.check(url),
            allow_redirects=False,
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            timeout=ClientTimeout(total=None, connect=CONNECT_S, sock_read=SILENCE_S),
        ) as response:
            if response.status in {301, 302, 303, 307, 308}:
                url = urljoin(url, response.headers.get("Location", ""))
                continue
            if response.status != 200:
                kind = UnfetchedError if response.status in _LATER or response.status >= 500 else PeerError
                raise kind(f"the server answers {response.status}")
            return await _save(_bounded(response, max_bytes), draft)
    raise PeerError("the server sends from one address to the next")


async def _bounded(response: ClientResponse, max_bytes: int) -> AsyncIterator[bytes]:
    total = 0
    if (response.content_length or 0) > max_bytes:
        raise UnfetchedError(f"the file is larger than {max_bytes // 1024**2} MB")
    async for chunk in response.content.iter_chunked(256 * 1024):
        total += len(chunk)
        if total > max_bytes:
            raise UnfetchedError(f"the file is larger than {max_bytes // 1024**2} MB")
        yield chunk


async def _save(chunks: AsyncIterator[bytes], path: Path) -> str:
    digest = hashlib.sha256()
    file: BinaryIO = await asyncio.to_thread(path.open, "wb")
    try:
        async for chunk in chunks:
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
    finally:
        await asyncio.to_thread(file.close)
    return "0x" + digest.hexdigest()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()

"""Gives results to a result store: its token, the upload, and the look whether it is there already."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aiohttp import ClientSession

from edgepi.errors import PeerError, ProtocolError
from edgepi_iexec.chain.interface import Signer
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.models import ResultModel, WorkerpoolAuthorization
from edgepi_iexec.worker.guard import Guard
from edgepi_iexec.worker.web import Reply, Request, send

__all__ = ["ResultStore"]

UPLOAD_S = 900.0
PIECE = 3 * 64 * 1024
_LOCATION = re.compile(r"/?ipfs/[A-Za-z0-9]{10,128}|[A-Za-z0-9]{10,128}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


@dataclass(frozen=True, slots=True)
class ResultStore:
    """One result proxy."""

    url: str
    signer: Signer
    guard: Guard
    max_bytes: int

    async def give(self, authorization: WorkerpoolAuthorization, digest: str, archive: Path) -> str:
        """Upload unless it is there, and return its location ``/ipfs/...``.

        Raises:
            PeerError: the store cannot be reached or refuses.
            ProtocolError: the store may not be asked, says nonsense, or the result is too large for it.
        """
        size = (await asyncio.to_thread(archive.stat)).st_size
        if size > self.max_bytes:
            raise ProtocolError(f"the result is larger than {self.max_bytes // 1024**2} MB")
        base = self.guard.check(self.url).rstrip("/") + "/v1/results"
        async with self.guard.session() as session:
            token = await self._token(session, base, authorization)
            if (there := await self._there(session, base, token, authorization.task_id)) is not None:
                return there
            file = await asyncio.to_thread(archive.open, "rb")
            try:
                reply = await send(session, _post(base, token, _frame(authorization, digest), file, size))
            finally:
                await asyncio.to_thread(file.close)
            return _location(_good(reply, "does not take the result"))

    async def _token(self, session: ClientSession, base: str, authorization: WorkerpoolAuthorization) -> str:
        hashed = authorization_hash(
            authorization.worker, authorization.task_id, authorization.enclave_challenge
        )
        signature = await self.signer.sign_personal(hashed)
        request = Request(
            method="POST",
            url=f"{base}/token",
            headers={"Authorization": signature},
            content=authorization.to_json(),
        )
        token = _good(await send(session, request), "does not let this worker in").text
        if _TOKEN.fullmatch(token) is None:
            raise ProtocolError("the result store's answer is no token")
        return token

    async def _there(self, session: ClientSession, base: str, token: str, task_id: str) -> str | None:
        head = Request(method="HEAD", url=f"{base}/{task_id}", headers={"Authorization": token})
        if (await send(session, head)).status not in {200, 204}:
            return None
        found = await send(session, Request(method="GET", url=f"{base}/{task_id}/ipfshash"))
        return _location(found) if found.status == 200 else None


def _frame(authorization: WorkerpoolAuthorization, digest: str) -> tuple[bytes, bytes]:
    """What comes before and after the archive in the upload's body."""
    model = ResultModel(task_id=authorization.task_id, deterministic_hash=digest).to_json()
    head, tail = json.dumps(model | {"zip": "\0"}).encode().split(b"\\u0000")
    return head, tail


def _post(base: str, token: str, frame: tuple[bytes, bytes], file: BinaryIO, size: int) -> Request:
    length = len(frame[0]) + 4 * -(-size // 3) + len(frame[1])
    return Request(
        method="POST",
        url=base,
        headers={"Authorization": token, "Content-Length": str(length)},
        body=_pieces(frame[0], file, frame[1]),
        timeout_s=UPLOAD_S,
    )


async def _pieces(head: bytes, file: BinaryIO, tail: bytes) -> AsyncIterator[bytes]:
    """The upload's body bit by bit: a result may be larger than the memory that is left."""
    yield head
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield base64.b64encode(piece)
    yield tail


def _good(reply: Reply, what: str) -> Reply:
    if reply.status != 200:
        raise PeerError(f"the result store {what}: {reply.status} {reply.said()}")
    return reply


def _location(reply: Reply) -> str:
    text = reply.text
    if _LOCATION.fullmatch(text) is None:
        raise ProtocolError("the result store's answer is no place of a result")
    name = text.rsplit("/", 1)[-1]
    return f"/ipfs/{name}"

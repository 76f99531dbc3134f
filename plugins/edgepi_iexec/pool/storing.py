"""The result store: workers bring zips, requesters fetch them by the names that IPFS would give."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from aiohttp import web

from edgepi.clock import Clock
from edgepi.errors import AccessError, NotFoundError, ProtocolError, RequestError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import ZERO_ADDRESS, ContributionStatus, Task, TaskStatus
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.handlers import answered, text
from edgepi_iexec.pool.reading import read_body
from edgepi_iexec.pool.results import ResultStore
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.signing import personal_digest, recover
from edgepi_iexec.pool.store import StoredResult
from edgepi_iexec.protocol import jwt
from edgepi_iexec.protocol.archive import ArchiveLimits, archive_digest
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.ids import result_hash
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.protocol.reading import parse_json
from edgepi_iexec.protocol.uploading import ResultModel

__all__ = ["Storing"]

_ZIP = "application/zip"
_CHUNK = 256 * 1024
_MARGIN = 4096  # of an upload, for what is not the zip


class Storing:
    """Handlers; *secret* signs the uploaders' tokens, which have no end."""

    def __init__(
        self,
        settings: PoolSettings,
        book: Book,
        chain: Chain,
        *,
        results: ResultStore,
        clock: Clock,
        secret: bytes,
    ) -> None:
        self._settings = settings
        self._book = book
        self._chain = chain
        self._results = results
        self._clock = clock
        self._secret = hashlib.sha256(b"results" + secret).digest()
        limits = settings.limits
        self._limits = ArchiveLimits(
            packed_bytes=limits.result_bytes,
            unpacked_bytes=limits.unpacked_bytes,
            entries=limits.unpacked_files,
        )
        self._unpacking = asyncio.Semaphore(1)  # it holds a whole result in memory
        self._coming: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        """List them."""
        return [
            web.post("/v1/results/token", answered(self._token)),
            web.post("/v1/results", answered(self._upload)),
            web.head("/v1/results/{task_id}", answered(self._there)),
            web.get("/v1/results/{task_id}/ipfshash", answered(self._name)),
            web.get("/ipfs/{cid}", answered(self._fetch), allow_head=True),
        ]

    async def _token(self, request: web.Request) -> web.Response:
        body = await read_body(request, self._settings.limits.small_body_bytes, self._settings.limits.read_s)
        authorization = WorkerpoolAuthorization.from_json(parse_json(body, "the body"))
        worker, task_id = authorization.worker, authorization.task_id
        digest = personal_digest(authorization_hash(worker, task_id, authorization.enclave_challenge))
        signed = request.headers.get("Authorization", "")
        if (
            _signer(digest, signed) != worker
            or _signer(digest, authorization.signature) != self._chain.address
        ):
            raise AccessError("the signatures are not those of a worker and of the pool's owner")
        if authorization.enclave_challenge != ZERO_ADDRESS:
            raise AccessError("nobody here has an enclave")
        task = await self._chain.task(task_id)
        block = await self._chain.latest_block()
        if task.final_deadline_utc is None or block.time_utc >= task.final_deadline_utc:
            raise AccessError("the task is over, or was never there")
        return text(jwt.issue({"aud": worker, "sub": task_id}, self._secret))

    def _uploader(self, request: web.Request) -> tuple[str, str]:
        """Whose token this is, and for which task; raises AccessError."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.verify(token, self._secret, now_s=self._clock.now().timestamp())
        except ProtocolError as error:
            raise AccessError(error.message) from error
        return str(claims.get("aud", "")), str(claims.get("sub", ""))

    async def _upload(self, request: web.Request) -> web.Response:
        """Nothing is read of who may not bring a result, and nothing is held in memory while it comes in."""
        wallet, task_id = self._uploader(request)
        before = self._results.of(task_id, wallet)
        if before is not None and before.verified:
            return text(f"/ipfs/{before.cid}")
        contribution = await self._standing(task_id, wallet)
        if wallet in self._coming:
            raise RequestError("another upload of this worker's is coming in")
        self._coming.add(wallet)
        body = self._results.incoming / secrets.token_hex(16)
        try:
            await self._spool(request, body)
            kept = await self._keep(body, task_id, wallet, contribution)
        finally:
            self._coming.discard(wallet)
            await asyncio.to_thread(body.unlink, missing_ok=True)
        return text(f"/ipfs/{kept.cid}")

    async def _standing(self, task_id: str, wallet: str) -> str:
        """What the worker's result must hash to, "" if it comes before its proof; raises ProtocolError."""
        task = await self._chain.task(task_id)
        found = await self._chain.contribution(task_id, wallet)
        if found.status is ContributionStatus.REVEALED:
            return found.result_hash
        if found.status is ContributionStatus.UNSET and self._may_come_first(task, wallet):
            return ""
        raise ProtocolError("only who has revealed a result may bring it")

    def _may_come_first(self, task: Task, wallet: str) -> bool:
        """Whether the worker contributes and finalises at once, which needs the result's place before."""
        known = self._book.tasks.get(task.task_id)
        given = self._book.replicate(task.task_id, wallet) is not None
        alone = known is not None and known.trust <= 1
        return self._settings.contribute_and_finalize and task.status is TaskStatus.ACTIVE and given and alone

    async def _spool(self, request: web.Request, path: Path) -> None:
        limits = self._settings.limits
        most = limits.result_bytes * 4 // 3 + _MARGIN
        if (request.content_length or 0) > most:
            raise ProtocolError("the result is too large")
        file = await asyncio.to_thread(path.open, "wb")
        try:
            async with asyncio.timeout(limits.upload_s):
                async for chunk in request.content.iter_chunked(_CHUNK):
                    if await asyncio.to_thread(_append, file, chunk) > most:
                        raise ProtocolError("the result is too large")
        except TimeoutError:
            raise ProtocolError("the result comes too slowly") from None
        finally:
            await asyncio.to_thread(file.close)

    async def _keep(self, body: Path, task_id: str, wallet: str, contribution: str) -> StoredResult:
        draft = body.with_suffix(".zip")
        try:
            async with self._unpacking:
                digest = await asyncio.to_thread(_unpack, body, draft, task_id, self._limits)
            if contribution and contribution != result_hash(task_id, digest):
                raise ProtocolError("the result is not what was contributed")
            return await self._results.add(draft, task_id, wallet, digest, verified=bool(contribution))
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def _there(self, request: web.Request) -> web.Response:
        wallet, _ = self._uploader(request)
        task_id = request.match_info["task_id"].lower()
        if self._results.of(task_id, wallet) is None and self._results.verified(task_id) is None:
            raise NotFoundError("no such result")
        return web.Response(status=204)

    async def _name(self, request: web.Request) -> web.Response:
        kept = self._results.verified(request.match_info["task_id"].lower())
        if kept is None:
            raise NotFoundError("no such result")
        return text(kept.cid)

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        path = self._results.path(request.match_info["cid"])
        if path is None or not await asyncio.to_thread(path.is_file):
            raise NotFoundError("no such result")
        headers = {"Content-Disposition": f'attachment; filename="{path.name}.zip"', "Content-Type": _ZIP}
        return web.FileResponse(path, headers=headers | {"X-Content-Type-Options": "nosniff"})


def _signer(digest: bytes, signature: str) -> str:
    try:
        return recover(digest, signature)
    except ProtocolError:
        return ""


def _append(file: BinaryIO, chunk: bytes) -> int:
    file.write(chunk)
    return file.tell()


def _unpack(body: Path, draft: Path, task_id: str, limits: ArchiveLimits) -> str:
    """Write the zip of an upload, whole and on disk, and return its digest."""
    said = parse_json(body.read_bytes(), "the result", max_bytes=limits.packed_bytes * 4 // 3 + _MARGIN)
    model = ResultModel.from_json(said, max_zip_bytes=limits.packed_bytes)
    if model.task_id != task_id:
        raise ProtocolError("the token is for another task")
    with draft.open("wb") as file:
        file.write(model.zip)
        file.flush()
        os.fsync(file.fileno())
    return archive_digest(draft, limits=limits)

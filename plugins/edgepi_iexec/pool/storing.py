"""The result store: workers bring zips, requesters fetch them by the names that IPFS would give."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path

from aiohttp import web

from edgepi.clock import Clock
from edgepi.errors import AccessError, NotFoundError, ProtocolError
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
        self._uploading = asyncio.Semaphore(2)  # each holds a whole result in memory

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
        wallet, task_id = self._uploader(request)
        if (before := self._results.of(task_id, wallet)) is not None:
            return text(f"/ipfs/{before.cid}")
        limits = self._settings.limits
        async with self._uploading:
            body = await read_body(request, limits.result_bytes * 4 // 3 + 4096, limits.upload_s)
            model = await asyncio.to_thread(_model, body, limits.result_bytes)
            if model.task_id != task_id:
                raise AccessError("the token is for another task")
            kept = await self._keep(model, wallet)
        return text(f"/ipfs/{kept.cid}")

    async def _keep(self, model: ResultModel, wallet: str) -> StoredResult:
        draft = await asyncio.to_thread(_write, self._results.incoming, model.zip)
        try:
            digest = await asyncio.to_thread(archive_digest, draft, limits=self._limits)
            verified = await self._proven(model.task_id, wallet, digest)
            return await self._results.add(draft, model.task_id, wallet, digest, verified=verified)
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)

    async def _proven(self, task_id: str, wallet: str, digest: str) -> bool:
        """Whether the chain holds proof of the result; raises ProtocolError when it must and does not."""
        task = await self._chain.task(task_id)
        found = await self._chain.contribution(task_id, wallet)
        if found.status is ContributionStatus.REVEALED:
            if found.result_hash != result_hash(task_id, digest):
                raise ProtocolError("the result is not what was contributed")
            return True
        if self._may_come_first(task, wallet) and found.status is ContributionStatus.UNSET:
            return False
        raise ProtocolError("only who has revealed a result may bring it")

    def _may_come_first(self, task: Task, wallet: str) -> bool:
        """Whether the worker contributes and finalises at once, which needs the result's place before."""
        known = self._book.tasks.get(task.task_id)
        given = self._book.replicate(task.task_id, wallet) is not None
        alone = known is not None and known.trust <= 1
        return self._settings.contribute_and_finalize and task.status is TaskStatus.ACTIVE and given and alone

    async def _there(self, request: web.Request) -> web.Response:
        wallet, _ = self._uploader(request)
        if self._results.of(request.match_info["task_id"].lower(), wallet) is None:
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


def _model(body: bytes, most_bytes: int) -> ResultModel:
    most = most_bytes * 4 // 3 + 4096
    return ResultModel.from_json(parse_json(body, "the result", max_bytes=most), max_zip_bytes=most_bytes)


def _write(folder: Path, content: bytes) -> Path:
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as draft:
        draft.write(content)
    return Path(draft.name)

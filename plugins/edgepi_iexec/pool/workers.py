"""The workers' side of the scheduler: who they are, what there is to do, what they report."""

from __future__ import annotations

import json

from aiohttp import web

from edgepi.clock import Clock
from edgepi_iexec.pool.access import VERSION, Access
from edgepi_iexec.pool.assigning import Assigning
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.handlers import answered, as_json, body_of, text, wallet_of
from edgepi_iexec.pool.model import PoolWorker
from edgepi_iexec.pool.presence import Presence
from edgepi_iexec.pool.reading import address_of, block_of
from edgepi_iexec.pool.reporting import Reporting
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol.hashing import hex_text, keccak256
from edgepi_iexec.protocol.models import ChainConfiguration, PublicConfiguration, WorkerModel
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.reading import Fields
from edgepi_iexec.protocol.records import WorkerRecord
from edgepi_iexec.protocol.reports import StatusUpdate

__all__ = ["Workers"]

_UNAUTHORIZED = "log in first"


class Workers:
    """Handlers; ping and an ask without an answer touch no disk and no chain."""

    def __init__(
        self,
        settings: PoolSettings,
        book: Book,
        *,
        access: Access,
        presence: Presence,
        assigning: Assigning,
        reporting: Reporting,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._book = book
        self._access = access
        self._presence = presence
        self._assigning = assigning
        self._reporting = reporting
        self._clock = clock
        self.public = PublicConfiguration(
            worker_pool_address=settings.pool_address,
            scheduler_public_address="",
            config_server_url="",
            result_repository_url="",
            ask_for_replicate_period=round(settings.ask_s * 1000),
            required_worker_version=settings.required_worker_version,
        )
        self._session = b""

    def open(self, url: str, wallet: str) -> None:
        """Take over where this pool can be reached, and whose signature its authorisations carry."""
        self.public = PublicConfiguration(
            worker_pool_address=self._settings.pool_address,
            scheduler_public_address=wallet,
            config_server_url=url,
            result_repository_url=url,
            ask_for_replicate_period=round(self._settings.ask_s * 1000),
            required_worker_version=self._settings.required_worker_version,
        )
        said = json.dumps(self.public.to_json(), sort_keys=True).encode()
        self._session = hex_text(keccak256(said)).encode()

    def routes(self) -> list[web.RouteDef]:
        """List them."""
        return [
            web.get("/version", answered(self._version)),
            web.get("/workers/config", answered(self._configuration)),
            web.get("/config/chain", answered(self._chain)),
            web.get("/workers/challenge", answered(self._challenge)),
            web.post("/workers/login", answered(self._login)),
            web.post("/workers/ping", self._ping),
            web.post("/workers/register", answered(self._register)),
            web.get("/workers/computing", answered(self._computing)),
            web.get("/replicates/available", self._available),
            web.get("/replicates/interrupted", answered(self._interrupted)),
            web.post("/replicates/{task_id}/updateStatus", answered(self._update)),
        ]

    async def _version(self, _request: web.Request) -> web.Response:
        return text(VERSION)

    async def _configuration(self, _request: web.Request) -> web.Response:
        return as_json(self.public.to_json())

    async def _chain(self, _request: web.Request) -> web.Response:
        chain = ChainConfiguration(
            chain_id=self._settings.chain_id,
            sidechain=self._settings.sidechain,
            chain_node_url=self._settings.rpc_url,
            iexec_hub_contract_address=self._settings.hub,
            block_time_s=self._settings.block_time_s,
        )
        return as_json(chain.to_json())

    async def _challenge(self, request: web.Request) -> web.Response:
        return text(self._access.challenge(address_of(request.query.get("walletAddress"))))

    async def _login(self, request: web.Request) -> web.Response:
        wallet = address_of(request.query.get("walletAddress"))
        said = await body_of(self._settings, request, self._settings.limits.small_body_bytes)
        return text(self._access.login(wallet, Fields(said, "a signature").text("value", most=2048)))

    async def _ping(self, request: web.Request) -> web.Response:
        wallet = self._access.wallet(request.headers.get("Authorization"))
        if wallet is None:
            return web.Response(text=_UNAUTHORIZED, status=401)
        self._presence.ping(wallet, request.headers)
        return web.Response(body=self._session, content_type="text/plain")

    async def _available(self, request: web.Request) -> web.StreamResponse:
        wallet = self._access.wallet(request.headers.get("Authorization"))
        if wallet is None:
            return web.Response(text=_UNAUTHORIZED, status=401)
        if not self._assigning.reachable:
            return web.Response(status=503)
        if not self._assigning.ask(wallet, request.headers, block_of(request.query.get("blockNumber"))):
            return web.Response(status=204)
        return await answered(lambda _: self._assign(wallet))(request)

    async def _assign(self, wallet: str) -> web.Response:
        summary = await self._assigning.assign(wallet)
        return web.Response(status=204) if summary is None else as_json(summary.to_json())

    async def _register(self, request: web.Request) -> web.Response:
        wallet = wallet_of(self._access, request)
        said = await body_of(self._settings, request, self._settings.limits.small_body_bytes)
        model = WorkerModel.from_json(said)
        worker = PoolWorker(
            wallet=wallet,
            name=model.name[:100],
            os=model.os[:40],
            cpu=model.cpu[:40],
            cpu_count=max(1, min(model.cpu_nb, 64)),
            memory_gb=model.memory_size,
            gpu=model.gpu_enabled,
            tee=model.tee_enabled,
            tdx=model.tdx_enabled,
        )
        if wallet not in self._book.workers and not await self._has_room():
            return text("the pool has as many workers as it can bear", 503)
        if self._book.workers.get(wallet) != worker:
            await self._book.save(worker)
        self._presence.ping(wallet, request.headers)
        return as_json(self._record(worker, model).to_json())

    async def _has_room(self) -> bool:
        """Whether another worker may register; who left and has nothing to do any more makes room."""
        workers = self._book.workers
        if len(workers) < self._settings.limits.workers:
            return True
        here = set(self._presence.here())
        gone = [each for each in workers if each not in here and not self._book.of_wallet(each)]
        await self._book.dismiss(gone)
        return len(workers) < self._settings.limits.workers

    def _record(self, worker: PoolWorker, model: WorkerModel) -> WorkerRecord:
        shares = self._book.of_wallet(worker.wallet)
        return WorkerRecord(
            worker=WorkerModel(
                name=worker.name,
                wallet_address=worker.wallet,
                os=worker.os,
                cpu=worker.cpu,
                cpu_nb=worker.cpu_count,
                memory_size=model.memory_size,
                gpu_enabled=worker.gpu,
                tee_enabled=worker.tee,
                tdx_enabled=worker.tdx,
            ),
            participating=[share.task_id for share in shares],
            computing=self._book.computing(worker.wallet),
            last_alive_utc=self._clock.now(),
        )

    async def _computing(self, request: web.Request) -> web.Response:
        return as_json(list(self._book.computing(wallet_of(self._access, request))))

    async def _interrupted(self, request: web.Request) -> web.Response:
        wallet = wallet_of(self._access, request)
        found = [
            notification.to_json()
            for share in self._book.of_wallet(wallet)
            if (notification := await self._reporting.recover(share.task_id, wallet)) is not None
        ]
        return as_json(found)

    async def _update(self, request: web.Request) -> web.Response:
        wallet = wallet_of(self._access, request)
        task_id = request.match_info["task_id"].lower()
        if self._book.replicate(task_id, wallet) is None:  # nothing is read of who has nothing to say
            return as_json(NotificationType.PLEASE_ABORT.value, 202)
        said = await body_of(self._settings, request, self._settings.limits.report_bytes)
        status, following = await self._reporting.report(task_id, wallet, StatusUpdate.from_json(said))
        return as_json(following.value, status)

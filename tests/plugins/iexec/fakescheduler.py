"""A pool's scheduler in memory: gives tasks, answers to statuses, sees consensus, finalises."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from edgepi.errors import PeerError
from edgepi_iexec.chain.interface import Chain, Signer
from edgepi_iexec.chain.model import ZERO_ADDRESS, ContributionStatus, TaskStatus
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.hashing import keccak256
from edgepi_iexec.protocol.models import (
    ChainConfiguration,
    PublicConfiguration,
    ReplicateTaskSummary,
    WorkerModel,
    WorkerpoolAuthorization,
)
from edgepi_iexec.protocol.notifications import (
    NotificationExtra,
    NotificationType,
    TaskAbortCause,
    TaskNotification,
)
from edgepi_iexec.protocol.reports import StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.protocol.transitions import RECOVERABLE, Reception, next_action, receive
from edgepi_iexec.worker.parts import Peers, Wanted

S = ReplicateStatus
N = NotificationType
Notify = Callable[[TaskNotification], None]
URL = "http://pool.test:13000"


class FakeScheduler:
    """One worker's view of a pool; *pool_chain* is the chain with the pool owner's wallet.

    *statuses* are the shares by task; *updates* all that was reported; *down* lets every call fail.
    """

    def __init__(self, pool_chain: Chain, pool: str) -> None:
        self.chain = pool_chain
        self.pool = pool
        self.waiting: list[str] = []
        self.statuses: dict[str, S] = {}
        self.updates: list[tuple[str, StatusUpdate]] = []
        self.registered: list[WorkerModel] = []
        self.asked = 0
        self.pings = 0
        self.headers: list[Mapping[str, str]] = []
        self.session = "session-1"
        self.down = False
        self.finalize_at_once = False
        self.hearing: FakeHearing | None = None
        self.results: dict[str, bytes] = {}
        self.files: dict[str, bytes | Exception] = {}
        self.uploads: list[str] = []
        self.links: dict[str, str] = {}
        self.worker = ""
        self.told: set[tuple[str, N]] = set()

    # Building

    def peers(self, notify: Notify, found: Callable[[], Awaitable[None]]) -> Peers:
        """What a worker of a test is given; each life gets its own."""
        self.hearing = FakeHearing(self, notify)
        self.lost_and_found = found
        return Peers(scheduler=self, hearing=self.hearing, store=FakeStore(self))

    def give(self, task_id: str) -> None:
        """Have a task ready for whoever asks."""
        self.waiting.append(task_id)

    async def authorize(self, task_id: str, worker: str) -> WorkerpoolAuthorization:
        """Sign that *worker* may contribute."""
        task = await self.chain.task(task_id)
        signature = await self.chain.sign_personal(authorization_hash(worker, task_id, ZERO_ADDRESS))
        return WorkerpoolAuthorization(
            task_id=task_id,
            deal_id=task.deal_id,
            task_index=task.index,
            worker=worker,
            enclave_challenge=ZERO_ADDRESS,
            signature=signature,
        )

    def reported(self, task_id: str) -> list[S]:
        """The statuses of a task as they came."""
        return [update.status for each, update in self.updates if each == task_id]

    def last(self, task_id: str, status: S) -> StatusUpdate:
        """The last report of a status."""
        return [update for each, update in self.updates if each == task_id and update.status is status][-1]

    # The interface

    def _up(self) -> None:
        if self.down:
            raise PeerError("the scheduler is down")

    def sign_with(self, signer: Signer) -> None:
        self.worker = signer.address

    async def version(self) -> str:
        self._up()
        return "9.3.0"

    async def configuration(self) -> PublicConfiguration:
        self._up()
        return PublicConfiguration(
            worker_pool_address=self.pool,
            scheduler_public_address=self.chain.address,
            config_server_url=URL,
            result_repository_url=URL,
            ask_for_replicate_period=5000,
            required_worker_version="",
        )

    async def chain_configuration(self, url: str) -> ChainConfiguration:
        self._up()
        return ChainConfiguration(
            chain_id=await self.chain.chain_id(),
            sidechain=True,
            chain_node_url="http://chain.test",
            iexec_hub_contract_address="0x" + "aa" * 20,
            block_time_s=1.0,
        )

    async def register(self, worker: WorkerModel) -> None:
        self._up()
        self.registered.append(worker)

    async def ping(self) -> str:
        self._up()
        self.pings += 1
        return self.session

    async def computing(self) -> tuple[str, ...]:
        self._up()
        return tuple(task for task, status in self.statuses.items() if status is S.COMPUTING)

    async def available(self, block: int, energy: Mapping[str, str]) -> ReplicateTaskSummary | None:
        self._up()
        self.asked += 1
        self.headers.append(dict(energy))
        if not self.waiting:
            return None
        task_id = self.waiting.pop(0)
        self.statuses[task_id] = S.CREATED
        return ReplicateTaskSummary(await self.authorize(task_id, self.worker), None)

    async def interrupted(self, block: int) -> tuple[TaskNotification, ...]:
        self._up()
        found = []
        for task_id, status in tuple(self.statuses.items()):
            if status in RECOVERABLE and (kind := await self._recovers(task_id, status)) is not None:
                self.statuses[task_id] = S.RECOVERING
                found.append(await self._notification(task_id, kind))
        return tuple(found)

    async def update(self, task_id: str, update: StatusUpdate) -> N:
        self._up()
        self.updates.append((task_id, update))
        reception = receive(self.statuses.get(task_id), update.status)
        if reception is Reception.REFUSED:
            return N.PLEASE_ABORT
        if reception is Reception.ALREADY_REPORTED:
            return N.PLEASE_WAIT
        self.statuses[task_id] = update.status
        details = update.details
        if details is not None and details.result_link:
            self.links[task_id] = details.result_link
        answer = next_action(
            update.status,
            details.cause if details else None,
            contribute_and_finalize=self.finalize_at_once,
        )
        await self.detect(task_id)
        return answer

    # What a pool does by itself

    async def detect(self, task_id: str | None = None) -> None:
        """Look at the chain and tell the worker what it must know; as the real one does each 30 s."""
        if self.down:
            return
        for each in (task_id,) if task_id else tuple(self.statuses):
            await self._detect(each)

    async def _detect(self, task_id: str) -> None:
        task = await self.chain.task(task_id)
        mine = await self.chain.contribution(task_id, self.worker)
        status = self.statuses[task_id]
        if task.status is TaskStatus.REVEALING and mine.status is ContributionStatus.CONTRIBUTED:
            if mine.result_hash == task.consensus and status in {S.CONTRIBUTED, S.RECOVERING}:
                await self._tell(task_id, N.PLEASE_REVEAL)
        elif task.status is TaskStatus.REVEALING and mine.status is ContributionStatus.REVEALED:
            if task_id not in self.links:
                if status in {S.REVEALED, S.RECOVERING, S.RESULT_UPLOAD_REQUESTED}:
                    self.statuses[task_id] = S.RESULT_UPLOAD_REQUESTED
                    await self._tell(task_id, N.PLEASE_UPLOAD)
            elif status is S.RESULT_UPLOADED:
                await self.chain.finalize(task_id, self.links[task_id].encode(), b"")
                await self._tell(task_id, N.PLEASE_COMPLETE)
        elif task.status is TaskStatus.COMPLETED and status not in {S.COMPLETED, S.COMPLETING, S.ABORTED}:
            await self._tell(task_id, N.PLEASE_COMPLETE)

    async def _recovers(self, task_id: str, status: S) -> N | None:
        task = await self.chain.task(task_id)
        mine = await self.chain.contribution(task_id, self.worker)
        if mine.status is ContributionStatus.UNSET:
            return N.PLEASE_CONTRIBUTE if task.status is TaskStatus.ACTIVE else N.PLEASE_ABORT
        if mine.status is ContributionStatus.CONTRIBUTED:
            return N.PLEASE_REVEAL if task.status is TaskStatus.REVEALING else N.PLEASE_WAIT
        if task.status is TaskStatus.COMPLETED:
            return N.PLEASE_COMPLETE
        return N.PLEASE_UPLOAD if task_id not in self.links else N.PLEASE_WAIT

    async def _notification(self, task_id: str, kind: N, cause: str | None = None) -> TaskNotification:
        block = (await self.chain.latest_block()).number
        extra = NotificationExtra(
            authorization=await self.authorize(task_id, self.worker),
            block_number=block if kind is N.PLEASE_REVEAL else 0,
            abort_cause=TaskAbortCause(cause) if cause else None,
        )
        return TaskNotification(task_id=task_id, workers=(self.worker,), type=kind, extra=extra)

    async def _tell(self, task_id: str, kind: N) -> None:
        await self.push(task_id, kind)

    async def push(self, task_id: str, kind: N, cause: str | None = None) -> None:
        """Notify the worker, if it listens."""
        if self.hearing is not None and task_id in self.hearing.topics and not self.down:
            said = await self._notification(task_id, kind, cause)
            asyncio.get_running_loop().call_soon(self.hearing.notify, said)


class FakeHearing:
    """Notifications of one life of a worker."""

    def __init__(self, scheduler: FakeScheduler, notify: Notify) -> None:
        self.scheduler = scheduler
        self.notify = notify
        self.topics: set[str] = set()
        self.running = False

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False
        self.topics.clear()

    async def listen(self, task_id: str) -> None:
        self.topics.add(task_id)

    async def forget(self, task_id: str) -> None:
        self.topics.discard(task_id)

    async def ready(self, within_s: float) -> bool:
        return not self.scheduler.down


class FakeStore:
    """Files by URL, and a result store."""

    def __init__(self, scheduler: FakeScheduler) -> None:
        self.scheduler = scheduler

    async def fetch(self, wanted: Wanted) -> None:
        content = self.scheduler.files.get(wanted.url, PeerError("the server answers 404"))
        if isinstance(content, Exception):
            raise content
        await asyncio.to_thread(wanted.path.write_bytes, content)

    async def upload(
        self, proxy: str, authorization: WorkerpoolAuthorization, digest: str, archive: Path
    ) -> str:
        if self.scheduler.down:
            raise PeerError("the store is down")
        content = await asyncio.to_thread(archive.read_bytes)
        if authorization.task_id not in self.scheduler.results:
            self.scheduler.uploads.append(authorization.task_id)
        self.scheduler.results[authorization.task_id] = content
        return "/ipfs/Qm" + hashlib.sha256(keccak256(content)).hexdigest()[:44]

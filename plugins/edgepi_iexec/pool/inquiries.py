"""What requesters ask: how a task goes, what its apps said, where the scheduler is; and figures."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from edgepi.clock import Clock
from edgepi.errors import NotFoundError, ProtocolError
from edgepi_iexec.pool.access import Access
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.broker import Broker
from edgepi_iexec.pool.handlers import answered, as_json, text
from edgepi_iexec.pool.model import ENDED, PoolTask, Replicate
from edgepi_iexec.pool.presence import Presence
from edgepi_iexec.pool.reading import address_of
from edgepi_iexec.pool.results import ResultStore
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol.logs import challenge_document
from edgepi_iexec.protocol.params import DealParams
from edgepi_iexec.protocol.records import ReplicateModel, StatusEntry, TaskLogs, TaskModel, TaskStatusEntry
from edgepi_iexec.protocol.reports import ComputeLogs

__all__ = ["Inquiries"]

_TASK_ID = re.compile(r"0x[0-9a-f]{64}")
_FIGURES_S = 5.0


class Inquiries:
    """Handlers; *url* is where the pool can be reached."""

    def __init__(
        self,
        settings: PoolSettings,
        book: Book,
        *,
        access: Access,
        presence: Presence,
        broker: Broker,
        results: ResultStore,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._book = book
        self._access = access
        self._presence = presence
        self._broker = broker
        self._results = results
        self._clock = clock
        self._figures: dict[str, Any] = {}
        self._figured_s = float("-inf")
        self.url = ""

    def routes(self) -> list[web.RouteDef]:
        """List them."""
        chain, pool = self._settings.chain_id, self._settings.pool_address
        return [
            web.get("/tasks/logs/challenge", answered(self._challenge)),
            web.get("/tasks/{task_id}", answered(self._task)),
            web.get("/tasks/{task_id}/replicates/{wallet}", answered(self._replicate)),
            web.get("/tasks/{task_id}/logs", answered(self._logs)),
            web.get("/tasks/{task_id}/replicates/{wallet}/logs", answered(self._logs)),
            web.get(f"/{chain}/workerpools/{{pool:(?i:{pool})}}", answered(self._compass)),
            web.get("/metrics", answered(self._metrics)),
        ]

    async def _known(self, request: web.Request) -> tuple[PoolTask, tuple[Replicate, ...]]:
        task_id = request.match_info["task_id"].lower()
        if (task := self._book.tasks.get(task_id)) is not None:
            return task, tuple(self._book.replicates(task_id).values())
        found = await self._book.store.task(task_id) if _TASK_ID.fullmatch(task_id) else None
        if found is None:
            raise NotFoundError("no such task")
        return found

    async def _task(self, request: web.Request) -> web.Response:
        task, shares = await self._known(request)
        model = TaskModel(
            task_id=task.task_id,
            replicates=[self._model(share) for share in shares],
            max_execution_time_ms=task.time_ref_s * 1000,
            tag=task.tag,
            dapp_name=task.image,
            command_line=_command_line(task),
            initialization_block_number=task.init_block,
            status=task.stage.value,
            trust=task.trust,
            uploading_worker=task.uploader or None,
            consensus=task.consensus or None,
            contribution_deadline_utc=task.contribution_deadline_utc,
            reveal_deadline_utc=task.reveal_deadline_utc,
            final_deadline_utc=task.final_deadline_utc,
            result_link=task.result_link or None,
            chain_callback_data=task.callback_data or None,
            history=[
                TaskStatusEntry(s.at_utc, s.stage.value, s.block_number, s.tx_hash) for s in task.stages
            ],
        )
        return as_json(model.to_json())

    async def _replicate(self, request: web.Request) -> web.Response:
        _, shares = await self._known(request)
        wallet = address_of(request.match_info["wallet"])
        share = next((each for each in shares if each.wallet == wallet), None)
        if share is None:
            raise NotFoundError("no such replicate")
        return as_json(self._model(share).to_json())

    def _model(self, share: Replicate) -> ReplicateModel:
        link = f"{self.url}/tasks/{share.task_id}/replicates/{share.wallet}"
        return ReplicateModel(
            link=link,
            task_id=share.task_id,
            wallet=share.wallet,
            status=share.status,
            history=[StatusEntry(each.status, each.at_utc, each.cause) for each in share.history],
            result_link=share.result_link or None,
            chain_callback_data=share.callback_data or None,
            contribution_hash=share.contribution_hash or None,
            app_logs=f"{link}/logs",
            app_exit_code=share.exit_code,
        )

    async def _challenge(self, request: web.Request) -> web.Response:
        challenge = self._access.logs_challenge(address_of(request.query.get("address")))
        return as_json(challenge_document(challenge, self._settings.chain_id))

    async def _logs(self, request: web.Request) -> web.Response:
        reader = self._access.logs_reader(request.headers.get("Authorization"))
        task, _ = await self._known(request)
        if reader != task.requester:
            return text("these are another requester's logs", 403)
        wallet = request.match_info.get("wallet", "").lower()
        logs = [
            ComputeLogs(each.wallet, each.stdout, each.stderr)
            for each in await self._book.store.logs(task.task_id)
            if not wallet or each.wallet == wallet
        ]
        if wallet and not logs:
            raise NotFoundError("no logs of this worker")
        return as_json(TaskLogs(task.task_id, logs).to_json())

    async def _compass(self, _request: web.Request) -> web.Response:
        return as_json({"apiUrl": self.url})

    async def _metrics(self, _request: web.Request) -> web.Response:
        if self._clock.monotonic() - self._figured_s >= _FIGURES_S:
            self._figures, self._figured_s = self._count(), self._clock.monotonic()
        return as_json(self._figures)

    def _count(self) -> dict[str, Any]:
        here = [self._book.workers[w] for w in self._presence.here() if w in self._book.workers]
        computing = sum(len(self._book.computing(worker.wallet)) for worker in here)
        places = sum(worker.most_tasks for worker in here)
        return {
            "aliveWorkers": len(here),
            "aliveTotalCpu": places,
            "aliveAvailableCpu": max(0, places - computing),
            "aliveTotalGpu": sum(worker.gpu for worker in here),
            "aliveAvailableGpu": sum(
                worker.gpu and not self._book.computing(worker.wallet) for worker in here
            ),
            "completedTasks": self._book.completed,
            "openTasks": sum(task.stage not in ENDED for task in self._book.tasks.values()),
            "listeners": self._broker.count,
            "resultBytes": self._results.used_bytes,
            **self._book.figures,
        }


def _command_line(task: PoolTask) -> str:
    try:
        return DealParams.parse(task.params).args
    except ProtocolError:
        return ""

"""What a scheduler shows of its tasks and workers: the answers that requesters look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edgepi_iexec.protocol.models import WorkerModel
from edgepi_iexec.protocol.reading import Fields, time_text
from edgepi_iexec.protocol.reports import ComputeLogs
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["ReplicateModel", "StatusEntry", "TaskLogs", "TaskModel", "TaskStatusEntry", "WorkerRecord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """What the scheduler knows of a worker, the answer to its registration."""

    worker: WorkerModel
    identity: str = ""
    participating: Sequence[str] = ()
    computing: Sequence[str] = ()
    last_alive_utc: datetime | None = None
    last_demand_utc: datetime | None = None

    @property
    def max_tasks(self) -> int:
        """Tasks at once: one with a GPU, else as many as processors."""
        return 1 if self.worker.gpu_enabled else self.worker.cpu_nb

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        worker = self.worker.to_json()
        names = ("name", "walletAddress", "os", "cpu", "cpuNb")
        return {
            "id": self.identity or self.worker.wallet_address,
            **{name: worker[name] for name in names},
            "maxNbTasks": self.max_tasks,
            **{name: worker[name] for name in worker if name not in names},
            "participatingChainTaskIds": list(self.participating),
            "computingChainTaskIds": list(self.computing),
            "lastAliveDate": _time(self.last_alive_utc),
            "lastReplicateDemandDate": _time(self.last_demand_utc),
        }


def _time(time_utc: datetime | None) -> str | None:
    return time_text(time_utc) if time_utc else None


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A step in a replicate's history."""

    status: ReplicateStatus
    time_utc: datetime
    cause: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {"status": self.status.value, "date": time_text(self.time_utc), "cause": self.cause}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateModel:
    """One worker's share in a task; *app_logs* is where its logs are."""

    link: str
    task_id: str
    wallet: str
    status: ReplicateStatus
    history: Sequence[StatusEntry] = ()
    result_link: str | None = None
    chain_callback_data: str | None = None
    contribution_hash: str | None = None
    app_logs: str | None = None
    app_exit_code: int | None = None
    tee_session_generation_error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "self": self.link,
            "chainTaskId": self.task_id,
            "walletAddress": self.wallet,
            "currentStatus": self.status.value,
            "statusUpdateList": [entry.to_json() for entry in self.history],
            "resultLink": self.result_link,
            "chainCallbackData": self.chain_callback_data,
            "contributionHash": self.contribution_hash,
            "appLogs": self.app_logs,
            "appExitCode": self.app_exit_code,
            "teeSessionGenerationError": self.tee_session_generation_error,
        }


@dataclass(frozen=True, slots=True)
class TaskStatusEntry:
    """A step in a task's history, with the transaction that brought it there."""

    time_utc: datetime
    status: str
    block_number: int = 0
    tx_hash: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        receipt = {"blockNumber": self.block_number, "txHash": self.tx_hash} if self.tx_hash else None
        return {"date": time_text(self.time_utc), "status": self.status, "chainReceipt": receipt}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskModel:
    """A task as its scheduler shows it; *max_execution_time_ms* is the category's time."""

    task_id: str
    replicates: Sequence[ReplicateModel]
    max_execution_time_ms: int
    tag: str
    dapp_name: str
    command_line: str
    initialization_block_number: int
    status: str
    trust: int
    dapp_type: str = "DOCKER"
    uploading_worker: str | None = None
    consensus: str | None = None
    contribution_deadline_utc: datetime | None = None
    reveal_deadline_utc: datetime | None = None
    final_deadline_utc: datetime | None = None
    result_link: str | None = None
    chain_callback_data: str | None = None
    history: Sequence[TaskStatusEntry] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {
            "chainTaskId": self.task_id,
            "replicates": [replicate.to_json() for replicate in self.replicates],
            "maxExecutionTime": self.max_execution_time_ms,
            "tag": self.tag,
            "dappType": self.dapp_type,
            "dappName": self.dapp_name,
            "commandLine": self.command_line,
            "initializationBlockNumber": self.initialization_block_number,
            "currentStatus": self.status,
            "trust": self.trust,
            "uploadingWorkerWalletAddress": self.uploading_worker,
            "consensus": self.consensus,
            "contributionDeadline": _time(self.contribution_deadline_utc),
            "revealDeadline": _time(self.reveal_deadline_utc),
            "finalDeadline": _time(self.final_deadline_utc),
            "resultLink": self.result_link,
            "chainCallbackData": self.chain_callback_data,
            "dateStatusList": [entry.to_json() for entry in self.history],
        }


@dataclass(frozen=True, slots=True)
class TaskLogs:
    """What the apps of a task said, for its requester."""

    task_id: str
    logs: Sequence[ComputeLogs]

    def to_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {"chainTaskId": self.task_id, "computeLogsList": [one.to_json() for one in self.logs]}

    @classmethod
    def from_json(cls, found: object) -> TaskLogs:
        """As it is received; raises ProtocolError."""
        fields = Fields(found, "a task's logs")
        return cls(
            fields.hash("chainTaskId"), tuple(map(ComputeLogs.from_json, fields.items("computeLogsList")))
        )

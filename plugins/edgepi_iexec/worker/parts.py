"""What a worker is built of, and the narrow views that it has of each part."""

# ruff: noqa: D102 (what the methods do is said where they are)

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from aiohttp import ClientSession

from edgepi.clock import Clock
from edgepi.compute.journal import JobRecord
from edgepi.compute.model import BoxedJob, ExitReason, Image, Outcome
from edgepi.model import Answer, Offer
from edgepi.plugin import Budget
from edgepi_iexec.chain.interface import Chain, Signer
from edgepi_iexec.chain.model import Task
from edgepi_iexec.protocol.models import (
    ChainConfiguration,
    PublicConfiguration,
    ReplicateTaskSummary,
    WorkerModel,
    WorkerpoolAuthorization,
)
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from edgepi_iexec.protocol.reports import StatusUpdate
from edgepi_iexec.worker.checks import Terms
from edgepi_iexec.worker.settings import WorkerSettings
from edgepi_iexec.worker.worth import Market

__all__ = [
    "Bid",
    "Box",
    "Boxes",
    "Hearing",
    "Journal",
    "Peers",
    "Scheduler",
    "Store",
    "Trade",
    "Wanted",
    "WorkerParts",
]


class Box(Protocol):
    """One container; see `edgepi.compute.sandbox.Box`."""

    async def wait(self) -> Outcome: ...
    async def pause(self) -> None: ...
    async def resume(self) -> None: ...
    async def set_cpus(self, cpus: float) -> None: ...
    async def kill(self, reason: ExitReason = ..., sentence: str = "") -> None: ...


class Boxes(Protocol):
    """What a worker wants of `edgepi.compute.sandbox.Sandbox`."""

    async def pull(self, reference: str, *, timeout_s: float, digest: str | None = None) -> Image: ...
    async def run(self, job: BoxedJob) -> Box: ...
    async def find(self, job_id: str) -> Box | None: ...
    async def remove(self, job_id: str) -> None: ...
    async def leftovers(self) -> tuple[str, ...]: ...


class Journal(Protocol):
    """What a worker wants of `edgepi.compute.journal.JobJournal`."""

    async def put(self, record: JobRecord) -> None: ...
    async def get(self, job_id: str) -> JobRecord | None: ...
    async def open_jobs(self, backend: str) -> Sequence[JobRecord]: ...
    async def write_logs(self, job_id: str, stdout: str, stderr: str) -> None: ...


class Scheduler(Protocol):
    """A pool's scheduler, as `edgepi_iexec.worker.client.SchedulerClient` asks it."""

    def sign_with(self, signer: Signer) -> None: ...
    async def version(self) -> str: ...
    async def configuration(self) -> PublicConfiguration: ...
    async def chain_configuration(self, url: str) -> ChainConfiguration: ...
    async def register(self, worker: WorkerModel) -> None: ...
    async def ping(self) -> str: ...
    async def computing(self) -> tuple[str, ...]: ...
    async def available(self, block: int, energy: Mapping[str, str]) -> ReplicateTaskSummary | None: ...
    async def interrupted(self, block: int) -> tuple[TaskNotification, ...]: ...
    async def update(self, task_id: str, update: StatusUpdate) -> NotificationType: ...


class Hearing(Protocol):
    """Notifications, as `edgepi_iexec.worker.listening.Listener` hears them."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def listen(self, task_id: str) -> None: ...
    async def forget(self, task_id: str) -> None: ...
    async def ready(self, within_s: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to have: from *url* to *path*, with this sha256 (0x text) if one is named."""

    url: str
    path: Path
    checksum: str | None = None


class Store(Protocol):
    """Where inputs come from and results go to."""

    async def fetch(self, wanted: Wanted) -> None:
        """Download one file; raises PeerError or ProtocolError, whose *cause* tells a wrong checksum."""

    async def upload(
        self, proxy: str, authorization: WorkerpoolAuthorization, digest: str, archive: Path
    ) -> str:
        """Give a result to a store and return its location; nothing is sent that is there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Those that a worker talks to over the network."""

    scheduler: Scheduler
    hearing: Hearing
    store: Store


@dataclass(frozen=True, slots=True)
class Bid:
    """An offer for one task, and what the task is expected to earn."""

    offer: Offer
    value_nrlc: float


class Trade(Protocol):
    """What the owner wants and what was learned: which tasks, at which price, with how much energy."""

    def standing(self) -> Offer:
        """The offer for the most demanding task that may come."""

    def refusal(self, terms: Terms, task: Task) -> str | None:
        """Why a task is not wanted; None if it is."""

    def offer(self, terms: Terms, task: Task, now_utc: datetime) -> Bid:
        """The offer for this very task."""

    def note(self, market: Market) -> None:
        """Take note of what the chain says of gas, score and time."""

    def learn(self, terms: Terms | None, record: JobRecord) -> None:
        """Take note of what a task took and brought."""


Notify = Callable[[TaskNotification], None]
Found = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """Everything that a worker needs of others.

    *connect_chain* makes the chain and its wallet, once the scheduler has said which chain it is;
    *boxes* the sandbox, at its first use; *ready* says whether containers can be run here, cheaply and
    without loading anything; *peers* is only given by tests.
    """

    settings: WorkerSettings
    connect_chain: Callable[[ChainConfiguration], Awaitable[Chain]]
    boxes: Callable[[], Boxes]
    ready: Callable[[], Awaitable[Answer]]
    journal: Journal
    http: Callable[[], Awaitable[ClientSession]]
    budget: Budget
    clock: Clock
    log: logging.Logger
    folder: Path
    energy: Callable[[], Mapping[str, str]] = dict
    peers: Callable[[Notify, Found], Peers] | None = None

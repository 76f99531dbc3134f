"""A worker's backend with a real journal and a made-up worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from edgepi.compute.journal import JobJournal, JobRecord
from edgepi.model import Lease, LeaseState, Offer, RunPhase
from edgepi_iexec.chain.model import Account
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.state import TaskState, offer_to
from edgepi_iexec.worker.worker import WorkerStatus

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
RLC = 10**9
RUN = RunPhase(energy_wh=1.0, duration_s=600.0, pausable=True)
S = ReplicateStatus


def task_id(number: int) -> str:
    return "0x" + f"{number:064x}"[::-1]


def record(number: int, at: ReplicateStatus, **changes: Any) -> JobRecord:
    when = NOON + timedelta(minutes=number)
    offer = Offer(offer_id="o", consumer="iexec", title="pi", value_points=1.0, run=RUN)
    data = {"value_nrlc": 0.9 * RLC, "offer": offer_to(offer), "deal_id": "0xd", **changes.pop("data", {})}
    given: dict[str, Any] = {
        "job_id": task_id(number),
        "backend": "iexec",
        "title": "pi",
        "stage": at.value,
        "created_utc": when,
        "updated_utc": when,
        "energy_wh": 0.5,
        "run_s": 300.0,
        "data": data,
    }
    return JobRecord(**{**given, **changes})


def paid(number: int, **changes: Any) -> JobRecord:
    when = NOON + timedelta(minutes=number + 9)
    given = {"ended_utc": when, "outcome": "completed", "earned_nrlc": RLC // 2}
    return record(number, S.COMPLETED, **{**given, **changes})


def lease(state: LeaseState, *, run_s: float = 300.0, sentence: str = "") -> Lease:
    offer = Offer(offer_id="o", consumer="iexec", title="pi", value_points=1.0, run=RUN)
    return Lease(offer=offer, state=state, since_utc=NOON, used_wh=0.6, run_s=run_s, sentence=sentence)


def status(
    *tasks: tuple[int, ReplicateStatus],
    connected: bool = True,
    sentence: str = "the scheduler has nothing to do",
    leases: Mapping[str, Lease] | None = None,
) -> WorkerStatus:
    states = tuple(TaskState(task_id=task_id(n), deal_id="0xd", index=0, status=s) for n, s in tasks)
    return WorkerStatus(connected, sentence, states, declined=2, leases=leases or {})


class FakeChain:
    address = "0x" + "1" * 40

    def __init__(self) -> None:
        self.loaded = False
        self.asked = 0
        self.stake = 3 * RLC

    async def account(self, address: str) -> Account:
        assert address == self.address
        self.asked += 1
        return Account(self.stake, RLC)


@dataclass
class FakeBackend:
    journal: JobJournal
    worker: WorkerStatus | None = None
    account: Account | None = None
    name: str = "iexec"
    chain: FakeChain = field(default_factory=FakeChain)

    @property
    def assembly(self) -> Any:
        return SimpleNamespace(chain=self.chain)

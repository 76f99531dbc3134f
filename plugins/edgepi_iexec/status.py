"""What the worker does and did, of its journal and of what it does now; pure, for page, API and commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edgepi.compute.journal import JobRecord, JobTotals, StageEntry
from edgepi.compute.view import JobFact, JobState, JobsView, JobView, plain_text
from edgepi.model import Lease, LeaseState
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.standing import NO_ENERGY

if TYPE_CHECKING:
    from edgepi_iexec.chain.model import Account
    from edgepi_iexec.worker.worker import WorkerStatus

__all__ = ["RLC", "UNIT", "WorkerState", "jobs_view", "rlc", "task_detail", "task_row", "worker_state"]

RLC = 1_000_000_000
UNIT = "RLC"
_S = ReplicateStatus

# How far a stage is on the way to be paid, of seven, and what it is called.
_STAGES: Mapping[ReplicateStatus, tuple[int, str]] = {
    _S.CREATED: (0, "taken"),
    _S.STARTING: (0, "taken"),
    _S.STARTED: (0, "taken"),
    _S.APP_DOWNLOADING: (1, "fetching the app"),
    _S.APP_DOWNLOADED: (1, "the app is here"),
    _S.DATA_DOWNLOADING: (1, "fetching what it reads"),
    _S.DATA_DOWNLOADED: (1, "ready to compute"),
    _S.COMPUTING: (2, "computing"),
    _S.COMPUTED: (3, "computed"),
    _S.CONTRIBUTING: (3, "contributing the result's hash"),
    _S.CONTRIBUTED: (4, "waiting for the others"),
    _S.CONTRIBUTE_AND_FINALIZE_ONGOING: (4, "contributing and finalising"),
    _S.REVEALING: (4, "revealing the result"),
    _S.REVEALED: (5, "revealed"),
    _S.RESULT_UPLOAD_REQUESTED: (5, "asked for the result"),
    _S.RESULT_UPLOADING: (5, "uploading the result"),
    _S.RESULT_UPLOADED: (6, "waiting to be paid"),
    _S.CONTRIBUTE_AND_FINALIZE_DONE: (6, "waiting to be paid"),
    _S.COMPLETING: (6, "paid, cleaning up"),
    _S.COMPLETED: (7, "done"),
}
_ALL = 7
_WAITING = frozenset({_S.CONTRIBUTED, _S.REVEALED, _S.RESULT_UPLOADED, _S.CONTRIBUTE_AND_FINALIZE_DONE})


class WorkerState(StrEnum):
    """What a worker is at."""

    STOPPED = "stopped"
    DISCONNECTED = "disconnected"
    SAVING = "saving_energy"
    ASKING = "asking_for_work"
    WORKING = "working"
    WAITING = "waiting_for_others"


def worker_state(status: WorkerStatus | None) -> WorkerState:
    """What a worker is at; None if it does not run."""
    if status is None:
        return WorkerState.STOPPED
    if any(task.status not in _WAITING for task in status.tasks):
        return WorkerState.WORKING
    if not status.connected:
        return WorkerState.DISCONNECTED
    if status.tasks:
        return WorkerState.WAITING
    return WorkerState.SAVING if status.sentence.startswith(NO_ENERGY) else WorkerState.ASKING


def jobs_view(
    status: WorkerStatus | None, records: Iterable[JobRecord], totals: JobTotals, account: Account | None
) -> JobsView:
    """Everything in short, open jobs first; *account* is the deposit as far as it is known."""
    leases = status.leases if status is not None else {}
    jobs = [_job(record, leases.get(record.job_id)) for record in records]
    return JobsView(
        state=worker_state(status),
        sentence=plain_text(status.sentence if status else "the worker does not run", 300),
        unit=UNIT,
        paid=totals.paid_jobs,
        energy_wh=totals.energy_wh,
        earned=totals.earned_nrlc / RLC,
        earned_per_wh=totals.earned_nrlc / RLC / totals.energy_wh if totals.energy_wh > 0 else None,
        facts=_facts(status, account),
        jobs=tuple(sorted(jobs, key=lambda job: job.ended_utc is not None)),
    )


def _facts(status: WorkerStatus | None, account: Account | None) -> tuple[JobFact, ...]:
    facts = []
    if account is not None:
        facts.append(JobFact("Stake free", f"{rlc(account.stake_nrlc)} {UNIT}"))
        facts.append(JobFact("Stake locked", f"{rlc(account.locked_nrlc)} {UNIT}"))
    if status is not None and status.declined:
        facts.append(JobFact("Declined", str(status.declined)))
    return tuple(facts)


def _job(record: JobRecord, lease: Lease | None) -> JobView:
    state = _state(record, lease)
    used_wh, run_s = (lease.used_wh, lease.run_s) if lease is not None else (0.0, 0.0)
    run_s = max(run_s, record.run_s)
    return JobView(
        job_id=record.job_id,
        title=plain_text(record.title, 60),
        state=state,
        stage=_stage_words(record),
        sentence=_sentence(record, lease),
        progress=_progress(record, run_s),
        energy_wh=max(used_wh, record.energy_wh),
        run_s=run_s,
        earned=record.earned_nrlc / RLC if record.ended_utc is not None else None,
        expected=_expected(record),
        created_utc=record.created_utc,
        ended_utc=record.ended_utc,
    )


def _status(record: JobRecord) -> ReplicateStatus:
    """Where it stands; what no version knows is taken for a failure."""
    try:
        return ReplicateStatus(record.stage)
    except ValueError:
        return ReplicateStatus.FAILED


def _state(record: JobRecord, lease: Lease | None) -> JobState:
    if record.ended_utc is not None:
        return "done" if record.outcome == "completed" else "failed"
    if lease is not None and lease.state in {LeaseState.PAUSED, LeaseState.OFFERED}:
        return "paused"
    return "waiting" if _status(record) in _WAITING else "working"


def _stage_words(record: JobRecord) -> str:
    status = _status(record)
    if status in _STAGES:
        return _STAGES[status][1]
    return plain_text(record.stage.replace("_", " ").lower(), 60)


def _sentence(record: JobRecord, lease: Lease | None) -> str:
    """Why it stands where it stands, if anybody said so."""
    if record.ended_utc is not None:
        said = record.data.get("error") or ("" if record.outcome == "completed" else record.outcome)
        return plain_text(said or "")
    return plain_text(lease.sentence) if lease is not None else ""


def _progress(record: JobRecord, run_s: float) -> float | None:
    """How far it is; None for what ended before it was done."""
    status = _status(record)
    if status not in _STAGES:
        return None
    step = float(_STAGES[status][0])
    if status is _S.COMPUTING:
        longest_s = _run_duration_s(record.data.get("offer"))
        step += min(run_s / longest_s, 0.95) if longest_s else 0.0
    return step / _ALL


def _run_duration_s(offer: object) -> float | None:
    run = offer.get("run") if isinstance(offer, Mapping) else None
    duration = run.get("duration_s") if isinstance(run, Mapping) else None
    return float(duration) if isinstance(duration, int | float) and duration > 0 else None


def task_row(record: JobRecord) -> dict[str, Any]:
    """One task in a list."""
    return {
        "task": record.job_id,
        "app": plain_text(record.title, 60),
        "stage": plain_text(record.stage, 60),
        "words": _stage_words(record),
        "outcome": plain_text(record.outcome, 100) if record.outcome else None,
        "created_utc": record.created_utc,
        "ended_utc": record.ended_utc,
        "energy_wh": record.energy_wh,
        "run_s": record.run_s,
        "earned_rlc": record.earned_nrlc / RLC,
        "expected_rlc": _expected(record),
    }


def task_detail(
    record: JobRecord, stages: Sequence[StageEntry], logs: tuple[str, str] | None, lease: Lease | None = None
) -> dict[str, Any]:
    """Everything that is known of one task, in words that are safe to print."""
    data = record.data
    return {
        **task_row(record),
        "sentence": _sentence(record, lease),
        "updated_utc": record.updated_utc,
        "deal": _text(data.get("deal_id")),
        "exit_code": data.get("exit_code") if isinstance(data.get("exit_code"), int) else None,
        "cause": _text(data.get("cause")),
        "error": _text(data.get("error")),
        "result": _text(data.get("result_link")),
        "digest": _text(data.get("digest")),
        "earned_rlc_per_wh": _per_wh(record),
        "stages": [{"stage": plain_text(each.stage, 60), "time_utc": each.time_utc} for each in stages],
        "logs": {"stdout": logs[0], "stderr": logs[1]} if logs else None,
    }


def _text(value: object) -> str | None:
    return plain_text(value, 300) if value is not None else None


def _expected(record: JobRecord) -> float | None:
    expected = record.data.get("value_nrlc")
    return expected / RLC if isinstance(expected, int | float) else None


def _per_wh(record: JobRecord) -> float | None:
    return record.earned_nrlc / RLC / record.energy_wh if record.energy_wh > 0 else None


def rlc(nrlc: float) -> str:
    """An amount in RLC with as many digits as it needs, four that count."""
    return f"{nrlc / RLC:.4g}"

from __future__ import annotations

import json

import pytest

from edgepi.compute.journal import JobTotals
from edgepi.model import LeaseState
from edgepi_iexec.chain.model import Account
from edgepi_iexec.status import WorkerState, jobs_view, task_detail, task_row, worker_state
from edgepi_iexec.worker.standing import NO_ENERGY
from edgepi_iexec.worker.worker import WorkerStatus
from tests.plugins.iexec.faces.house import RLC, S, lease, paid, record, status, task_id

TOTALS = JobTotals(jobs=5, paid_jobs=4, energy_wh=8.0, run_s=900.0, earned_nrlc=2 * RLC)
NOTHING = JobTotals(0, 0, 0.0, 0.0, 0)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (None, WorkerState.STOPPED),
        (status(connected=False), WorkerState.DISCONNECTED),
        (status(), WorkerState.ASKING),
        (status(sentence=f"{NO_ENERGY}: 1.4 Wh above the night reserve"), WorkerState.SAVING),
        (status((1, S.COMPUTING)), WorkerState.WORKING),
        (status((1, S.CONTRIBUTED)), WorkerState.WAITING),
        (status((1, S.CONTRIBUTED), (2, S.COMPUTING)), WorkerState.WORKING),
        (status((1, S.CONTRIBUTED), connected=False), WorkerState.DISCONNECTED),
    ],
)
def test_what_a_worker_is_at_follows_from_its_tasks(seen: WorkerStatus | None, state: WorkerState) -> None:
    assert worker_state(seen) is state


def test_open_jobs_come_first_with_the_energy_of_their_lease() -> None:
    seen = status((2, S.COMPUTING), leases={task_id(2): lease(LeaseState.RUNNING)})
    view = jobs_view(seen, [paid(3), record(2, S.COMPUTING)], TOTALS, Account(3 * RLC, RLC))
    assert [job.job_id for job in view.jobs] == [task_id(2), task_id(3)]
    assert (view.jobs[0].state, view.jobs[0].energy_wh) == ("working", 0.6)
    assert (view.jobs[1].state, view.jobs[1].earned) == ("done", 0.5)
    assert [(fact.name, fact.value) for fact in view.facts] == [
        ("Stake free", "3 RLC"),
        ("Stake locked", "1 RLC"),
        ("Declined", "2"),
    ]
    assert (view.paid, view.earned, view.earned_per_wh) == (4, 2.0, 0.25)


def test_progress_grows_from_stage_to_stage_and_while_it_computes() -> None:
    stages = (
        S.CREATED,
        S.APP_DOWNLOADING,
        S.COMPUTING,
        S.COMPUTED,
        S.CONTRIBUTED,
        S.REVEALED,
        S.RESULT_UPLOADED,
        S.COMPLETED,
    )
    shown = [
        jobs_view(None, [record(1, stage, run_s=0.0)], NOTHING, None).jobs[0].progress for stage in stages
    ]
    assert shown == sorted(shown)  # type: ignore[type-var]
    assert shown[-1] == 1.0
    halfway = jobs_view(None, [record(1, S.COMPUTING, run_s=300.0)], NOTHING, None).jobs[0].progress
    assert halfway == pytest.approx(2.5 / 7)
    endless = jobs_view(None, [record(1, S.COMPUTING, run_s=9e9)], NOTHING, None).jobs[0].progress
    assert endless is not None
    assert endless < 3 / 7


def test_a_paused_job_says_why() -> None:
    paused = lease(LeaseState.PAUSED, sentence="paused: the battery is needed for the night")
    seen = status((1, S.COMPUTING), leases={task_id(1): paused})
    job = jobs_view(seen, [record(1, S.COMPUTING)], NOTHING, None).jobs[0]
    assert (job.state, job.sentence) == ("paused", "paused: the battery is needed for the night")


def test_a_failed_job_says_why_and_has_no_progress() -> None:
    failed = paid(1, stage="ABORTED", outcome="aborted: APP_COMPUTE_FAILED", earned_nrlc=0)
    job = jobs_view(None, [failed], NOTHING, None).jobs[0]
    assert (job.state, job.progress) == ("failed", None)
    assert job.sentence == "aborted: APP_COMPUTE_FAILED"


def test_what_strangers_wrote_is_safe_to_print() -> None:
    evil = "\x1b[2J\u202eevil\nline \ud800" + "x" * 999
    row = record(1, S.COMPUTING, title=evil, data={"error": evil, "result_link": evil, "exit_code": evil})
    told = json.dumps(task_detail(row, (), ("out", "err")), default=str, ensure_ascii=False)
    told += json.dumps(jobs_view(None, [row], NOTHING, None).to_json(), default=str, ensure_ascii=False)
    assert told.isprintable()
    assert "x" * 400 not in told


def test_a_record_of_another_version_is_shown_all_the_same() -> None:
    odd = record(1, S.COMPUTING, stage="BEAMING_UP", data={"offer": "none", "value_nrlc": "much"})
    job = jobs_view(None, [odd], NOTHING, None).jobs[0]
    assert (job.stage, job.progress, job.expected) == ("beaming up", None, None)
    assert task_row(odd)["words"] == "beaming up"

"""What workers are told of a task: while they listen, and when they come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgepi_iexec.pool.codec import read_replicate, read_task, to_text
from edgepi_iexec.pool.model import HISTORY, PoolTask, Replicate, Stage
from edgepi_iexec.pool.notices import notices
from edgepi_iexec.pool.recovering import recoverable, recovery
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.protocol.statuses import ReplicateStatus as S
from tests.plugins.iexec.pool.records import NOW, share, task

AGREED, OTHER = "0xa9", "0x07"
CONTRIBUTED = (S.STARTING, S.COMPUTED, S.CONTRIBUTING, S.CONTRIBUTED)
REVEALED = (*CONTRIBUTED, S.REVEALING, S.REVEALED)
DECIDED = (
    Stage.CONSENSUS_REACHED,
    Stage.AT_LEAST_ONE_REVEALED,
    Stage.RESULT_UPLOADING,
    Stage.RESULT_UPLOADED,
    Stage.RESULT_UPLOAD_TIMEOUT,
    Stage.FINALIZING,
)


def decided(stage: Stage, **changes: object) -> PoolTask:
    return task(1, stage, consensus=AGREED, consensus_block=77, winner_count=1, **changes)


def said(one: PoolTask, *shares: Replicate) -> set[tuple[str, str]]:
    """Return types of notifications, each with the last digit of a worker's address."""
    found = notices(one, {each.wallet: each for each in shares})
    assert all(each.workers for each in found)  # an empty list would mean everybody
    return {(each.type.value, wallet[-1]) for each in found for wallet in each.workers or ()}


@pytest.mark.parametrize("stage", DECIDED)
def test_after_the_consensus_winners_reveal_and_all_others_stop(stage: Stage) -> None:
    winner = share(1, *CONTRIBUTED, contribution=AGREED)
    revealed = share(2, *REVEALED, contribution=AGREED)
    loser = share(3, *CONTRIBUTED, contribution=OTHER)
    slow = share(4, S.STARTING, S.COMPUTING)
    lost = share(5, *CONTRIBUTED, S.WORKER_LOST, contribution=AGREED)
    gone = share(6, S.STARTING, S.ABORTED)
    assert said(decided(stage), winner, revealed, loser, slow, lost, gone) == {
        ("PLEASE_REVEAL", "1"),
        ("PLEASE_REVEAL", "5"),
        ("PLEASE_ABORT", "3"),
        ("PLEASE_ABORT", "4"),
    }


def test_a_reveal_names_the_block_and_an_abort_its_cause() -> None:
    shares = {one.wallet: one for one in (share(1, *CONTRIBUTED, contribution=AGREED), share(2, S.COMPUTING))}
    reveal, abort = notices(decided(Stage.CONSENSUS_REACHED), shares)
    assert reveal.to_json()["taskNotificationExtra"]["blockNumber"] == 77
    assert abort.to_json()["taskNotificationExtra"]["taskAbortCause"] == "CONSENSUS_REACHED"


def test_only_who_was_asked_uploads() -> None:
    asked = share(1, *REVEALED, S.RESULT_UPLOAD_REQUESTED, contribution=AGREED)
    other = share(2, *REVEALED, contribution=AGREED)
    uploading = share(3, *REVEALED, S.RESULT_UPLOAD_REQUESTED, S.RESULT_UPLOADING, contribution=AGREED)
    one = decided(Stage.RESULT_UPLOADING, uploader=asked.wallet)
    assert said(one, asked, other, uploading) == {("PLEASE_UPLOAD", "1")}


def test_in_the_end_all_who_revealed_complete_and_nobody_is_told_twice() -> None:
    one = decided(Stage.COMPLETED)
    uploaded = share(
        1, *REVEALED, S.RESULT_UPLOAD_REQUESTED, S.RESULT_UPLOADING, S.RESULT_UPLOADED, contribution=AGREED
    )
    revealed = share(2, *REVEALED, contribution=AGREED)
    done = share(3, *REVEALED, S.COMPLETING, S.COMPLETED, contribution=AGREED)
    loser = share(4, *CONTRIBUTED, contribution=OTHER)
    assert said(one, uploaded, revealed, done, loser) == {
        ("PLEASE_COMPLETE", "1"),
        ("PLEASE_COMPLETE", "2"),
        ("PLEASE_ABORT", "4"),
    }


@pytest.mark.parametrize(
    ("stage", "cause"),
    [
        (Stage.CONTRIBUTION_TIMEOUT, "CONTRIBUTION_TIMEOUT"),
        (Stage.FINAL_DEADLINE_REACHED, "CONTRIBUTION_TIMEOUT"),
        (Stage.FAILED, "UNKNOWN"),
    ],
)
def test_when_a_task_is_over_all_who_are_still_at_it_stop(stage: Stage, cause: str) -> None:
    shares = {one.wallet: one for one in (share(1, S.COMPUTING), share(2, S.STARTING, S.ABORTED))}
    (found,) = notices(task(1, stage), shares)
    assert found.workers == (share(1).wallet,)
    assert found.to_json()["taskNotificationExtra"]["taskAbortCause"] == cause


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.INITIALIZED, Stage.RUNNING])
def test_before_anything_is_decided_nothing_is_said(stage: Stage) -> None:
    assert said(task(1, stage), share(1, S.COMPUTING)) == set()


def back(one: PoolTask, share_: Replicate) -> str:
    """Return what a worker that comes back is told."""
    authorization = WorkerpoolAuthorization(worker=share_.wallet, task_id=one.task_id)
    found = recovery(one, share_.at(S.WORKER_LOST, NOW, by_pool=True), authorization)
    assert found.workers == (share_.wallet,)
    assert found.extra is not None
    assert found.extra.authorization == authorization
    assert found.extra.block_number == (77 if found.type.value == "PLEASE_REVEAL" else 0)
    return found.type.value


@pytest.mark.parametrize(
    ("stage", "statuses", "contribution", "told"),
    [
        (Stage.RUNNING, (), "", "PLEASE_CONTRIBUTE"),
        (Stage.RUNNING, (S.STARTING, S.COMPUTING), "", "PLEASE_CONTRIBUTE"),
        (Stage.RUNNING, (S.STARTING, S.COMPUTED), "", "PLEASE_CONTRIBUTE"),
        (Stage.RUNNING, (S.COMPUTED, S.CONTRIBUTING), "", "PLEASE_CONTRIBUTE"),
        (Stage.RUNNING, (S.COMPUTED, S.CONTRIBUTING), AGREED, "PLEASE_WAIT"),
        (Stage.RUNNING, CONTRIBUTED, AGREED, "PLEASE_WAIT"),
        (Stage.CONSENSUS_REACHED, CONTRIBUTED, AGREED, "PLEASE_REVEAL"),
        (Stage.CONSENSUS_REACHED, (*CONTRIBUTED, S.REVEALING), AGREED, "PLEASE_REVEAL"),
        (Stage.AT_LEAST_ONE_REVEALED, CONTRIBUTED, AGREED, "PLEASE_REVEAL"),
        (Stage.CONSENSUS_REACHED, CONTRIBUTED, OTHER, "PLEASE_ABORT"),
        (Stage.CONSENSUS_REACHED, (S.COMPUTING,), "", "PLEASE_ABORT"),
        (Stage.COMPLETED, (S.COMPUTING,), "", "PLEASE_ABORT"),
        (Stage.CONTRIBUTION_TIMEOUT, (S.COMPUTING,), "", "PLEASE_ABORT"),
        (Stage.AT_LEAST_ONE_REVEALED, REVEALED, AGREED, "PLEASE_WAIT"),
        (Stage.RESULT_UPLOADING, (*REVEALED, S.RESULT_UPLOAD_REQUESTED), AGREED, "PLEASE_UPLOAD"),
        (Stage.RESULT_UPLOADING, (*REVEALED, S.RESULT_UPLOADING), AGREED, "PLEASE_UPLOAD"),
        (Stage.RESULT_UPLOADED, (*REVEALED, S.RESULT_UPLOADED), AGREED, "PLEASE_WAIT"),
        (Stage.COMPLETED, REVEALED, AGREED, "PLEASE_COMPLETE"),
        (Stage.COMPLETED, (*REVEALED, S.RESULT_UPLOADED), AGREED, "PLEASE_COMPLETE"),
    ],
)
def test_who_comes_back_goes_on_where_its_work_stood(
    stage: Stage, statuses: tuple[S, ...], contribution: str, told: str
) -> None:
    mine = share(1, *statuses, contribution=contribution)
    one = replace(decided(stage, uploader=mine.wallet), consensus="" if stage is Stage.RUNNING else AGREED)
    assert back(one, mine) == told


def test_who_was_replaced_as_uploader_is_not_asked_again() -> None:
    mine = share(1, *REVEALED, S.RESULT_UPLOAD_REQUESTED, contribution=AGREED)
    assert back(decided(Stage.RESULT_UPLOADING, uploader=share(2).wallet), mine) == "PLEASE_WAIT"


@pytest.mark.parametrize(
    "over", [S.START_FAILED, S.COMPUTE_FAILED, S.COMPLETE_FAILED, S.COMPLETED, S.FAILED, S.ABORTED]
)
def test_what_is_over_is_not_recovered_also_if_its_worker_was_lost_since(over: S) -> None:
    assert not recoverable(share(1, S.STARTING, over))
    assert not recoverable(share(1, S.STARTING, over, S.WORKER_LOST, S.RECOVERING))
    assert recoverable(share(1, S.STARTING, S.WORKER_LOST, S.RECOVERING))


def test_records_come_back_from_the_database_as_they_were() -> None:
    one = decided(Stage.CONSENSUS_REACHED, reveal_deadline_utc=NOW, params='{"iexec_args":"\\u03c0"}')
    assert read_task(to_text(one)) == one
    mine = share(1, *REVEALED, contribution=AGREED).at(S.WORKER_LOST, NOW, cause="x", by_pool=True)
    assert read_replicate(to_text(mine)) == mine


def test_a_history_does_not_grow_without_end_and_keeps_its_beginning() -> None:
    mine = share(1)
    for _ in range(500):
        mine = mine.at(S.WORKER_LOST, NOW).at(S.RECOVERING, NOW)
    assert len(mine.history) <= HISTORY
    assert mine.history[0].status is S.CREATED
    assert mine.standing is S.CREATED

from __future__ import annotations

import hashlib
import zipfile
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from edgepi.compute.journal import JobRecord
from edgepi.compute.model import ExitReason, Network, Outcome
from edgepi.errors import (
    ChainError,
    EngineError,
    JournalError,
    PeerError,
    SandboxError,
    TransactionError,
    UnfitImageError,
)
from edgepi.model import Answer, LeaseState
from edgepi.testing.boxes import Script
from edgepi_iexec.chain.model import ContributionStatus, TaskStatus
from edgepi_iexec.protocol import ids
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.inputs import UnfetchedError
from tests.plugins.iexec.worker.house import RESULT, House
from tests.plugins.iexec.worker.pocketchain import OTHER, WORKER

S = ReplicateStatus
N = NotificationType

WHOLE_LIFE = [
    S.STARTING,
    S.STARTED,
    S.APP_DOWNLOADING,
    S.APP_DOWNLOADED,
    S.DATA_DOWNLOADING,
    S.DATA_DOWNLOADED,
    S.COMPUTING,
    S.COMPUTED,
    S.CONTRIBUTING,
    S.CONTRIBUTED,
    S.REVEALING,
    S.REVEALED,
    S.RESULT_UPLOADING,
    S.RESULT_UPLOADED,
    S.COMPLETING,
    S.COMPLETED,
]


async def given(house: House, **deal: object) -> str:
    task_id = house.ledger.task(**deal)  # type: ignore[arg-type]
    house.scheduler.give(task_id)
    await house.up()
    return task_id


async def test_a_task_is_computed_contributed_revealed_uploaded_and_paid(house: House) -> None:
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.reported(task_id) == WHOLE_LIFE
    assert house.ledger.sent == ["TaskContribute", "TaskReveal", "TaskFinalize"]
    assert house.ledger.tasks[task_id].status is TaskStatus.COMPLETED
    assert house.ledger.stakes[WORKER] == 1000
    record = house.journal.records[task_id]
    assert (record.outcome, record.earned_nrlc) == ("completed", 990)
    assert house.budget.of(task_id).state is LeaseState.FINISHED
    assert house.trade.learned == [record]


async def test_the_result_is_what_the_app_wrote(house: House) -> None:
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    digest = "0x" + hashlib.sha256(RESULT["result.txt"]).hexdigest()
    assert house.ledger.contributions[task_id, WORKER].result_hash == ids.result_hash(task_id, digest)
    with zipfile.ZipFile(BytesIO(house.scheduler.results[task_id])) as archive:
        assert archive.read("result.txt") == RESULT["result.txt"]


async def test_nothing_is_left_of_a_task_that_is_over(house: House) -> None:
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    await house.pass_time(10.0)
    assert not (house.folder / "tasks" / task_id).exists()
    assert not house.sandbox.boxes
    assert house.worker is not None
    assert house.worker.status.tasks == ()
    assert not house.scheduler.hearing.topics  # type: ignore[union-attr]


async def test_every_update_says_what_the_protocol_wants_with_it(house: House) -> None:
    from edgepi_iexec.protocol.transitions import missing_details

    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert {m for _, update in house.scheduler.updates for m in missing_details(update)} == set()


async def test_the_container_sees_the_documented_environment(house: House) -> None:
    house.scheduler.files["https://data.test/a.csv"] = b"1,2"
    params = '{"iexec_args":"--count 5 \'two words\'","iexec_input_files":["https://data.test/a.csv"]}'
    task_id = await given(house, params=params)
    await house.live_until(lambda: bool(house.sandbox.started))
    job = house.sandbox.started[0]
    name = "0x" + hashlib.sha256(b"https://data.test/a.csv").hexdigest()
    assert job.command == ("--count", "5", "two words")
    assert job.environment["IEXEC_TASK_ID"] == task_id
    assert job.environment["IEXEC_INPUT_FILE_NAME_1"] == name
    assert job.environment["IEXEC_INPUT_FILES_NUMBER"] == "1"
    assert (job.inputs_at, job.outputs_at, job.limits.time_s) == ("/iexec_in", "/iexec_out", 300.0)
    assert (house.folder / "tasks" / task_id / "input" / name).read_bytes() == b"1,2"


async def test_no_work_is_asked_for_while_no_energy_is_free(house: House) -> None:
    house.budget.grants = False
    await given(house)
    await house.pass_time(60.0)
    assert house.scheduler.asked == 0
    assert house.scheduler.pings >= 6


async def test_no_work_is_asked_for_where_no_container_can_be_run(house: House) -> None:
    house.ready = Answer(yes=False, sentence="no limit on memory")
    await given(house)
    await house.pass_time(60.0)
    assert house.scheduler.asked == 0
    assert house.worker is not None
    assert "no limit on memory" in house.worker.status.sentence


async def test_a_task_that_gets_no_energy_is_given_back_at_once(house: House) -> None:
    house.budget.grants_tasks = False
    task_id = await given(house)
    await house.pass_time(10.0)
    assert house.scheduler.reported(task_id) == [S.ABORTED]
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]  # None fails, too
    assert house.worker is not None
    assert house.worker.status.declined == 1
    assert not house.sandbox.started


async def test_a_task_that_the_owner_does_not_want_is_given_back(house: House) -> None:
    house.trade.forbidden = "this app is not on the list"
    task_id = await given(house)
    await house.pass_time(10.0)
    assert house.scheduler.reported(task_id) == [S.ABORTED]
    assert not any(offer for offer in house.budget.offered if not offer.standing)


@pytest.mark.parametrize("forged", ["worker", "deal_id", "signature"])
async def test_a_forged_authorisation_is_refused(
    house: House, monkeypatch: pytest.MonkeyPatch, forged: str
) -> None:
    import dataclasses

    real = house.scheduler.authorize
    lies: dict[str, Any] = {"worker": OTHER, "deal_id": "0x" + "77" * 32, "signature": OTHER + "00" * 45}

    async def forge(task_id: str, worker: str) -> object:
        return dataclasses.replace(await real(task_id, worker), **{forged: lies[forged]})

    monkeypatch.setattr(house.scheduler, "authorize", forge)
    task_id = await given(house)
    await house.pass_time(10.0)
    assert house.scheduler.reported(task_id) == [S.ABORTED]
    assert not house.journal.records


async def test_when_the_promise_is_refused_nothing_is_contributed(house: House) -> None:
    house.budget.commits = False
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.ledger.sent == []
    assert house.scheduler.reported(task_id)[-2:] == [S.COMPUTED, S.ABORTED]
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]  # None fails, too
    assert house.budget.of(task_id).state is LeaseState.GIVEN_BACK


async def test_a_lease_that_pauses_lets_the_container_stand_still(house: House) -> None:
    house.script = Script(run_s=100.0, files=RESULT)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    house.budget.leases.step(f"iexec {task_id}", LeaseState.PAUSED)
    await house.pass_time(600.0)
    assert house.sandbox.boxes[task_id].paused
    assert S.COMPUTED not in house.scheduler.reported(task_id)
    house.budget.leases.step(f"iexec {task_id}", LeaseState.RUNNING)
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"


async def test_a_lease_that_breaks_ends_the_task_before_it_is_contributed(house: House) -> None:
    house.script = Script(run_s=100.0, files=RESULT)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    house.budget.leases.step(f"iexec {task_id}", LeaseState.BROKEN, "the run guard")
    await house.pass_time(10.0)
    assert house.over(task_id)
    assert house.scheduler.reported(task_id)[-1] is S.ABORTED
    assert house.ledger.sent == []
    assert not house.sandbox.boxes


async def test_a_lease_that_breaks_after_the_contribution_loses_no_stake(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    house.budget.leases.step(f"iexec {task_id}", LeaseState.BROKEN, "the run guard")
    await house.pass_time(30.0)
    assert not house.over(task_id)
    agree(house, task_id)
    await house.live_until(lambda: house.ledger.contributions[task_id, WORKER].status is REVEALED)


REVEALED = ContributionStatus.REVEALED


def agree(house: House, task_id: str) -> None:
    """Another worker contributes the same."""
    mine = house.ledger.contributions[task_id, WORKER]
    house.ledger.contribute(task_id, OTHER, mine.result_hash, mine.result_seal)


async def test_a_task_waits_for_others_without_a_container(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    await house.pass_time(300.0)
    assert not house.sandbox.boxes
    assert house.scheduler.reported(task_id)[-1] is S.CONTRIBUTED
    assert house.budget.of(task_id).state is LeaseState.COMMITTED
    agree(house, task_id)
    await house.live_until(lambda: house.over(task_id))
    assert house.ledger.stakes[WORKER] == 1000


async def test_the_deadline_moves_on_while_there_is_no_consensus_and_then_stands(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    await house.pass_time(300.0)
    due = deadline(house, task_id)
    assert 500.0 <= (due - house.clock.now()).total_seconds() <= 600.0
    await house.pass_time(120.0)
    assert (deadline(house, task_id) - due).total_seconds() == 120.0
    house.ledger.faults["reveal"] = refuse
    agree(house, task_id)
    await house.pass_time(120.0)
    assert deadline(house, task_id) == house.ledger.tasks[task_id].reveal_deadline_utc


def deadline(house: House, task_id: str) -> datetime:
    finish = house.budget.of(task_id).offer.finish
    assert finish is not None
    return finish.deadline_utc


def refuse() -> None:
    raise ChainError("the node is busy")


async def test_a_scheduler_that_forgets_to_call_loses_no_stake(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    house.scheduler.down = True
    agree(house, task_id)
    await house.pass_time(200.0)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED


async def test_a_scheduler_that_aborts_a_contributed_task_loses_no_stake(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    await house.scheduler.push(task_id, N.PLEASE_ABORT, "UNKNOWN")
    await house.pass_time(10.0)
    assert not house.over(task_id)
    agree(house, task_id)
    await house.pass_time(200.0)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED


async def test_who_is_outvoted_lets_go(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    for worker in (OTHER, "0x" + "54" * 20):
        house.ledger.stakes[worker] = 1000
        house.ledger.contribute(task_id, worker, "0x" + "99" * 32, "0x" + "98" * 32)
    await house.scheduler.push(task_id, N.PLEASE_ABORT, "CONSENSUS_REACHED")
    await house.pass_time(10.0)
    assert house.over(task_id)
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "CONSENSUS_REACHED"  # type: ignore[union-attr]
    assert "TaskReveal" not in house.ledger.sent


async def test_an_abort_ends_a_running_container(house: House) -> None:
    house.script = Script(run_s=100.0)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    await house.scheduler.push(task_id, N.PLEASE_ABORT, "CONTRIBUTION_TIMEOUT")
    await house.pass_time(5.0)
    assert not house.sandbox.boxes
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "CONTRIBUTION_TIMEOUT"  # type: ignore[union-attr]
    assert house.budget.of(task_id).state is LeaseState.GIVEN_BACK


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (Outcome(reason=ExitReason.FAILED, exit_code=3, sentence="it failed"), "APP_COMPUTE_FAILED"),
        (Outcome(reason=ExitReason.OUT_OF_MEMORY, exit_code=137, sentence="memory"), "APP_COMPUTE_FAILED"),
        (Outcome(reason=ExitReason.DISK_FULL, exit_code=137, sentence="disk"), "APP_COMPUTE_FAILED"),
    ],
)
async def test_an_app_that_fails_is_reported_with_its_reason(
    house: House, outcome: Outcome, cause: str
) -> None:
    house.script = Script(run_s=5.0, outcome=outcome)
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    details = house.scheduler.last(task_id, S.COMPUTE_FAILED).details
    assert details is not None
    assert (details.cause, details.exit_code, details.error_message) == (
        cause,
        outcome.exit_code,
        outcome.sentence,
    )
    assert house.ledger.sent == []


async def test_an_app_that_takes_too_long_times_out(house: House) -> None:
    house.script = Script(run_s=400.0)
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.COMPUTE_FAILED).details.cause == "APP_COMPUTE_TIMEOUT"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        ({}, "POST_COMPUTE_COMPUTED_FILE_NOT_FOUND"),
        (
            {**RESULT, "a name that is longer than thirty-one.txt": b""},
            "POST_COMPUTE_TOO_LONG_RESULT_FILE_NAME",
        ),
    ],
)
async def test_an_output_that_is_no_result_is_not_contributed(
    house: House, files: dict[str, bytes], cause: str
) -> None:
    house.script = Script(run_s=5.0, files=files)
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.COMPUTE_FAILED).details.cause == cause  # type: ignore[union-attr]
    assert house.ledger.sent == []


async def test_input_that_cannot_be_had_becomes_the_result(house: House) -> None:
    params = '{"iexec_input_files":["https://data.test/missing.csv"],"iexec_result_storage_provider":"ipfs"}'
    task_id = await given(house, params=params)
    await house.live_until(lambda: house.over(task_id))
    details = house.scheduler.last(task_id, S.DATA_DOWNLOAD_FAILED).details
    assert details is not None
    assert details.cause == "INPUT_FILES_DOWNLOAD_FAILED"
    text = (
        "[IEXEC] Error occurred while computing the task "
        "[error:DATA_DOWNLOAD_FAILED, cause:INPUT_FILES_DOWNLOAD_FAILED]"
    )
    digest = "0x" + hashlib.sha256(text.encode()).hexdigest()
    assert house.ledger.contributions[task_id, WORKER].result_hash == ids.result_hash(task_id, digest)
    assert not house.sandbox.started


async def test_a_network_that_is_down_here_is_no_result_to_stake_on(house: House) -> None:
    house.scheduler.files["http://files.test/a"] = UnfetchedError("no route to host")
    task_id = await given(house, params='{"iexec_input_files": ["http://files.test/a"]}')
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]  # None fails, too
    assert house.ledger.sent == []


async def test_an_image_that_is_another_than_the_chain_pins_is_not_run(house: House) -> None:
    house.ledger.checksum = "0x" + "cc" * 32
    house.sandbox.digests["registry.test/demo:1"] = "sha256:" + "dd" * 32
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    details = house.scheduler.last(task_id, S.APP_DOWNLOAD_FAILED).details
    assert details is not None
    assert details.cause == "APP_IMAGE_DOWNLOAD_FAILED"
    assert not house.sandbox.started


async def test_an_engine_that_fails_gives_the_task_to_others(house: House) -> None:
    house.sandbox.failing["pull"] = EngineError("the engine is gone")
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.reported(task_id)[-1] is S.ABORTED
    assert house.ledger.sent == []


async def test_a_machine_without_room_for_it_gives_the_task_to_others(house: House) -> None:
    house.sandbox.failing["run"] = SandboxError("there is no room on the disk")
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]  # None fails, too
    assert S.COMPUTE_FAILED not in house.scheduler.reported(task_id)


async def test_a_task_whose_walls_are_gone_is_computed_again_behind_new_ones(house: House) -> None:
    house.settings["network"] = Network.INTERNET
    house.script = Script(run_s=60.0, files=RESULT)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.boxes))
    house.sandbox.lose_walls()
    await house.live_until(lambda: house.over(task_id))
    assert len(house.sandbox.started) == 2
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED


async def test_a_task_whose_walls_stay_away_is_given_to_others(house: House) -> None:
    house.settings["network"] = Network.INTERNET
    house.script = Script(run_s=60.0)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.boxes))
    house.sandbox.failing["run"] = SandboxError("jobs get no internet")
    house.sandbox.lose_walls()
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]  # None fails, too
    assert S.COMPUTE_FAILED not in house.scheduler.reported(task_id)
    assert house.ledger.sent == []


async def test_walls_that_go_twice_are_no_failure_of_the_app(house: House) -> None:
    gone = Outcome(reason=ExitReason.UNWALLED, exit_code=137, sentence="the walls do not stand")
    house.script = Script(run_s=5.0, outcome=gone)
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]  # None fails, too
    assert S.COMPUTE_FAILED not in house.scheduler.reported(task_id)
    assert house.ledger.sent == []


async def test_an_image_that_does_not_fit_this_machine_gives_the_task_to_others(house: House) -> None:
    house.sandbox.failing["pull"] = UnfitImageError("no variant for arm64")
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]  # None fails, too
    assert house.ledger.sent == []


async def test_a_chain_that_is_down_for_a_minute_costs_nothing(house: House) -> None:
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    house.ledger.down = True
    await house.clock.advance(60.0)
    house.ledger.down = False
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"


async def test_a_scheduler_that_is_down_for_a_minute_costs_nothing(house: House) -> None:
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    house.scheduler.down = True
    await house.clock.advance(60.0)
    house.scheduler.down = False
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"
    assert house.scheduler.reported(task_id) == WHOLE_LIFE


@pytest.mark.parametrize("name", ["contribute", "reveal"])
async def test_a_transaction_whose_answer_is_lost_is_found_on_the_chain(house: House, name: str) -> None:
    house.ledger.lost_answers.add(name)
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"
    assert house.ledger.sent == ["TaskContribute", "TaskReveal", "TaskFinalize"]
    status = {"contribute": S.CONTRIBUTED, "reveal": S.REVEALED}[name]
    receipt = house.scheduler.last(task_id, status).details.chain_receipt  # type: ignore[union-attr]
    assert receipt is not None
    assert receipt.tx_hash == f"0x{receipt.block_number:064x}"


async def test_a_contribution_that_fails_three_times_is_given_up(house: House) -> None:
    def revert() -> None:
        raise TransactionError("reverted")

    house.ledger.faults["contribute"] = revert
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    details = house.scheduler.last(task_id, S.CONTRIBUTE_FAILED).details
    assert details is not None
    assert details.cause == "CHAIN_RECEIPT_NOT_VALID"
    assert house.budget.of(task_id).state is LeaseState.GIVEN_BACK


async def test_too_small_a_stake_is_said_before_anything_is_done(house: House) -> None:
    house.ledger.stakes[WORKER] = 10
    task_id = await given(house)
    await house.pass_time(60.0)
    assert house.scheduler.reported(task_id) == [S.ABORTED]
    assert house.scheduler.asked == 1
    assert house.worker is not None
    assert "300 nRLC" in house.worker.status.sentence
    house.ledger.stakes[WORKER] = 1000
    await house.pass_time(60.0)
    assert house.scheduler.asked > 1


async def test_a_stake_that_is_gone_when_the_task_starts_is_said(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = house.journal.put

    async def spend(record: JobRecord) -> None:
        house.ledger.stakes[WORKER] = 10
        await put(record)

    monkeypatch.setattr(house.journal, "put", spend)
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.START_FAILED).details.cause == "STAKE_TOO_LOW"  # type: ignore[union-attr]
    assert not house.sandbox.pulled


async def test_encrypted_results_are_refused(house: House) -> None:
    task_id = await given(house, params='{"iexec_result_encryption":true}')
    await house.live_until(lambda: house.over(task_id))
    assert house.scheduler.last(task_id, S.START_FAILED).details.cause == "TASK_DESCRIPTION_INVALID"  # type: ignore[union-attr]


async def test_a_callback_is_contributed_and_nothing_uploaded(house: House) -> None:
    house.script = Script(run_s=5.0, files={"computed.json": b'{"callback-data":"0x1234"}'})
    task_id = await given(house, callback="0x" + "70" * 20)
    await house.live_until(lambda: S.RESULT_UPLOADED in house.scheduler.reported(task_id))
    details = house.scheduler.last(task_id, S.RESULT_UPLOADED).details
    assert details is not None
    assert details.chain_callback_data == "0x1234"
    assert details.result_link == '{ "storage": "ethereum", "location": "0x' + "70" * 20 + '" }'
    assert not house.scheduler.results


async def test_a_pool_may_have_everything_done_in_one_transaction(house: House) -> None:
    house.scheduler.finalize_at_once = True
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.ledger.sent == ["TaskContribute"]
    assert house.ledger.tasks[task_id].status is TaskStatus.COMPLETED
    assert house.journal.records[task_id].outcome == "completed"
    details = house.scheduler.last(task_id, S.CONTRIBUTE_AND_FINALIZE_DONE).details
    assert details is not None
    assert details.result_link is not None


async def test_two_tasks_run_at_once_if_the_owner_allows_it(house: House) -> None:
    house.settings["max_tasks"] = 2
    house.script = Script(run_s=100.0, files=RESULT)
    tasks = [house.ledger.task() for _ in range(3)]
    for each in tasks:
        house.scheduler.give(each)
    await house.up()
    await house.pass_time(30.0)
    assert len(house.sandbox.boxes) == 2
    await house.live_until(lambda: all(map(house.over, tasks)))
    assert house.scheduler.registered[0].cpu_nb == 2


async def test_every_notification_may_come_twice_and_out_of_turn(house: House) -> None:
    task_id = await given(house)
    everything = [n for n in N if n is not N.PLEASE_ABORT]
    while not house.over(task_id):
        for kind in everything:
            await house.scheduler.push(task_id, kind)
            await house.scheduler.push(task_id, kind)
        await house.pass_time(5.0)
    assert list(dict.fromkeys(house.scheduler.reported(task_id))) == WHOLE_LIFE
    assert len(house.sandbox.started) == len(house.scheduler.uploads) == 1
    assert house.ledger.sent == ["TaskContribute", "TaskReveal", "TaskFinalize"]


async def test_an_upload_that_fails_is_tried_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.plugins.iexec.fakescheduler import FakeStore

    real, tries = FakeStore.upload, []

    async def upload(self: FakeStore, *args: object) -> str:
        tries.append(args)
        if len(tries) < 3:
            raise PeerError("the store is full")
        return await real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeStore, "upload", upload)
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"


async def test_time_runs_out_before_the_contribution(house: House) -> None:
    house.script = Script(run_s=250.0, files=RESULT)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    house.budget.leases.step(f"iexec {task_id}", LeaseState.PAUSED)
    await house.pass_time(2400.0, step_s=60.0)
    assert house.over(task_id)
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "CONTRIBUTION_TIMEOUT"  # type: ignore[union-attr]


async def test_a_changed_session_has_the_configuration_read_again(house: House) -> None:
    await given(house)
    await house.pass_time(120.0)
    house.scheduler.session = "session-2"
    registered = len(house.scheduler.registered)
    await house.pass_time(120.0)
    assert len(house.scheduler.registered) == registered + 1


async def test_a_stop_gives_back_what_is_not_contributed(house: House) -> None:
    house.script = Script(run_s=100.0, files=RESULT)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    await house.down()
    assert house.scheduler.reported(task_id)[-1] is S.ABORTED
    assert house.budget.of(task_id).state is LeaseState.GIVEN_BACK
    assert not house.sandbox.boxes
    assert house.chain.closed


async def test_a_stop_keeps_what_is_contributed_for_the_next_life(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    await house.pass_time(5.0)
    await house.down()
    assert house.budget.of(task_id).state is LeaseState.COMMITTED
    house.budget.reboot()
    await house.up()
    await house.pass_time(30.0)
    agree(house, task_id)
    await house.live_until(lambda: house.over(task_id))
    assert house.ledger.stakes[WORKER] == 1000
    assert house.budget.of(task_id).state is LeaseState.FINISHED


async def test_a_stake_is_saved_though_the_scheduler_never_comes_back(house: House) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    await house.pass_time(5.0)
    await house.down()
    house.scheduler.down = True
    agree(house, task_id)
    await house.up()
    await house.pass_time(300.0)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED


async def test_a_stake_is_saved_though_the_scheduler_went_before_it_heard_of_it(house: House) -> None:
    def gone() -> None:
        house.scheduler.down = True

    house.ledger.needed = 2
    house.ledger.faults["contribute"] = gone
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    agree(house, task_id)
    await house.pass_time(1.5 * house.ledger.time_ref_s)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED
    house.scheduler.down = False
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"
    assert house.ledger.stakes[WORKER] == 1000


async def test_a_stake_is_saved_though_consensus_comes_after_a_start_without_the_scheduler(
    house: House,
) -> None:
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    await house.pass_time(5.0)
    await house.down()
    house.scheduler.down = True
    await house.up()
    await house.pass_time(120.0)
    agree(house, task_id)
    await house.pass_time(1.5 * house.ledger.time_ref_s)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED


async def test_what_is_contributed_late_is_to_be_revealed_later(house: House) -> None:
    house.ledger.needed = 2
    due: list[timedelta] = []
    house.ledger.faults["contribute"] = lambda: due.append(deadline(house, task_id) - house.clock.now())
    commit = house.budget.commit

    async def commits(offer_id: str) -> Answer:
        house.scheduler.down = True
        return await commit(offer_id)

    house.budget.commit = commits  # type: ignore[method-assign]
    task_id = await given(house, trust=3)
    await house.pass_time(200.0)
    house.scheduler.down = False
    await house.live_until(lambda: bool(due))
    assert due[0].total_seconds() > 2 * house.ledger.time_ref_s - 10.0


async def test_a_stake_is_saved_though_the_disk_is_full(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(record: JobRecord) -> None:
        raise JournalError("the disk is full")

    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    agree(house, task_id)
    with monkeypatch.context() as patch:
        patch.setattr(house.journal, "put", full)
        await house.pass_time(1.5 * house.ledger.time_ref_s)
        assert house.ledger.contributions[task_id, WORKER].status is REVEALED
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"


async def test_cpus_change_while_a_container_runs(house: House) -> None:
    house.script = Script(run_s=100.0, files=RESULT)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    assert house.worker is not None
    await house.worker.set_cpus(0.5)
    assert house.sandbox.boxes[task_id].cpus == 0.5


async def test_a_disk_that_refuses_for_a_while_ends_no_worker(house: House) -> None:
    in_the_way = house.folder / "pool.json"
    in_the_way.mkdir()
    await house.up()
    await house.pass_time(30.0)
    assert house.worker is not None
    assert "stumbled" in house.worker.status.sentence
    in_the_way.rmdir()
    await house.pass_time(60.0)
    assert house.worker.status.connected


async def test_a_stop_waits_for_a_contribution_on_its_way(house: House) -> None:
    sent = house.chain.contribute

    async def slowly(*args: Any) -> Any:
        await house.clock.sleep(6.0)
        return await sent(*args)

    house.chain.contribute = slowly  # type: ignore[assignment, method-assign]
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(
        lambda: house.journal.records[task_id].stage == "CONTRIBUTING" if house.sandbox.started else False
    )
    await house.down()
    assert house.ledger.sent == ["TaskContribute"]
    assert house.journal.records[task_id].stage == "CONTRIBUTED"


async def test_what_others_completed_without_this_worker_is_not_called_completed(house: House) -> None:
    house.ledger.needed = 1
    task_id = await given(house)
    house.ledger.faults["contribute"] = unreachable
    await house.live_until(
        lambda: bool(house.sandbox.started) and house.journal.records[task_id].stage == "CONTRIBUTING"
    )
    await house.die(power=True)
    house.ledger.stakes[OTHER] = 1000
    digest = house.journal.records[task_id].data["digest"]
    house.ledger.contribute(task_id, OTHER, ids.result_hash(task_id, digest), "0x" + "0" * 64)
    house.ledger.reveal(task_id, OTHER, digest)
    house.ledger.finalize(task_id, b"")
    house.ledger.faults.clear()
    await house.up()
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "aborted: CONSENSUS_REACHED"
    assert house.budget.of(task_id).state is LeaseState.GIVEN_BACK


async def test_of_a_task_whose_result_is_there_only_the_finish_is_asked_for_again(house: House) -> None:
    task_id = await given(house)
    commit = house.budget.commit

    async def dies(offer_id: str) -> Answer:
        house.life.dead = True
        return await commit(offer_id)

    house.budget.commit = dies  # type: ignore[method-assign]
    house.budget.commits = False
    await house.live_until(lambda: house.life.dead)
    await house.die(power=True)
    house.budget.commit, house.budget.commits = commit, True  # type: ignore[method-assign]
    assert house.journal.records[task_id].stage == "COMPUTED"
    whole = house.budget.offered[-1]
    await house.up()
    await house.live_until(lambda: house.over(task_id))
    left = [offer for offer in house.budget.offered if offer.offer_id == whole.offer_id][-1]
    assert left.run.energy_wh < 0.2 * whole.run.energy_wh
    assert left.finish == whole.finish
    assert house.journal.records[task_id].outcome == "completed"
    assert len(house.sandbox.started) == 1


async def test_a_promise_for_the_whole_offer_is_taken_up_as_it_was_given(house: House) -> None:
    task_id = await given(house)
    commit = house.budget.commit

    async def dies(offer_id: str) -> Answer:
        house.life.dead = True  # after the budget's yes is on disk, before the journal has the contribution
        return await commit(offer_id)

    house.budget.commit = dies  # type: ignore[method-assign]
    await house.live_until(lambda: house.life.dead)
    await house.die(power=True)
    house.budget.commit = commit  # type: ignore[method-assign]
    assert house.budget.of(task_id).state is LeaseState.COMMITTED
    assert house.journal.records[task_id].stage == "COMPUTED"
    await house.up()
    await house.live_until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"
    assert house.budget.of(task_id).state is LeaseState.FINISHED


def unreachable() -> None:
    raise ChainError("the chain's node is down")

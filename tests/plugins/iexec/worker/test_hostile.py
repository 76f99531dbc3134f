"""A scheduler that lies, forgets or asks for nonsense gets neither the stake nor a second result."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from edgepi.compute.journal import JobRecord
from edgepi.errors import ChainError, JournalError
from edgepi.model import LeaseState
from edgepi.testing.boxes import Script
from edgepi_iexec.chain.model import ContributionStatus
from edgepi_iexec.protocol.models import ChainConfiguration
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.statuses import ReplicateStatus
from tests.plugins.iexec.worker.house import House
from tests.plugins.iexec.worker.pocketchain import OTHER, WORKER, PocketChain
from tests.plugins.iexec.worker.test_worker import agree, given

S = ReplicateStatus
N = NotificationType
REVEALED = ContributionStatus.REVEALED


async def waiting(house: House) -> str:
    """A task that is contributed and waits for another worker."""
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: "TaskContribute" in house.ledger.sent)
    await house.pass_time(5.0)
    return task_id


@pytest.mark.parametrize("kind", [N.PLEASE_REVEAL, N.PLEASE_COMPLETE, N.PLEASE_UPLOAD, N.PLEASE_CONTRIBUTE])
async def test_what_comes_too_early_loses_no_stake(house: House, kind: NotificationType) -> None:
    task_id = await waiting(house)
    await house.scheduler.push(task_id, kind)
    await house.pass_time(400.0)
    assert not house.over(task_id)
    agree(house, task_id)
    await house.pass_time(200.0)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED
    assert house.ledger.sent.count("TaskContribute") <= 2


async def test_a_task_is_not_let_go_of_while_its_stake_is_locked(house: House) -> None:
    task_id = await waiting(house)
    agree(house, task_id)
    house.scheduler.hearing = None  # nothing is heard any more
    assert house.worker is not None
    said = await house.scheduler._notification(task_id, N.PLEASE_COMPLETE)
    house.worker._notify(said)
    await house.pass_time(200.0)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED


async def test_the_wrong_pool_is_refused_and_said(house: House) -> None:
    house.settings["pool"] = "0x" + "58" * 20
    await given(house)
    await house.pass_time(60.0)
    assert house.scheduler.registered == []
    assert house.worker is not None
    assert "another pool" in house.worker.status.sentence


async def test_a_node_of_another_chain_is_refused_and_said(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def other() -> int:
        return 1

    monkeypatch.setattr(house.chain, "chain_id", other)
    names = house.scheduler.chain_configuration

    async def named(url: str) -> ChainConfiguration:
        return replace(await names(url), chain_id=134)

    house.scheduler.chain_configuration = named  # type: ignore[method-assign]
    await given(house)
    await house.pass_time(60.0)
    assert house.worker is not None
    assert "its node is of chain 1, the pool works on 134" in house.worker.status.sentence
    assert house.scheduler.registered == []


async def test_a_task_that_is_not_known_any_more_is_given_back(house: House) -> None:
    task_id = house.ledger.task()
    house.scheduler.worker = WORKER
    house.scheduler.statuses[task_id] = S.COMPUTING
    await house.up()
    await house.pass_time(10.0)
    assert house.scheduler.last(task_id, S.ABORTED).details.cause == "ABORTED_BY_WORKER"  # type: ignore[union-attr]


async def test_a_task_that_the_chain_does_not_know_is_dropped(house: House) -> None:
    house.ledger.task()
    ghost = "0x" + "99" * 32
    house.scheduler.give(ghost)
    await house.up()
    await house.pass_time(10.0)
    assert house.scheduler.reported(ghost) == []
    assert not house.journal.records


async def test_notifications_for_others_are_passed_over(house: House) -> None:
    task_id = await waiting(house)
    assert house.worker is not None
    said = await house.scheduler._notification(task_id, N.PLEASE_ABORT)
    for workers in ((OTHER,), None):
        house.worker._notify(replace(said, workers=workers))
    await house.pass_time(10.0)
    assert house.scheduler.reported(task_id)[-1] is S.CONTRIBUTED
    assert not house.over(task_id)


async def test_a_task_for_more_workers_is_not_finalised_alone(house: House) -> None:
    house.scheduler.finalize_at_once = True
    house.ledger.needed = 2
    task_id = await given(house, trust=3)
    await house.live_until(lambda: house.over(task_id))
    details = house.scheduler.last(task_id, S.CONTRIBUTE_AND_FINALIZE_FAILED).details
    assert details is not None
    assert details.cause == "TRUST_NOT_1"
    assert house.ledger.sent == []
    assert house.budget.of(task_id).state is LeaseState.GIVEN_BACK


@pytest.mark.parametrize("same", [True, False])
async def test_a_result_that_was_finalised_before_is_only_taken_for_its_own_if_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    real = PocketChain.contribute_and_finalize

    async def sent(chain: PocketChain, task_id: str, digest: str, *more: Any) -> Any:
        await real(chain, task_id, digest if same else "0x" + "99" * 32, *more)
        raise ChainError("no answer")

    monkeypatch.setattr(PocketChain, "contribute_and_finalize", sent)
    house.scheduler.finalize_at_once = True
    task_id = await given(house)
    await house.live_until(lambda: house.over(task_id))
    record = house.journal.records[task_id]
    if same:
        assert record.outcome == "completed"
        return
    assert record.outcome == "aborted: TASK_ALREADY_CONTRIBUTED"
    details = house.scheduler.last(task_id, S.CONTRIBUTE_AND_FINALIZE_FAILED).details
    assert details is not None
    assert details.cause == "TASK_ALREADY_CONTRIBUTED"
    assert S.CONTRIBUTE_AND_FINALIZE_DONE not in house.scheduler.reported(task_id)


async def test_a_contribution_that_a_reorganisation_took_is_sent_again(house: House) -> None:
    task_id = await waiting(house)
    del house.ledger.contributions[task_id, WORKER]
    house.ledger.stakes[WORKER] = 1000
    await house.pass_time(200.0)
    assert (task_id, WORKER) in house.ledger.contributions
    assert house.ledger.sent.count("TaskContribute") == 2


async def test_a_node_that_lags_once_has_nothing_sent_again(house: House) -> None:
    task_id = await waiting(house)
    hidden = house.ledger.contributions.pop((task_id, WORKER))
    await house.pass_time(60.0)
    house.ledger.contributions[task_id, WORKER] = hidden
    await house.pass_time(200.0)
    assert house.ledger.sent.count("TaskContribute") == 1


async def test_a_record_that_cannot_be_read_is_closed(house: House) -> None:
    now = house.clock.now()
    house.journal.records["x"] = JobRecord(
        job_id="x",
        backend="iexec",
        title="",
        stage="COMPUTING",
        created_utc=now,
        updated_utc=now,
        data={"status": "DANCING"},
    )
    await house.up()
    await house.pass_time(10.0)
    assert house.journal.records["x"].ended_utc is not None


async def test_a_stake_is_saved_though_the_scheduler_names_another_pool_now(house: House) -> None:
    task_id = await waiting(house)
    await house.down()
    house.settings["pool"] = "0x" + "58" * 20
    await house.up()
    agree(house, task_id)
    await house.pass_time(200.0)
    assert house.ledger.contributions[task_id, WORKER].status is REVEALED


async def test_a_stake_is_saved_though_the_scheduler_names_another_chain_now(house: House) -> None:
    task_id = await waiting(house)
    await house.down()
    names, asked = house.scheduler.chain_configuration, Counter[str]()

    async def other(url: str) -> ChainConfiguration:
        asked[url] += 1
        return replace(await names(url), iexec_hub_contract_address="0x" + "bb" * 20)

    house.scheduler.chain_configuration = other  # type: ignore[method-assign]
    for _ in range(2):
        await house.up()
        await house.pass_time(60.0)
        assert house.hubs[-1] == "0x" + "aa" * 20
        await house.down()
    assert asked.total() < 20, "it asks without a pause"
    await house.up()
    agree(house, task_id)
    await house.live_until(lambda: house.over(task_id))
    await house.down()
    await house.up()
    await house.pass_time(60.0)
    assert house.hubs[-1] == "0x" + "bb" * 20


async def test_what_another_wallet_contributed_is_left_for_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    task_id = await waiting(house)
    await house.down()
    house.chain.address = OTHER
    await house.up()
    await house.pass_time(120.0)
    assert "only with that one can its stake be saved" in caplog.text
    assert not house.over(task_id)
    assert (house.folder / "tasks" / task_id).is_dir()
    await house.down()
    house.chain.address = WORKER
    await house.up()
    agree(house, task_id)
    await house.live_until(lambda: house.over(task_id))
    assert house.ledger.stakes[WORKER] == 1000


async def test_a_scheduler_that_talks_without_end_fills_no_memory(house: House) -> None:
    house.script = Script(run_s=200.0)
    task_id = await given(house)
    await house.live_until(lambda: bool(house.sandbox.started))
    assert house.worker is not None
    said = await house.scheduler._notification(task_id, N.PLEASE_COMPUTE)
    for _ in range(10_000):
        house.worker._notify(said)
    assert house.worker._lives[task_id]._inbox.qsize() <= 100
    await house.scheduler.push(task_id, N.PLEASE_ABORT)
    await house.live_until(lambda: house.over(task_id))


async def test_a_task_that_cannot_be_written_down_is_given_back_with_its_energy(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(record: JobRecord) -> None:
        raise JournalError("the disk is full")

    monkeypatch.setattr(house.journal, "put", full)
    task_id = await given(house)
    await house.pass_time(60.0)
    assert house.scheduler.reported(task_id) == [S.ABORTED]
    assert house.budget.of(task_id).state is LeaseState.GIVEN_BACK


async def test_folders_of_tasks_that_are_over_are_removed(house: House) -> None:
    (house.folder / "tasks" / "0xold" / "input").mkdir(parents=True)
    await house.up()
    await house.pass_time(10.0)
    assert not (house.folder / "tasks" / "0xold").exists()


async def test_a_stumble_in_a_stage_ends_no_other_task(house: House) -> None:
    def stumble() -> None:
        raise RuntimeError("nobody thought of this")

    house.settings["max_tasks"] = 2
    bad = await given(house)
    good = house.ledger.task()
    house.ledger.faults["contribute"] = stumble
    await house.pass_time(60.0)
    house.ledger.faults.clear()
    house.scheduler.give(good)
    await house.live_until(lambda: house.over(good) and house.over(bad))
    assert house.journal.records[good].outcome == "completed"
    assert house.journal.records[bad].outcome == "completed"

"""The whole life of tasks with workers that do what they are told."""

from __future__ import annotations

import json

from edgepi_iexec.chain.model import TaskStatus
from edgepi_iexec.pool.model import Stage
from tests.plugins.iexec.pool.house import RESULT, RLC, House, Listener


async def test_a_task_of_trust_1_is_contributed_and_finalised_at_once(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    assert await hand.ask() == task_id
    assert await hand.compute(task_id) == "PLEASE_CONTRIBUTE_AND_FINALIZE"
    assert await hand.at_once(task_id) == (200, "PLEASE_WAIT")
    await house.until_stage(task_id, Stage.COMPLETED)
    await hand.complete(task_id)
    assert house.on_chain(task_id) is TaskStatus.COMPLETED
    assert await house.stages(task_id) == [
        "RECEIVED",
        "INITIALIZING",
        "INITIALIZED",
        "RUNNING",
        "FINALIZED",
        "COMPLETED",
    ]
    await house.until(lambda: house.stage(task_id) is None)  # nobody has anything to say any more


async def test_a_task_goes_through_consensus_reveal_and_upload(house: House) -> None:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    assert await hand.ask() == task_id
    assert await hand.compute(task_id) == "PLEASE_CONTRIBUTE"
    assert await hand.contribute(task_id) == (200, "PLEASE_WAIT")
    await house.until_stage(task_id, Stage.CONSENSUS_REACHED)
    assert await hand.reveal(task_id) == (200, "PLEASE_WAIT")
    await house.until_stage(task_id, Stage.RESULT_UPLOADING)
    assert await hand.upload(task_id) == (200, "PLEASE_WAIT")
    await house.until_stage(task_id, Stage.COMPLETED)
    await hand.complete(task_id)
    task = house.ledger.task(task_id)
    assert task.status is TaskStatus.COMPLETED
    said = await house.call("GET", f"/v1/results/{task_id}/ipfshash")
    assert task.results.decode() == f'{{ "storage": "ipfs", "location": "/ipfs/{said.text}" }}'
    paid = house.ledger.account(hand.address)
    assert (paid.stake_nrlc, paid.locked_nrlc) == (1000 * RLC + 990, 0)


async def test_who_contributes_something_else_loses_its_stake_to_those_who_agree(house: House) -> None:
    await house.open()
    hands = [await house.hand(number) for number in (1, 2, 3, 4)]
    liar, *honest = hands
    task_id = await house.order(trust=3)
    listener = await Listener.open(house, task_id)
    for hand in (liar, *honest[:2]):
        assert await hand.ask_until() == task_id
        assert await hand.compute(task_id) == "PLEASE_CONTRIBUTE"
        lie = b"3.2\n" if hand is liar else RESULT["result.txt"]
        assert await hand.contribute(task_id, lie) == (200, "PLEASE_WAIT")
        await house.live(10)
    assert house.stage(task_id) is Stage.RUNNING
    assert await honest[2].ask_until() == task_id
    await honest[2].compute(task_id)
    await honest[2].contribute(task_id)
    await house.until_stage(task_id, Stage.CONSENSUS_REACHED)
    await house.until(lambda: "PLEASE_ABORT" in listener.heard_by(liar))
    assert await liar.say(task_id, "ABORTED", cause="CONSENSUS_REACHED") == (200, "PLEASE_WAIT")
    for hand in honest:
        assert "PLEASE_REVEAL" in listener.heard_by(hand)
        assert await hand.reveal(task_id) == (200, "PLEASE_WAIT")
    await house.until_stage(task_id, Stage.RESULT_UPLOADING)
    (asked,) = [hand for hand in honest if hand.address == house.task(task_id).uploader]
    await house.until(lambda: "PLEASE_UPLOAD" in listener.heard_by(asked))
    await asked.upload(task_id)
    await house.until_stage(task_id, Stage.COMPLETED)
    await house.until(lambda: all("PLEASE_COMPLETE" in listener.heard_by(hand) for hand in honest))
    assert "PLEASE_REVEAL" not in listener.heard_by(liar)
    stake = 1000 * RLC
    assert house.ledger.account(liar.address).stake_nrlc == stake - 300
    assert all(house.ledger.account(hand.address).stake_nrlc > stake for hand in honest)
    await listener.close()


async def test_two_workers_that_agree_are_enough_and_a_third_gets_nothing(house: House) -> None:
    await house.open()
    first, second, third = [await house.hand(number) for number in (1, 2, 3)]
    task_id = await house.order(trust=3)
    assert await first.ask() == task_id
    assert await second.ask() == task_id
    assert await third.ask() is None
    for hand in (first, second):
        await hand.compute(task_id)
        await hand.contribute(task_id)
    await house.until_stage(task_id, Stage.CONSENSUS_REACHED)
    assert house.task(task_id).winner_count == 2


async def test_a_worker_that_pings_is_never_lost(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.say(task_id, "STARTING")
    await house.live(240)
    assert house.share(task_id, hand).status == "STARTING"


async def test_a_worker_that_declines_leaves_the_task_to_another_at_once(house: House) -> None:
    await house.open()
    dark, sunny = await house.hand(1), await house.hand(2)
    task_id = await house.order()
    assert await dark.ask() == task_id
    assert await sunny.ask() is None
    assert await dark.say(task_id, "ABORTED", cause="ABORTED_BY_WORKER") == (200, "PLEASE_WAIT")
    await house.let_pass(5)
    assert await sunny.ask() == task_id


async def test_who_failed_or_declined_is_not_given_the_task_again(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    assert await hand.ask() == task_id
    await hand.say(task_id, "STARTING")
    assert await hand.say(task_id, "START_FAILED", cause="STAKE_TOO_LOW") == (200, "PLEASE_ABORT")
    await house.let_pass(5)
    assert await hand.ask() is None


async def test_without_claiming_the_pool_lets_go_of_what_is_over(house: House) -> None:
    await house.open(claim=False, poll_s=20)
    task_id = await house.order()
    await house.let_pass(3100, step_s=100)
    assert house.on_chain(task_id) is TaskStatus.ACTIVE
    assert house.stage(task_id) in {Stage.FAILED, None}


async def test_a_worker_in_the_midst_of_a_timeout_is_told_to_abort(house: House) -> None:
    await house.open(lost_after_s=10_000, poll_s=20)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.say(task_id, "STARTING")
    listener = await Listener.open(house, task_id)
    await house.let_pass(2110, step_s=100)
    await house.until(lambda: listener.heard_by(hand))
    (frame, *_) = [frame for frame in listener.frames if frame.command == "MESSAGE"]
    said = json.loads(frame.body)
    assert said["taskNotificationType"] == "PLEASE_ABORT"
    assert said["taskNotificationExtra"]["taskAbortCause"] == "CONTRIBUTION_TIMEOUT"
    await listener.close()


async def test_a_transaction_whose_answer_is_lost_is_not_paid_twice(house: House) -> None:
    house.owner.faults.lost_answers |= {"initialize", "finalize"}
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await hand.compute(task_id)
    await hand.contribute(task_id)
    await house.until_stage(task_id, Stage.CONSENSUS_REACHED)
    await hand.reveal(task_id)
    await house.until_stage(task_id, Stage.RESULT_UPLOADING)
    await hand.upload(task_id)
    await house.until_stage(task_id, Stage.COMPLETED)
    sent = [name for name, _ in house.ledger.sent]
    assert (sent.count("initialize"), sent.count("finalize")) == (1, 1)


async def test_a_worker_has_as_many_tasks_as_it_has_places(house: House) -> None:
    await house.open()
    hand = await house.hand(cpuNb=2)
    tasks = house.place(volume=3)
    await house.until(lambda: all(house.stage(each) is Stage.INITIALIZED for each in tasks))
    first, second = await hand.ask_until(), await hand.ask_until()
    await house.let_pass(5)
    assert await hand.ask() is None
    assert (await hand.call("GET", "/workers/computing")).json == sorted((first, second))
    await hand.compute(first)
    await house.let_pass(5)
    assert await hand.ask() in {*tasks} - {first, second}

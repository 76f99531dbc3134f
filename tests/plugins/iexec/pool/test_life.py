"""The whole life of tasks with workers that do what they are told."""

from __future__ import annotations

from edgepi_iexec.chain.model import TaskStatus
from edgepi_iexec.pool.model import Stage
from tests.plugins.iexec.pool.house import House


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
    assert house.stages(task_id) == [
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
    assert (paid.stake_nrlc, paid.locked_nrlc) == (1000 * 10**9 + 990, 0)

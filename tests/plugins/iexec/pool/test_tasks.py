"""A task from its deal to its end, and every way that it can go wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from edgepi.testing.clock import ManualClock
from edgepi_iexec.chain.model import TaskStatus
from edgepi_iexec.pool import deals
from edgepi_iexec.protocol.links import result_link
from tests.plugins.iexec.pool.scene import Scene, digest_of, receipt_of, zip_of

LIE = digest_of("2.71828\n")


@pytest.fixture
async def scene(manual_clock: ManualClock, tmp_path: Path) -> AsyncIterator[Scene]:
    async with ClientSession() as session:
        made = Scene(manual_clock, tmp_path / "pool", session)
        await made.open()
        yield made
        await made.close()


async def test_a_task_of_one_worker_is_computed_uploaded_finalised_and_paid(scene: Scene) -> None:
    task_id = await scene.ordered()
    hand = await scene.hands[0].join()
    before = scene.ledger.account(hand.wallet).stake_nrlc
    assert await hand.ask() == task_id
    assert (await hand.compute(task_id)).json == "PLEASE_CONTRIBUTE_AND_FINALIZE"
    await hand.say(task_id, "CONTRIBUTING")
    receipt = await hand.contribute(task_id, digest_of())
    assert (await hand.say(task_id, "CONTRIBUTED", **receipt_of(receipt))).json == "PLEASE_WAIT"
    await scene.until(lambda: scene.stage(task_id) == "CONSENSUS_REACHED")
    assert scene.task(task_id).consensus_block == receipt.block_number
    assert (await hand.revealed(task_id)).json == "PLEASE_WAIT"
    await scene.until(lambda: scene.stage(task_id) == "RESULT_UPLOADING")
    assert scene.share(task_id, hand).status == "RESULT_UPLOAD_REQUESTED"
    assert (await hand.uploaded(task_id)).json == "PLEASE_WAIT"
    await scene.until(lambda: scene.stage(task_id) == "COMPLETED")
    chain = await scene.owner.task(task_id)
    assert chain.status is TaskStatus.COMPLETED
    location = json.loads(chain.results)["location"]
    assert (await scene.call("GET", location)).body == zip_of()
    assert (await hand.completed(task_id)).json == "PLEASE_WAIT"
    assert scene.ledger.account(hand.wallet).stake_nrlc - before == 990
    shown = (await scene.call("GET", f"/tasks/{task_id}")).json
    assert shown["currentStatus"] == "COMPLETED"
    assert [one["status"] for one in shown["dateStatusList"]] == [
        "RECEIVED",
        "INITIALIZING",
        "INITIALIZED",
        "RUNNING",
        "CONSENSUS_REACHED",
        "AT_LEAST_ONE_REVEALED",
        "RESULT_UPLOADING",
        "RESULT_UPLOADED",
        "FINALIZING",
        "FINALIZED",
        "COMPLETED",
    ]


async def test_one_transaction_is_enough_where_one_worker_is_trusted(scene: Scene) -> None:
    task_id = await scene.ordered()
    hand = await scene.hands[0].join()
    await hand.ask()
    await hand.compute(task_id)
    assert (await hand.say(task_id, "CONTRIBUTE_AND_FINALIZE_ONGOING")).json == "PLEASE_CONTINUE"
    place = (await hand.upload(task_id)).text
    link = result_link(place)
    receipt = await hand.chain.contribute_and_finalize(
        task_id,
        digest_of(),
        link.encode(),
        b"",
        "0x" + "00" * 20,
        hand.authorizations[task_id]["signature"]["value"],
    )
    said = await hand.say(task_id, "CONTRIBUTE_AND_FINALIZE_DONE", resultLink=link, **receipt_of(receipt))
    assert (said.status, said.json) == (200, "PLEASE_WAIT")
    await scene.until(lambda: scene.stage(task_id) == "COMPLETED")
    assert scene.task(task_id).result_link == link
    assert (await hand.completed(task_id)).json == "PLEASE_WAIT"


async def test_three_who_agree_outvote_one_who_lies(scene: Scene) -> None:
    task_id = await scene.ordered(trust=3)
    honest, liar, other, third = [await hand.join() for hand in scene.hands[:4]]
    assert await liar.ask() == task_id
    assert await honest.ask_now() == task_id
    assert await other.ask_now() is None  # two would be enough if they agreed
    await liar.contributed(task_id, LIE)
    await honest.contributed(task_id)
    assert await other.ask() == task_id
    await other.contributed(task_id)
    assert await third.ask_now() == task_id
    await third.contributed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "CONSENSUS_REACHED")
    assert (await liar.say(task_id, "ABORTED", cause="CONSENSUS_REACHED")).status == 200
    await honest.revealed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "RESULT_UPLOADING")
    await honest.uploaded(task_id)
    await scene.rest(12)
    assert scene.stage(task_id) == "RESULT_UPLOADED"  # finalised when all winners have revealed
    await other.revealed(task_id)
    await third.revealed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "COMPLETED")
    assert scene.ledger.account(liar.wallet).stake_nrlc < scene.ledger.account(other.wallet).stake_nrlc


async def test_what_a_worker_did_and_did_not_say_is_seen_on_the_chain(scene: Scene) -> None:
    task_id = await scene.ordered()
    hand = await scene.hands[0].join()
    await hand.ask()
    await hand.compute(task_id)
    await hand.say(task_id, "CONTRIBUTING")
    await hand.contribute(task_id, digest_of())
    await scene.rest(5)
    assert scene.stage(task_id) == "RUNNING"  # it may be about to say so
    await scene.until(lambda: scene.stage(task_id) == "CONSENSUS_REACHED")
    assert (await hand.say(task_id, "CONTRIBUTED")).status == 208
    await hand.say(task_id, "REVEALING")
    await hand.chain.reveal(task_id, digest_of())
    await scene.until(lambda: scene.stage(task_id) == "RESULT_UPLOADING")
    await hand.upload(task_id)
    await scene.rest(130, 10.0)
    await hand.ping()
    await scene.until(lambda: scene.stage(task_id) == "COMPLETED")  # the result is there: no word is needed
    assert scene.share(task_id, hand).standing == "RESULT_UPLOAD_REQUESTED"


async def test_a_contribution_that_is_not_on_the_chain_is_not_believed(scene: Scene) -> None:
    task_id = await scene.ordered()
    hand = await scene.hands[0].join()
    await hand.ask()
    await hand.compute(task_id)
    await hand.say(task_id, "CONTRIBUTING")
    said = await hand.say(task_id, "CONTRIBUTED", chainReceipt={"blockNumber": 1, "txHash": "0x" + "11" * 32})
    assert (said.status, said.json) == (202, "PLEASE_ABORT")
    assert scene.share(task_id, hand).status == "CONTRIBUTING"


async def test_nobody_is_sent_away_while_the_pools_node_lags(scene: Scene) -> None:
    task_id = await scene.ordered()
    hand = await scene.hands[0].join()
    await hand.ask()
    await hand.compute(task_id)
    await hand.say(task_id, "CONTRIBUTING")
    scene.owner.faults.lag = scene.ledger.state.copy()
    receipt = await hand.contribute(task_id, digest_of())
    far = {"chainReceipt": {"blockNumber": receipt.block_number + 1000, "txHash": receipt.tx_hash}}
    assert (await hand.say(task_id, "CONTRIBUTED", **far)).status == 503
    scene.owner.faults.lag = None
    assert (await hand.say(task_id, "CONTRIBUTED", **receipt_of(receipt))).status == 200


async def test_who_does_not_upload_is_asked_no_more_and_another_is(scene: Scene) -> None:
    task_id = await scene.ordered(trust=3)
    hands = [await hand.join() for hand in scene.hands[:2]]
    for hand in hands:
        assert await hand.ask_now() == task_id
        await hand.contributed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "CONSENSUS_REACHED")
    for hand in hands:
        await hand.revealed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "RESULT_UPLOADING")
    asked = next(hand for hand in hands if hand.wallet == scene.task(task_id).uploader)
    other = next(hand for hand in hands if hand is not asked)
    for _ in range(14):
        await scene.rest(10, 10.0)
        for hand in hands:
            await hand.ping()
    assert scene.task(task_id).uploader == other.wallet
    assert scene.share(task_id, asked).status == "RESULT_UPLOAD_FAILED"
    assert (await asked.say(task_id, "RESULT_UPLOADED", resultLink="x")).status == 202
    await other.uploaded(task_id)
    await scene.until(lambda: scene.stage(task_id) == "COMPLETED")


async def test_a_task_that_nobody_reveals_is_reopened_and_given_to_others(scene: Scene) -> None:
    task_id = await scene.ordered()
    silent, other = [await hand.join() for hand in scene.hands[:2]]
    await silent.ask()
    await silent.contributed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "CONSENSUS_REACHED")
    await scene.rest(620, 20.0)
    await scene.until(lambda: scene.stage(task_id) == "REOPENED")
    assert scene.share(task_id, silent).status == "FAILED"
    await other.ping()
    assert await other.ask() == task_id
    await other.contributed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "CONSENSUS_REACHED")
    await other.revealed(task_id)
    await scene.until(lambda: scene.stage(task_id) == "RESULT_UPLOADING")
    await other.uploaded(task_id)
    await scene.until(lambda: scene.stage(task_id) == "COMPLETED")


async def test_a_task_that_nobody_computes_is_given_up_and_claimed_for_its_requester(scene: Scene) -> None:
    before = scene.ledger.account(scene.requester.address)
    task_id = await scene.ordered()
    hand = await scene.hands[0].join()
    await hand.ask()
    await hand.say(task_id, "STARTING")
    await scene.rest(7 * 300 + 20, 30.0)
    await scene.until(lambda: scene.stage(task_id) == "CONTRIBUTION_TIMEOUT")
    await hand.ping()
    assert await hand.ask() is None
    await scene.rest(3 * 300, 30.0)
    await scene.until(lambda: scene.ledger.state.tasks[task_id].status is TaskStatus.FAILED)
    await scene.until(lambda: scene.stage(task_id) in {"FAILED", ""})
    assert scene.ledger.account(scene.requester.address) == before
    assert (await scene.call("GET", f"/tasks/{task_id}")).json["currentStatus"] == "FAILED"
    assert (await hand.say(task_id, "STARTED")).json == "PLEASE_ABORT"


async def test_what_was_never_initialised_is_claimed_too(scene: Scene) -> None:
    await scene.close()
    placed = scene.order()
    scene.clock.step_wall(11 * 300)
    await scene.open()
    task_id = placed.task_ids[0]
    await scene.until(lambda: "initialize_and_claim" in [name for name, _ in scene.ledger.sent])
    await scene.until(lambda: scene.stage(task_id) in {"FAILED", ""})


async def test_a_lost_worker_leaves_its_task_to_another(scene: Scene) -> None:
    task_id = await scene.ordered()
    lost, other = [await hand.join() for hand in scene.hands[:2]]
    await lost.ask()
    await lost.say(task_id, "STARTING")
    await scene.rest(50, 10.0)
    await other.ping()
    assert await other.ask() is None
    await scene.rest(20, 10.0)
    assert scene.share(task_id, lost).status == "WORKER_LOST"
    assert await other.ask() == task_id
    assert (await lost.say(task_id, "STARTED")).json == "PLEASE_DOWNLOAD_APP"  # it is back


async def test_an_initialisation_that_a_reorganisation_took_away_is_sent_again(scene: Scene) -> None:
    placed = scene.order()
    mark = scene.ledger.state.copy()
    task_id = placed.task_ids[0]
    await scene.until(lambda: scene.stage(task_id) == "INITIALIZED")
    block, block_s = scene.ledger.state.block, scene.ledger.state.block_s
    scene.ledger.state = mark
    scene.ledger.state.block, scene.ledger.state.block_s = block, block_s
    await scene.until(lambda: task_id in scene.ledger.state.tasks and scene.stage(task_id) == "INITIALIZED")
    assert [name for name, _ in scene.ledger.sent].count("initialize") == 2


async def test_a_deal_that_a_reorganisation_took_away_is_forgotten(scene: Scene) -> None:
    mark = scene.ledger.state.copy()
    task_id = await scene.ordered()
    block, block_s = scene.ledger.state.block, scene.ledger.state.block_s
    scene.ledger.state = mark
    scene.ledger.state.block, scene.ledger.state.block_s = block, block_s
    await scene.until(lambda: scene.stage(task_id) in {"FAILED", ""})


async def test_deals_from_before_the_pool_started_are_found_batch_by_batch(scene: Scene) -> None:
    await scene.close()
    placed = [scene.order() for _ in range(3)]
    await scene.clock.advance(50)
    placed.append(scene.order(volume=2))
    await scene.open(batch_blocks=7)
    ids = [task_id for each in placed for task_id in each.task_ids]
    await scene.until(lambda: all(scene.stage(task_id) == "INITIALIZED" for task_id in ids))
    assert scene.there.book.figures["dealsCount"] == 4


async def test_a_deal_of_endless_tasks_is_taken_in_pieces(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deals, "MOST_OPEN", 30)
    placed = scene.order(volume=40, pool_price=0)
    await scene.until(lambda: len(scene.there.book.tasks) == 30)
    await scene.rest(5)
    assert len(scene.there.book.tasks) == 30
    assert set(scene.there.book.tasks) <= set(placed.task_ids)


async def test_a_task_for_enclaves_is_not_taken(scene: Scene) -> None:
    scene.order(tag=f"0x{1:064x}")
    task_id = await scene.ordered()
    assert set(scene.there.book.tasks) == {task_id}


async def test_nothing_is_lost_while_the_chains_node_is_away(scene: Scene) -> None:
    task_id = await scene.ordered()
    hand = await scene.hands[0].join()
    scene.owner.faults.down = True
    await scene.rest(5)
    assert (await hand.call("GET", "/replicates/available?blockNumber=9")).status == 503
    assert (await hand.ping()).status == 200
    scene.owner.faults.down = False
    await scene.rest(3)
    assert await hand.ask() == task_id

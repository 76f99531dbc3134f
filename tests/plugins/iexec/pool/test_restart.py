"""A pool that ends at any stage and goes on from what is on disk and on the chain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from edgepi_iexec.chain.model import TaskStatus
from edgepi_iexec.pool.model import Stage
from tests.plugins.iexec.pool.house import TO_COMPUTED, House

STEPS = 10


async def _one_task(house: House, restart_before: int) -> None:
    """Take a task of trust 1 to its end, with a restart before one of the steps."""
    hand = await house.hand()
    (task_id,) = house.place()

    async def wait(*stages: Stage) -> None:
        await house.until_stage(task_id, *stages)
        await house.let_pass(0.5)

    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: wait(Stage.INITIALIZED),
        hand.ask_until,
        lambda: hand.compute(task_id),
        lambda: hand.contribute(task_id),
        lambda: wait(Stage.CONSENSUS_REACHED),
        lambda: hand.reveal(task_id),
        lambda: wait(Stage.RESULT_UPLOADING),
        lambda: hand.upload(task_id),
        lambda: wait(Stage.COMPLETED),
        lambda: hand.complete(task_id),
    ]
    assert len(steps) == STEPS
    for number, step in enumerate(steps):
        if number == restart_before:
            await house.reopen()
            assert (await hand.ping()).status == 200  # nobody has to log in again
        await step()
    assert house.on_chain(task_id) is TaskStatus.COMPLETED
    sent = [name for name, _ in house.ledger.sent]
    assert sent == ["match", "initialize", "contribute", "reveal", "finalize"]


@pytest.mark.parametrize("restart_before", range(STEPS))
async def test_a_task_goes_on_after_a_restart(house: House, restart_before: int) -> None:
    await house.open(contribute_and_finalize=False)
    await _one_task(house, restart_before)


@pytest.mark.parametrize("said", ["STARTING", "APP_DOWNLOADED", "COMPUTING", "COMPUTED", "CONTRIBUTING"])
async def test_what_a_worker_reported_is_known_after_a_restart(house: House, said: str) -> None:
    await house.open(contribute_and_finalize=False)
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    for status in (*TO_COMPUTED, "CONTRIBUTING"):
        await hand.say(task_id, status)
        if status == said:
            break
    await house.reopen()
    assert (await hand.say(task_id, said)) == (208, "PLEASE_WAIT")
    busy = [] if said in {"COMPUTED", "CONTRIBUTING"} else [task_id]
    assert (await hand.call("GET", "/workers/computing")).json == busy


async def test_after_a_restart_workers_have_a_minute_to_show_up(house: House) -> None:
    await house.open()
    hand = await house.hand()
    task_id = await house.order()
    await hand.ask()
    await house.reopen()
    await house.let_pass(50)
    assert house.share(task_id, hand).status == "CREATED"
    await house.let_pass(15)
    assert house.share(task_id, hand).status == "WORKER_LOST"


async def test_a_task_is_not_given_twice_because_the_pool_forgot(house: House) -> None:
    await house.open()
    first, second = await house.hand(1), await house.hand(2)
    task_id = await house.order()
    assert await first.ask() == task_id
    await house.reopen()
    await house.let_pass(5)
    assert await second.ask() is None


async def test_deals_made_while_the_pool_was_away_are_found(house: House) -> None:
    await house.open()
    before = await house.order()
    await house.pool.stop()
    (missed,) = house.place()
    await house.clock.advance(600)
    await house.open()
    await house.until_stage(missed, Stage.INITIALIZED)
    assert house.stage(before) is Stage.INITIALIZED


async def test_a_deadline_that_passed_while_the_pool_was_away_is_noticed(house: House) -> None:
    await house.open()
    task_id = await house.order()
    await house.pool.stop()
    await house.clock.advance(4000)
    await house.open()
    await house.until(lambda: house.on_chain(task_id) is TaskStatus.FAILED)

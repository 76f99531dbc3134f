"""The worker is ended at every single effect, before and after it, and started again."""

from __future__ import annotations

import pytest

from edgepi.model import LeaseState
from edgepi_iexec.chain.model import TaskStatus
from tests.plugins.iexec.worker.house import House
from tests.plugins.iexec.worker.pocketchain import OTHER, WORKER

MODES = {"alone": 50, "many": 50, "at once": 42}
"""How a task goes and at most how many effects a worker has meanwhile."""

WAYS = (("alone", "killed"), ("many", "dark"), ("at once", "dark"))
CUTS = [(mode, way, cut) for mode, way in WAYS for cut in range(1, MODES[mode] + 1)]


async def live(house: House, mode: str) -> str:
    house.ledger.time_ref_s = 600
    house.ledger.needed = 2 if mode == "many" else 1
    house.scheduler.finalize_at_once = mode == "at once"
    task_id = house.ledger.task(trust=3 if mode == "many" else 1)
    house.scheduler.give(task_id)
    await house.up()
    return task_id


def settled(house: House, task_id: str) -> bool:
    return house.ledger.tasks[task_id].status is TaskStatus.COMPLETED and house.over(task_id)


def agree_if_waiting(house: House, task_id: str) -> None:
    mine = house.ledger.contributions.get((task_id, WORKER))
    if mine is not None and (task_id, OTHER) not in house.ledger.contributions:
        house.ledger.contribute(task_id, OTHER, mine.result_hash, mine.result_seal)


async def until_settled(house: House, task_id: str, limit_s: float = 2400.0) -> None:
    passed = 0.0
    while not settled(house, task_id) and not house.life.dead:
        await house.pass_time(10.0)
        if house.ledger.needed > 1 and passed > 300.0:
            agree_if_waiting(house, task_id)
        passed += 10.0
        if passed > limit_s:
            return


@pytest.mark.parametrize("mode", MODES)
async def test_every_effect_of_a_life_is_cut_at(house: House, mode: str) -> None:
    task_id = await live(house, mode)
    await until_settled(house, task_id)
    assert settled(house, task_id)
    assert house.life.count <= MODES[mode], f"raise MODES to {house.life.count}"


@pytest.mark.parametrize(("mode", "way", "cut"), CUTS)
async def test_a_cut_at_any_effect_costs_no_stake_and_no_work_twice(
    house: House, mode: str, way: str, cut: int
) -> None:
    house.life.cut, power = cut, way == "dark"
    task_id = await live(house, mode)
    await until_settled(house, task_id)
    died = house.life.dead
    had_result = any((house.folder / "tasks").rglob("iexec_out.zip")) and _has_digest(house, task_id)
    runs = len(house.sandbox.started)
    await house.die(power=power)
    await house.pass_time(30.0) if not died else None
    await house.up()
    await until_settled(house, task_id)
    seized = house.ledger.seized.get(WORKER, 0)
    assert seized == 0
    assert house.ledger.locked.get(WORKER, 0) == 0, house.story()
    assert house.ledger.sent.count("TaskContribute") <= 2  # one of them another worker's
    assert house.ledger.sent.count("TaskReveal") <= 1
    if had_result or not power:
        assert len(house.sandbox.started) <= max(runs, 1)
    record = house.journal.records.get(task_id)
    assert record is None or record.ended_utc is not None, house.story()
    if record is not None and (had_result or not power):
        assert record.outcome == "completed", house.story()
    open_leases = [lease for lease in house.budget.leases.open if not lease.offer.standing]
    assert not open_leases
    assert all(lease.state is not LeaseState.COMMITTED for lease in house.budget.leases.open)


def _has_digest(house: House, task_id: str) -> bool:
    record = house.journal.records.get(task_id)
    return record is not None and record.data.get("digest") is not None

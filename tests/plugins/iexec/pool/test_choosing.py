"""Who gets which task: by need, by deadline, and by the energy that workers have to spare."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from edgepi_iexec.pool.choosing import PASSES, Asker, busy, stands_back, wants_workers
from edgepi_iexec.pool.model import PoolTask, Replicate, Stage
from edgepi_iexec.pool.presence import Presence
from edgepi_iexec.pool.wanting import Wanting
from edgepi_iexec.protocol.statuses import ReplicateStatus as S
from tests.plugins.iexec.pool.house import Hand, House
from tests.plugins.iexec.pool.records import GPU, NOW, SOON, TEE, share, task


def wants(one: PoolTask, *shares: Replicate, now_utc: datetime = SOON, chain_utc: datetime = SOON) -> bool:
    return wants_workers(one, {each.wallet: each for each in shares}, now_utc, chain_utc)


def test_a_new_task_wants_a_worker_and_with_one_at_work_no_other() -> None:
    assert wants(task())
    assert not wants(task(), share(1))
    assert not wants(task(), share(1, S.STARTING, S.COMPUTED))


@pytest.mark.parametrize(
    "gone", [S.ABORTED, S.START_FAILED, S.COMPUTE_FAILED, S.CONTRIBUTE_FAILED, S.FAILED, S.WORKER_LOST]
)
def test_who_is_out_leaves_its_place_to_another(gone: S) -> None:
    assert wants(task(), share(1, S.STARTING, gone))


def test_who_is_back_counts_again() -> None:
    assert not wants(task(), share(1, S.COMPUTING, S.WORKER_LOST, S.RECOVERING))


def test_who_takes_longer_than_the_category_counts_no_more() -> None:
    late = NOW + timedelta(seconds=301)
    assert wants(task(), share(1, S.COMPUTING), now_utc=late)
    assert not wants(task(), share(1, S.COMPUTING, contribution="0xaa"), now_utc=late)


@pytest.mark.parametrize(
    ("trust", "needed"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4)]
)
def test_so_many_workers_are_asked_that_would_agree(trust: int, needed: int) -> None:
    asked = 0
    while wants(task(trust=trust), *(share(number) for number in range(asked))):
        asked += 1
    assert asked == needed


def test_after_a_lie_more_are_asked() -> None:
    one = task(trust=3, stage=Stage.RUNNING)
    lie, truth = share(1, S.CONTRIBUTED, contribution="0xbad"), share(2, S.CONTRIBUTED, contribution="0x900d")
    assert wants(one, lie, truth)
    assert wants(one, lie, truth, share(3))
    assert not wants(one, lie, truth, share(3), share(4))


def test_a_contribution_that_the_chain_rejected_counts_no_more() -> None:
    assert wants(task(stage=Stage.REOPENED), share(1, S.CONTRIBUTED, contribution="0xaa", rejected=True))


@pytest.mark.parametrize("stage", sorted(set(Stage) - {Stage.INITIALIZED, Stage.RUNNING, Stage.REOPENED}))
def test_outside_its_time_a_task_wants_nobody(stage: Stage) -> None:
    assert not wants(task(stage=stage))


def test_after_its_deadline_or_for_an_enclave_a_task_wants_nobody() -> None:
    assert not wants(task(), chain_utc=NOW + timedelta(seconds=2100))
    assert not wants(task(tag=TEE))


@pytest.mark.parametrize(
    ("statuses", "taken"),
    [
        ((), True),
        ((S.STARTING, S.COMPUTING), True),
        ((S.COMPUTING, S.RECOVERING), True),
        ((S.COMPUTING, S.COMPUTED), False),
        ((S.APP_DOWNLOADING, S.APP_DOWNLOAD_FAILED), False),
        ((S.COMPUTING, S.WORKER_LOST), False),
        ((S.ABORTED,), False),
    ],
)
def test_a_place_is_taken_until_the_work_is_computed_or_over(statuses: tuple[S, ...], taken: bool) -> None:
    assert busy(share(1, *statuses)) is taken


def test_running_tasks_come_first_then_those_whose_deadline_is_near() -> None:
    found = Wanting()
    late, near = task(1), task(2, contribution_deadline_utc=SOON)  # late is first where both run
    running, gpu = task(3, Stage.RUNNING), task(4, Stage.RUNNING, tag=GPU, contribution_deadline_utc=SOON)
    for each in (late, near, running, gpu):
        found.put(each, 0.0)
    assert list(found.in_order(gpu=False)) == [running, near, late]
    assert list(found.in_order(gpu=True)) == [gpu, running, near, late]
    found.put(late.at(Stage.RUNNING, NOW), 5.0)
    assert [each.index for each in found.in_order(gpu=False)] == [1, 3, 2]
    assert found.since_s(late.task_id) == 0.0
    for each in (late, near, running, gpu):
        found.drop(each.task_id)
    assert not found
    assert list(found.in_order(gpu=True)) == []


DARK, SUNNY = Asker("0xd", 0.1), Asker("0xs", 0.9)


def back(asker: Asker, *others: Asker, waited_s: float = 0.0, shares: tuple[str, ...] = ()) -> bool:
    taken = {wallet: share(1) for wallet in shares}
    return stands_back(asker, others, taken, waited_s=waited_s, patience_s=8.0)


def test_who_has_little_energy_leaves_a_task_to_who_has_plenty() -> None:
    assert back(DARK, SUNNY)
    assert not back(SUNNY, DARK)
    assert not back(DARK)
    assert not back(DARK, Asker("0xe", 0.15))


def test_of_workers_alike_the_one_with_much_more_in_store_comes_first() -> None:
    low, high = Asker("0xl", 0.5, energy_wh=10.0), Asker("0xh", 0.5, energy_wh=30.0)
    assert back(low, high)
    assert not back(high, low)
    assert not back(
        Asker("0xj", 0.5), high
    )  # who says nothing of its energy, as other workers, is not put behind


def test_nobody_waits_for_one_that_has_had_the_task() -> None:
    assert not back(DARK, SUNNY, shares=("0xs",))


def test_no_task_waits_for_ever_and_nobody_stands_back_for_ever() -> None:
    assert not back(DARK, SUNNY, waited_s=8.0)
    assert not back(replace(DARK, passed=PASSES), SUNNY)


@pytest.mark.parametrize(
    ("said", "surplus"),
    [
        ("0.7", 0.7),
        ("7", 1.0),
        ("-1", 0.0),
        ("nan", 0.5),
        ("inf", 0.5),
        ("x", 0.5),
        ("1" * 50, 0.5),
        ("", 0.5),
    ],
)
def test_what_workers_say_of_their_energy_is_kept_within_bounds(said: str, surplus: float) -> None:
    presence = Presence(lambda: 0.0, lost_after_s=60.0, ask_s=5.0)
    presence.ping("0xa", {"X-EdgePi-Surplus": said})
    assert presence.asker("0xa").surplus == surplus


async def _ask_all(house: House, *hands: tuple[Hand, float]) -> list[Hand]:
    """Have all ask in turn; returns who got a task."""
    return [hand for hand, surplus in hands if await hand.ask(surplus) is not None]


async def test_the_sunny_worker_gets_the_task_though_the_dark_one_asks_first(house: House) -> None:
    await house.open()
    dark, sunny = await house.hand(1), await house.hand(2)
    assert await _ask_all(house, (dark, 0.1), (sunny, 0.9)) == []
    await house.order()
    await house.let_pass(4)
    assert await _ask_all(house, (dark, 0.1), (sunny, 0.9)) == [sunny]


async def test_the_dark_worker_gets_it_when_the_sunny_one_does_not_come(house: House) -> None:
    await house.open()
    dark, sunny = await house.hand(1), await house.hand(2)
    await _ask_all(house, (dark, 0.1), (sunny, 0.9))
    await house.order()
    await house.let_pass(4)
    assert await dark.ask(0.1) is None
    await house.let_pass(5)
    assert await dark.ask(0.1) is not None


async def test_nobody_is_starved_by_who_always_has_more(house: House) -> None:
    await house.open(lost_after_s=10_000)
    dark, sunny = await house.hand(1), await house.hand(2, cpuNb=64)
    await _ask_all(house, (dark, 0.1), (sunny, 0.9))
    for _ in range(12):
        await house.order()
        await house.let_pass(4.5)
        if dark in await _ask_all(house, (dark, 0.1), (sunny, 0.9)):
            return
    raise AssertionError("the dark worker never got a task")


async def test_a_task_too_dear_for_a_worker_holds_up_none_behind_it(house: House) -> None:
    await house.open()
    hand = await house.hand()
    house.ledger.fund(house.requester.address, stake_nrlc=10**15)
    house.ledger.fund(house.owner.address, stake_nrlc=10**15)
    await house.order(pool_price=10**14)
    cheap = await house.order()
    assert await hand.ask() == cheap


def test_among_thousands_the_first_few_hundred_are_looked_at() -> None:
    presence = Presence(lambda: 0.0, lost_after_s=60.0, ask_s=5.0)
    for number in range(3000):
        presence.asks(f"{number}", {"X-EdgePi-Surplus": str(number / 3000)}, 4.5)
    ranked = presence.ranking(lambda wallet: int(wallet) % 2 == 0)
    assert [each.wallet for each in ranked[:2]] == ["2998", "2996"]
    assert 10 < len(ranked) < 500

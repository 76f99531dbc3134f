"""What happens to tasks, money and scores: the same on the double and with the real contracts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edgepi.errors import ChainError, TransactionError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import ZERO_ADDRESS, ZERO_HASH, ContributionStatus, TaskStatus
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.ids import result_hash, result_seal
from tests.plugins.iexec.chain.stage import DIGEST, OTHER, Stage, contribute, opened

LINK = b'{ "storage": "ipfs", "location": "/ipfs/x" }'


class Purses:
    """What a few accounts have gained since."""

    def __init__(self, chain: Chain, addresses: tuple[str, ...]) -> None:
        self._chain = chain
        self._addresses = addresses
        self._before: list[tuple[int, int]] = []

    async def _now(self) -> list[tuple[int, int]]:
        accounts = [await self._chain.account(address) for address in self._addresses]
        return [(a.stake_nrlc, a.locked_nrlc) for a in accounts]

    async def begin(self) -> Purses:
        self._before = await self._now()
        return self

    async def gained(self) -> list[tuple[int, int]]:
        pairs = zip(await self._now(), self._before, strict=True)
        return [(now[0] - then[0], now[1] - then[1]) for now, then in pairs]


async def purses(stage: Stage, *workers: Chain) -> Purses:
    """The requester's, the pool owner's, the workers'."""
    names = (stage.requester, stage.owner.address, *(worker.address for worker in workers))
    return await Purses(stage.owner, names).begin()


async def test_one_worker_is_enough_for_trust_1(stage: Stage) -> None:
    worker = stage.worker(0)
    money = await purses(stage, worker)
    task_id = await opened(stage, pool_price=1000)
    assert await money.gained() == [(-1000, 1000), (-300, 300), (0, 0)]
    task = await worker.task(task_id)
    deal = await worker.deal(task.deal_id)
    time_s = (await worker.category(deal.category)).time_ref_s
    assert (task.status, task.time_ref_s) == (TaskStatus.ACTIVE, time_s)
    assert task.contribution_deadline_utc == deal.start_utc + timedelta(seconds=7 * time_s)
    assert task.final_deadline_utc == deal.start_utc + timedelta(seconds=10 * time_s)
    assert task.reveal_deadline_utc is None

    receipt = await contribute(stage, worker, task_id)
    names = [event.name for event in receipt.events if event.name.startswith("Task")]
    assert names == ["TaskContribute", "TaskConsensus"]
    assert await money.gained() == [(-1000, 1000), (-300, 300), (-300, 300)]
    task = await worker.task(task_id)
    assert (task.status, task.winner_count, task.reveal_count) == (TaskStatus.REVEALING, 1, 0)
    assert (task.consensus, task.contributors) == (result_hash(task_id, DIGEST), (worker.address,))

    await worker.reveal(task_id, DIGEST)
    await stage.owner.finalize(task_id, LINK, b"")
    assert await money.gained() == [(-1000, 0), (10, 0), (990, 0)]
    task = await worker.task(task_id)
    assert (task.status, task.results, task.result_digest) == (TaskStatus.COMPLETED, LINK, DIGEST)
    assert await worker.score(worker.address) == 0


async def test_of_three_the_one_that_lies_pays_the_others(stage: Stage) -> None:
    liar, *honest = (stage.worker(number) for number in range(4))
    money = await purses(stage, liar, *honest)
    task_id = await opened(stage, trust=3, pool_price=1000)
    await contribute(stage, liar, task_id, OTHER)
    took_part = []
    for worker in honest:
        if (await stage.owner.task(task_id)).status is TaskStatus.ACTIVE:
            await contribute(stage, worker, task_id)
            took_part.append(worker)
    assert len(took_part) == 3
    with pytest.raises(TransactionError):
        await liar.reveal(task_id, OTHER)
    for worker in took_part:
        await worker.reveal(task_id, DIGEST)
    await stage.owner.finalize(task_id, LINK, b"")
    # Price and the liar's stake, less a hundredth, in three; what does not divide is the pool's.
    assert await money.gained() == [(-1000, 0), (13, 0), (-300, 0), *[(429, 0)] * 3]
    found = await liar.contribution(task_id, liar.address)
    assert (found.status, found.weight) == (ContributionStatus.CONTRIBUTED, 1)
    scores = [await liar.score(worker.address) for worker in (liar, *took_part)]
    assert scores == [0, 1, 1, 1]


async def test_two_that_agree_are_enough_for_trust_3(stage: Stage) -> None:
    first, second = stage.worker(0), stage.worker(1)
    task_id = await opened(stage, trust=3)
    await contribute(stage, first, task_id)
    assert (await first.task(task_id)).status is TaskStatus.ACTIVE
    await contribute(stage, second, task_id)
    assert (await first.task(task_id)).winner_count == 2


async def test_who_does_not_reveal_pays_who_does(stage: Stage) -> None:
    quick, silent = stage.worker(0), stage.worker(1)
    money = await purses(stage, quick, silent)
    task_id = await opened(stage, trust=3, pool_price=1000)
    await contribute(stage, quick, task_id)
    await contribute(stage, silent, task_id)
    await quick.reveal(task_id, DIGEST)
    with pytest.raises(TransactionError):  # not all have revealed, and there is time
        await stage.owner.finalize(task_id, LINK, b"")
    await stage.pass_time(2 * (await quick.task(task_id)).time_ref_s)
    with pytest.raises(TransactionError):  # too late
        await silent.reveal(task_id, DIGEST)
    await stage.owner.finalize(task_id, LINK, b"")
    assert await money.gained() == [(-1000, 0), (13, 0), (1287, 0), (-300, 0)]
    scores = [await quick.score(each.address) for each in (quick, silent)]
    assert scores == [1, 0]


async def test_a_task_that_nobody_reveals_is_reopened_without_those_who_were_silent(stage: Stage) -> None:
    silent, other = stage.worker(0), stage.worker(1)
    task_id = await opened(stage)
    await contribute(stage, silent, task_id)
    with pytest.raises(TransactionError):
        await stage.owner.reopen(task_id)
    await stage.pass_time(2 * (await silent.task(task_id)).time_ref_s)
    with pytest.raises(TransactionError):
        await other.reopen(task_id)
    receipt = await stage.owner.reopen(task_id)
    assert [event.name for event in receipt.events] == ["TaskReopen"]
    task = await silent.task(task_id)
    assert (task.status, task.consensus, task.winner_count) == (TaskStatus.ACTIVE, ZERO_HASH, 0)
    assert task.reveal_deadline_utc is None
    found = await silent.contribution(task_id, silent.address)
    assert found.status is ContributionStatus.REJECTED
    with pytest.raises(TransactionError):
        await contribute(stage, silent, task_id, OTHER)
    await contribute(stage, other, task_id)
    task = await silent.task(task_id)
    assert (task.status, task.winner_count) == (TaskStatus.REVEALING, 1)
    assert task.contributors == (silent.address, other.address)


async def test_a_task_that_is_not_finished_in_time_is_claimed(stage: Stage) -> None:
    worker = stage.worker(0)
    money = await purses(stage, worker)
    task_id = await opened(stage, pool_price=1000)
    await contribute(stage, worker, task_id)
    with pytest.raises(TransactionError):
        await worker.claim(task_id)
    await stage.pass_time(10 * (await worker.task(task_id)).time_ref_s)
    with pytest.raises(TransactionError):
        await worker.reveal(task_id, DIGEST)
    claimed = await worker.claim(task_id)
    assert (await worker.task(task_id)).status is TaskStatus.FAILED
    assert await money.gained() == [(0, 0), (-300, 0), (0, 0)]
    assert (await worker.claim(task_id)).tx_hash == claimed.tx_hash


async def test_a_task_that_nobody_initialised_is_claimed_too(stage: Stage) -> None:
    money = await purses(stage)
    deal_id, (task_id,) = await stage.place(pool_price=1000)
    with pytest.raises(TransactionError):
        await stage.owner.initialize_and_claim(deal_id, 0)
    assert (await stage.owner.task(task_id)).status is TaskStatus.UNSET
    await stage.pass_time(3000)
    claimed = await stage.owner.initialize_and_claim(deal_id, 0)
    assert (await stage.owner.task(task_id)).status is TaskStatus.FAILED
    assert await money.gained() == [(0, 0), (-300, 0)]
    assert (await stage.owner.initialize_and_claim(deal_id, 0)).tx_hash == claimed.tx_hash


async def test_one_transaction_may_do_all_without_a_stake(stage: Stage) -> None:
    worker = stage.worker(0)
    money = await purses(stage, worker)
    task_id = await opened(stage, pool_price=1000)
    signature = await stage.owner.sign_personal(authorization_hash(worker.address, task_id))
    told = (task_id, DIGEST, LINK, b"", ZERO_ADDRESS, signature)
    done = await worker.contribute_and_finalize(*told)
    task = await worker.task(task_id)
    assert (task.status, task.results, task.reveal_count) == (TaskStatus.COMPLETED, LINK, 1)
    found = await worker.contribution(task_id, worker.address)
    assert (found.status, found.weight) == (ContributionStatus.REVEALED, 0)
    assert await money.gained() == [(-1000, 0), (10, 0), (990, 0)]
    assert (await worker.contribute_and_finalize(*told)).tx_hash == done.tx_hash


async def test_what_the_rules_forbid_changes_nothing(stage: Stage) -> None:
    worker, other = stage.worker(0), stage.worker(1)
    money = await purses(stage, worker)
    task_id = await opened(stage, pool_price=1000)
    result, seal = result_hash(task_id, DIGEST), result_seal(worker.address, task_id, DIGEST)
    for_another = await stage.owner.sign_personal(authorization_hash(other.address, task_id))
    by_itself = await worker.sign_personal(authorization_hash(worker.address, task_id))
    for signature in (for_another, by_itself):
        with pytest.raises(TransactionError):
            await worker.contribute(task_id, result, seal, ZERO_ADDRESS, signature)
    with pytest.raises(TransactionError):  # nothing is contributed
        await stage.owner.finalize(task_id, LINK, b"")
    await contribute(stage, worker, task_id)
    for act in (
        worker.reveal(task_id, OTHER),
        stage.owner.finalize(task_id, LINK, b""),
        contribute(stage, other, task_id),
    ):
        with pytest.raises(TransactionError):
            await act
    await worker.reveal(task_id, DIGEST)
    with pytest.raises(TransactionError):  # the pool's owner alone
        await worker.finalize(task_id, LINK, b"")
    with pytest.raises(TransactionError):  # no callback was asked for
        await stage.owner.finalize(task_id, LINK, b"data")
    assert await money.gained() == [(-1000, 1000), (-300, 300), (-300, 300)]


async def test_a_contribution_needs_its_stake_and_its_time(stage: Stage) -> None:
    poor, late = stage.worker(0), stage.worker(1)
    deposit = (await poor.account(poor.address)).stake_nrlc
    await poor.withdraw(deposit - 299)
    task_id = await opened(stage, pool_price=1000)
    with pytest.raises(TransactionError):
        await contribute(stage, poor, task_id)
    await poor.deposit(1)
    await contribute(stage, poor, task_id)
    assert (await poor.account(poor.address)).stake_nrlc == 0
    task_id = await opened(stage)
    await stage.pass_time(7 * (await late.task(task_id)).time_ref_s)
    with pytest.raises(TransactionError):
        await contribute(stage, late, task_id)


async def test_what_was_done_before_is_found_and_not_done_again(stage: Stage) -> None:
    worker = stage.worker(0)
    deal_id, (task_id,) = await stage.place()
    first = [await stage.owner.initialize(deal_id, 0), await contribute(stage, worker, task_id)]
    again = [await stage.owner.initialize(deal_id, 0), await contribute(stage, worker, task_id)]
    with pytest.raises(TransactionError):
        await contribute(stage, worker, task_id, OTHER)
    first.append(await worker.reveal(task_id, DIGEST))
    again.append(await worker.reveal(task_id, DIGEST))
    first.append(await stage.owner.finalize(task_id, LINK, b""))
    again.append(await stage.owner.finalize(task_id, LINK, b""))
    assert [one.tx_hash for one in again] == [one.tx_hash for one in first]
    assert [one.block_number for one in again] == [one.block_number for one in first]


async def test_events_are_found_by_name_and_by_what_is_indexed(stage: Stage) -> None:
    worker, other = stage.worker(0), stage.worker(1)
    before = (await worker.latest_block()).number
    first, second = await opened(stage), await opened(stage)
    await contribute(stage, worker, first)
    await contribute(stage, other, second)
    last = (await worker.latest_block()).number

    async def find(name: str, *topics: str) -> list[dict[str, object]]:
        found = await worker.events(name, from_block=before, to_block=last, topics=topics)
        return [dict(event.arguments) for event in found]

    assert len(await find("SchedulerNotice", stage.pool)) == 2
    mine = {"taskid": first, "worker": worker.address, "hash": result_hash(first, DIGEST)}
    assert await find("TaskContribute", first) == [mine]
    assert await find("TaskContribute", first, worker.address) == [mine]
    assert await find("TaskContribute", first, other.address) == []
    assert await find("TaskConsensus", second) == [
        {"taskid": second, "consensus": result_hash(second, DIGEST)}
    ]
    stakes = [e for e in await find("Lock") if e["owner"] == worker.address]
    assert stakes == [{"owner": worker.address, "amount": 300}]
    assert await worker.events("TaskContribute", from_block=before, to_block=before) == ()
    with pytest.raises(ChainError):  # a node that lags says so, and does not say that there is nothing
        await worker.events("TaskContribute", from_block=before, to_block=last + 100)

"""The client against the real contracts, through its real child process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

import aiohttp
import pytest

from edgepi.clock import SystemClock
from edgepi.errors import ChainError, TransactionError, WalletError
from edgepi.runtime.child import Child
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.link import Key
from edgepi_iexec.chain.model import ZERO_ADDRESS, ContributionStatus, TaskStatus
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.devchain.local import LocalChain
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.ids import result_hash, result_seal
from edgepi_iexec.wallet.keystore import import_key

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

DIGEST = "0x" + "33" * 32
OTHER = "0x" + "44" * 32
Connect = Callable[[Account], ChainClient]


@pytest.fixture
async def connect(devchain: LocalChain) -> AsyncIterator[Connect]:
    clock, made = SystemClock(), []
    session = aiohttp.ClientSession()

    async def shared() -> aiohttp.ClientSession:
        return session

    def make(account: Account) -> ChainClient:
        there = devchain.deployment
        settings = ChainSettings(rpc_urls=(there.rpc_url,), hub=there.hub, free_gas=True)
        client = ChainClient(
            settings,
            key=Key(import_key(account.private_key, "pass"), "pass"),
            child=partial(Child, clock=clock, log=logging.getLogger("test")),
            session=shared,
            clock=clock,
        )
        made.append(client)
        return client

    yield make
    await asyncio.gather(*(client.close() for client in made))
    await session.close()


async def placed(devchain: LocalChain, pool: ChainClient, **values: object) -> tuple[str, str]:
    """Place a deal of one task and initialise it."""
    app = await asyncio.to_thread(devchain.market.create_app, "demo:1", "0x" + "11" * 32)
    deal = await asyncio.to_thread(partial(devchain.market.place, app, **values))  # type: ignore[arg-type]
    await pool.initialize(deal.deal_id, 0)
    return deal.deal_id, deal.task_ids[0]


async def authorize(pool: ChainClient, worker: ChainClient, task_id: str) -> str:
    return await pool.sign_personal(authorization_hash(worker.address, task_id, ZERO_ADDRESS))


async def contribute(pool: ChainClient, worker: ChainClient, task_id: str, digest: str = DIGEST) -> str:
    signature = await authorize(pool, worker, task_id)
    seal = result_seal(worker.address, task_id, digest)
    receipt = await worker.contribute(task_id, result_hash(task_id, digest), seal, ZERO_ADDRESS, signature)
    assert receipt.block_number > 0
    return receipt.tx_hash


async def test_a_task_of_one_worker_goes_from_deal_to_payment(devchain: LocalChain, connect: Connect) -> None:
    pool, worker = connect(devchain.deployment.account("pool")), connect(devchain.deployment.workers[0])
    before = await worker.account(worker.address)
    deal_id, task_id = await placed(devchain, pool, pool_price=1000)
    deal, task = await worker.deal(deal_id), await worker.task(task_id)
    assert deal.workerpool.pointer == devchain.deployment.pool
    assert (deal.trust, deal.bot_size, deal.worker_stake_nrlc) == (1, 1, 300)
    assert (await worker.app(deal.app.pointer)).image == "demo:1"
    assert (task.status, task.deal_id, task.index) == (TaskStatus.ACTIVE, deal_id, 0)
    assert task.time_ref_s == (await worker.category(deal.category)).time_ref_s

    await contribute(pool, worker, task_id)
    task = await worker.task(task_id)
    assert (task.status, task.winner_count) == (TaskStatus.REVEALING, 1)
    assert task.consensus == result_hash(task_id, DIGEST)
    revealed = await worker.reveal(task_id, DIGEST)
    assert [event.name for event in revealed.events] == ["TaskReveal"]
    await pool.finalize(task_id, b'{ "storage": "ipfs" }', b"")

    task = await worker.task(task_id)
    assert (task.status, task.results) == (TaskStatus.COMPLETED, b'{ "storage": "ipfs" }')
    after = await worker.account(worker.address)
    assert (after.stake_nrlc - before.stake_nrlc, after.locked_nrlc) == (990, 0)
    notices = await pool.events(
        "SchedulerNotice",
        from_block=0,
        to_block=(await pool.latest_block()).number,
        topics=[devchain.deployment.pool],
    )
    assert [notice.arguments["dealid"] for notice in notices] == [deal_id]


async def test_what_was_done_in_an_earlier_life_is_found_and_not_sent_again(
    devchain: LocalChain, connect: Connect
) -> None:
    pool, worker = connect(devchain.deployment.account("pool")), connect(devchain.deployment.workers[0])
    _, task_id = await placed(devchain, pool)
    tx_hash = await contribute(pool, worker, task_id)
    assert await contribute(pool, worker, task_id) == tx_hash
    with pytest.raises(TransactionError, match="another result"):
        await contribute(pool, worker, task_id, OTHER)
    revealed = await worker.reveal(task_id, DIGEST)
    assert (await worker.reveal(task_id, DIGEST)).tx_hash == revealed.tx_hash
    final = await pool.finalize(task_id, b"link", b"")
    assert (await pool.finalize(task_id, b"link", b"")).tx_hash == final.tx_hash


async def test_of_three_workers_the_one_that_lies_loses_its_stake(
    devchain: LocalChain, connect: Connect
) -> None:
    pool, *workers = (
        connect(a) for a in (devchain.deployment.account("pool"), *devchain.deployment.workers[:3])
    )
    _, task_id = await placed(devchain, pool, trust=3, pool_price=1000)
    liar, *honest = workers
    before = await liar.account(liar.address)
    await contribute(pool, liar, task_id, OTHER)
    for worker in honest:
        await contribute(pool, worker, task_id)
    if (await pool.task(task_id)).status is TaskStatus.ACTIVE:
        third = connect(devchain.deployment.workers[3])
        await contribute(pool, third, task_id)
        honest.append(third)
    assert (await pool.task(task_id)).status is TaskStatus.REVEALING
    with pytest.raises(TransactionError):
        await liar.reveal(task_id, OTHER)
    for worker in honest:
        await worker.reveal(task_id, DIGEST)
    await pool.finalize(task_id, b"link", b"")
    assert (await liar.contribution(task_id, liar.address)).status is ContributionStatus.CONTRIBUTED
    after = await liar.account(liar.address)
    assert before.stake_nrlc - after.stake_nrlc == 300
    assert after.locked_nrlc == 0
    assert await honest[0].score(honest[0].address) == 1


async def test_one_transaction_may_do_all(devchain: LocalChain, connect: Connect) -> None:
    pool, worker = connect(devchain.deployment.account("pool")), connect(devchain.deployment.workers[0])
    _, task_id = await placed(devchain, pool)
    signature = await authorize(pool, worker, task_id)
    await worker.contribute_and_finalize(task_id, DIGEST, b"link", b"", ZERO_ADDRESS, signature)
    assert (await worker.task(task_id)).status is TaskStatus.COMPLETED


async def test_a_task_that_nobody_does_is_claimed(devchain: LocalChain, connect: Connect) -> None:
    pool = connect(devchain.deployment.account("pool"))
    _, task_id = await placed(devchain, pool)
    with pytest.raises(TransactionError):
        await pool.claim(task_id)
    await asyncio.to_thread(devchain.pass_time, 11 * (await pool.category(0)).time_ref_s)
    await pool.claim(task_id)
    assert (await pool.task(task_id)).status is TaskStatus.FAILED


async def test_money_goes_into_the_hub_and_back(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain.deployment.workers[0])
    before, held = await worker.account(worker.address), await worker.rlc_balance(worker.address)
    await worker.withdraw(500)
    assert await worker.rlc_balance(worker.address) == held + 500
    await worker.deposit(200)
    assert (await worker.account(worker.address)).stake_nrlc == before.stake_nrlc - 300
    with pytest.raises(WalletError, match="are to be deposited"):
        await worker.deposit(10**18)
    with pytest.raises(WalletError, match="free in the hub"):
        await worker.withdraw(10**18)


async def test_a_signature_tells_who_signed(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain.deployment.workers[0])
    signature = await worker.sign_personal(b"\1" * 32)
    assert await worker.recover_personal(b"\1" * 32, signature) == worker.address
    assert await worker.recover_personal(b"\2" * 32, signature) != worker.address


async def test_what_idles_needs_no_process_and_a_process_that_dies_is_started_again(
    devchain: LocalChain, connect: Connect
) -> None:
    worker = connect(devchain.deployment.workers[0])
    assert (await worker.latest_block()).number > 0
    assert await worker.chain_id() == devchain.deployment.chain_id
    assert not worker.loaded
    await worker.account(worker.address)
    assert worker.loaded
    await worker.close()
    assert not worker.loaded
    assert (await worker.account(worker.address)).stake_nrlc > 0


async def test_what_is_not_there_is_zeros_or_an_error(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain.deployment.workers[0])
    assert (await worker.deal(DIGEST)).workerpool.pointer == ZERO_ADDRESS
    with pytest.raises(ChainError):
        await worker.app("0x" + "12" * 20)
    assert (await worker.task(DIGEST)).status is TaskStatus.UNSET

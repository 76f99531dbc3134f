"""The client against the real contracts, through its real child process."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from edgepi.errors import ChainError, TransactionError, WalletError
from edgepi_iexec.chain.model import ZERO_ADDRESS, TaskStatus
from edgepi_iexec.devchain.local import LocalChain
from edgepi_iexec.protocol.authorization import authorization_hash
from tests.plugins.iexec.chain.conftest import Connect
from tests.plugins.iexec.chain.stage import DIGEST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def test_money_goes_into_the_hub_and_back(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain, devchain.deployment.workers[0])
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
    worker = connect(devchain, devchain.deployment.workers[0])
    signature = await worker.sign_personal(b"\1" * 32)
    assert await worker.recover_personal(b"\1" * 32, signature) == worker.address
    assert await worker.recover_personal(b"\2" * 32, signature) != worker.address


async def test_what_idles_needs_no_process_and_a_process_that_dies_is_started_again(
    devchain: LocalChain, connect: Connect
) -> None:
    worker = connect(devchain, devchain.deployment.workers[0])
    assert (await worker.latest_block()).number > 0
    assert await worker.chain_id() == devchain.deployment.chain_id
    assert not worker.loaded
    await worker.account(worker.address)
    assert worker.loaded
    await worker.close()
    assert not worker.loaded
    assert (await worker.account(worker.address)).stake_nrlc > 0


async def test_what_is_not_there_is_zeros_or_an_error(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain, devchain.deployment.workers[0])
    assert (await worker.deal(DIGEST)).workerpool.pointer == ZERO_ADDRESS
    with pytest.raises(ChainError):
        await worker.app("0x" + "12" * 20)
    assert (await worker.task(DIGEST)).status is TaskStatus.UNSET


async def test_what_strangers_write_need_not_be_text(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain, devchain.deployment.workers[0])
    market, developer = devchain.market, devchain.deployment.account("developer")
    registry = market._registries["App"]
    bad = b"\xff\xfe\x00"
    told = (developer.address, "NAME", "DOCKER", bad, b"\x11" * 32, b"")
    data = registry.data("createApp", *told).replace(b"NAME".hex(), (bad + b"\xff").hex())
    predicted = registry.data("predictApp", *told).replace(b"NAME".hex(), (bad + b"\xff").hex())
    there = "0x" + (await asyncio.to_thread(devchain.rpc.call, registry.address, predicted)).hex()[-40:]
    await asyncio.to_thread(devchain.rpc.send, developer.address, registry.address, data)
    app = await worker.app(there)
    assert (app.kind, app.owner) == ("DOCKER", developer.address)
    assert "\ufffd" in app.name
    assert "\ufffd" in app.image


async def test_results_that_look_like_an_address_are_bytes(devchain: LocalChain, connect: Connect) -> None:
    owner, worker = (
        connect(devchain, a) for a in (devchain.deployment.account("pool"), devchain.deployment.workers[0])
    )
    app = await asyncio.to_thread(devchain.market.create_app, "demo:1", DIGEST)
    placed = await asyncio.to_thread(devchain.market.place, app)
    await owner.initialize(placed.deal_id, 0)
    task_id = placed.task_ids[0]
    signature = await owner.sign_personal(authorization_hash(worker.address, task_id))
    await worker.contribute_and_finalize(task_id, DIGEST, b"\xaf" * 20, b"", ZERO_ADDRESS, signature)
    assert (await worker.task(task_id)).results == b"\xaf" * 20


async def test_a_transaction_that_the_node_forgot_is_sent_again(
    devchain: LocalChain, connect: Connect
) -> None:
    owner = connect(devchain, devchain.deployment.account("pool"), block_time_s=0.1)
    app = await asyncio.to_thread(devchain.market.create_app, "demo:1", DIGEST)
    placed = await asyncio.to_thread(devchain.market.place, app)
    await asyncio.to_thread(devchain.rpc, "evm_setAutomine", False)
    try:
        sending = asyncio.create_task(owner.initialize(placed.deal_id, 0))
        first = await _waiting(devchain, owner.address)
        await asyncio.to_thread(devchain.rpc, "anvil_dropTransaction", first)
        again = await _waiting(devchain, owner.address)
        assert again == first
        await asyncio.to_thread(devchain.rpc, "evm_mine")
        assert (await sending).tx_hash == first
    finally:
        await asyncio.to_thread(devchain.rpc, "evm_setAutomine", True)


async def test_a_nonce_that_somebody_else_used_is_found_out(devchain: LocalChain, connect: Connect) -> None:
    account = devchain.deployment.account("pool")
    owner = connect(devchain, account, block_time_s=0.1)
    app = await asyncio.to_thread(devchain.market.create_app, "demo:1", DIGEST)
    placed = await asyncio.to_thread(devchain.market.place, app)
    await asyncio.to_thread(devchain.rpc, "evm_setAutomine", False)
    try:
        sending = asyncio.create_task(owner.initialize(placed.deal_id, 0))
        first = await _waiting(devchain, owner.address)
        await asyncio.to_thread(devchain.rpc, "anvil_dropTransaction", first)
        asked = {"from": account.address, "to": account.address, "value": "0x1", "gas": hex(21_000)}
        await asyncio.to_thread(devchain.rpc, "eth_sendTransaction", asked)
        await asyncio.to_thread(devchain.rpc, "evm_mine")
        with pytest.raises(TransactionError, match="took its place"):
            await sending
    finally:
        await asyncio.to_thread(devchain.rpc, "evm_setAutomine", True)
    await owner.initialize(placed.deal_id, 0)
    assert (await owner.task(placed.task_ids[0])).status is TaskStatus.ACTIVE


async def _waiting(devchain: LocalChain, sender: str) -> str:
    """The hash of the transaction that waits to be mined."""
    while True:
        pool = await asyncio.to_thread(devchain.rpc, "txpool_content")
        for address, by_nonce in pool["pending"].items():
            if address.lower() == sender:
                return str(next(iter(by_nonce.values()))["hash"])
        await asyncio.sleep(0.02)


async def test_money_of_the_chains_own_goes_into_the_hub_and_back(
    native_devchain: LocalChain, connect: Connect
) -> None:
    worker = connect(native_devchain, native_devchain.deployment.workers[0])
    before, held = await worker.account(worker.address), await worker.rlc_balance(worker.address)
    await worker.deposit(200)
    assert (await worker.account(worker.address)).stake_nrlc == before.stake_nrlc + 200
    assert await worker.rlc_balance(worker.address) == held - 200
    await worker.withdraw(500)
    assert (await worker.account(worker.address)).stake_nrlc == before.stake_nrlc - 300
    assert await worker.rlc_balance(worker.address) == held + 300
    with pytest.raises(WalletError, match="are to be deposited"):
        await worker.deposit(held * 2)


async def test_a_wrong_password_is_told_as_such(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain, devchain.deployment.workers[0], password="wrong")
    with pytest.raises(WalletError, match="does not open"):
        await worker.sign_raw(b"\1" * 32)


async def test_a_process_that_is_killed_is_started_again(devchain: LocalChain, connect: Connect) -> None:
    worker = connect(devchain, devchain.deployment.workers[0])
    before = await worker.sign_raw(b"\1" * 32)
    child = worker._link._child
    os.kill(child.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    await child._process.wait()  # type: ignore[attr-defined]
    assert not worker.loaded
    assert await worker.sign_raw(b"\1" * 32) == before

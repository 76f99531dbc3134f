from __future__ import annotations

import secrets

import pytest
from eth_account import Account as Signer
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from edgepi.errors import ProtocolError, TransactionError
from edgepi_iexec.devchain.accounts import Account
from edgepi_iexec.devchain.local import LocalChain
from edgepi_iexec.devchain.market import Placed
from edgepi_iexec.devchain.orders import NO_DATASET, new_order

pytestmark = pytest.mark.slow

CHECKSUM = "0x" + "11" * 32
ZERO = "0x" + "00" * 20
ACTIVE, REVEALING, COMPLETED, FAILED = 1, 2, 3, 4


@pytest.fixture(params=["token", "native"])
def chain(request: pytest.FixtureRequest) -> LocalChain:
    found: LocalChain = request.getfixturevalue("devchain" if request.param == "token" else "native_devchain")
    return found


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def contribute(chain: LocalChain, task: str, worker: Account, digest: bytes) -> None:
    told = keccak(raw(worker.address) + raw(task) + raw(ZERO))
    key = chain.deployment.account("pool").private_key
    allowed = bytes(Signer.sign_message(encode_defunct(told), key).signature)
    result, seal = keccak(raw(task) + digest), keccak(raw(worker.address) + raw(task) + digest)
    chain.market.hub.send(worker.address, "contribute", raw(task), result, seal, ZERO, b"", allowed)


def compute(chain: LocalChain, placed: Placed, data: bytes = b"") -> None:
    """Play one worker and the pool to the end of the first task."""
    hub, pool, worker = chain.market.hub, chain.deployment.account("pool"), chain.deployment.workers[0]
    task = placed.task_ids[0]
    digest = keccak(data) if data else secrets.token_bytes(32)
    hub.send(pool.address, "initialize", raw(placed.deal_id), 0)
    contribute(chain, task, worker, digest)
    hub.send(worker.address, "reveal", raw(task), digest)
    hub.send(pool.address, "finalize", raw(task), b"link", data)


def test_a_deal_is_computed_proven_and_paid(chain: LocalChain) -> None:
    market = chain.market
    worker = chain.deployment.workers[0].address
    before = market.hub.call("viewAccount", worker)[0]
    placed = market.place(market.create_app("demo:1", CHECKSUM), pool_price=1000, params={"iexec_args": "7"})
    compute(chain, placed)
    task = market.task(placed.task_ids[0])
    assert (task["status"], task["results"]) == (COMPLETED, b"link")
    assert market.hub.call("viewAccount", worker)[0] - before == 990
    assert market.hub.call("viewDeal", raw(placed.deal_id))[9] == '{"iexec_args":"7"}'


def test_a_deal_has_as_many_tasks_as_were_asked_for(devchain: LocalChain) -> None:
    market = devchain.market
    placed = market.place(market.create_app("demo:1", CHECKSUM), volume=3)
    assert len(set(placed.task_ids)) == 3
    market.hub.send(devchain.deployment.account("pool").address, "initialize", raw(placed.deal_id), 2)
    assert [market.task(task)["status"] for task in placed.task_ids] == [0, 0, ACTIVE]


def test_an_app_that_is_there_already_is_found_again(devchain: LocalChain) -> None:
    first = devchain.market.create_app("demo:1", CHECKSUM)
    assert devchain.market.create_app("demo:1", CHECKSUM) == first
    assert devchain.market.create_app("demo:2", CHECKSUM) != first


def test_a_deal_can_have_a_dataset(devchain: LocalChain) -> None:
    market = devchain.market
    dataset = market.create_dataset("http://127.0.0.1:1/data", CHECKSUM)
    placed = market.place(market.create_app("demo:1", CHECKSUM), dataset=dataset, dataset_price=5)
    assert market.hub.call("viewDeal", raw(placed.deal_id))[1][0] == dataset
    assert market.hub.call("viewDataset", raw(dataset))[2] == b"http://127.0.0.1:1/data"


def test_a_callback_is_called_with_the_result(chain: LocalChain) -> None:
    market, data = chain.market, b"a result of more than thirty-two bytes, so that it spans words"
    callback = market.create_callback()
    placed = market.place(market.create_app("demo:1", CHECKSUM), callback=callback)
    assert int(market.called_back(callback, placed.task_ids[0]), 16) == 0
    compute(chain, placed, data)
    assert market.called_back(callback, placed.task_ids[0]) == "0x" + keccak(data).hex()


def test_a_pool_of_a_stranger_has_its_own_policy(devchain: LocalChain) -> None:
    market = devchain.market
    pool = market.create_pool("another", owner="worker-1", stake_ratio=50, reward_ratio=10)
    app = market.create_app("demo:1", CHECKSUM)
    placed = market.place(app, pool=pool, pool_owner="worker-1", pool_price=1000)
    deal = market.hub.call("viewDeal", raw(placed.deal_id))
    assert (deal[2][0], deal[13], deal[14]) == (pool, 500, 10)


def test_any_wallet_can_be_given_stake_and_money(chain: LocalChain) -> None:
    address = "0x" + secrets.token_hex(20)
    chain.market.fund(address, stake_nrlc=7, eth=1)
    assert chain.market.hub.call("viewAccount", address) == (7, 0)
    assert int(chain.rpc("eth_getBalance", address, "latest"), 16) == 10**18


def test_an_order_that_was_taken_back_is_not_matched(devchain: LocalChain) -> None:
    market, there = devchain.market, devchain.deployment
    app = market.create_app("demo:1", CHECKSUM)
    requester = there.account("requester").address
    offer = new_order("AppOrder", app=app, volume=1)
    work = new_order("WorkerpoolOrder", workerpool=there.pool, volume=1, trust=1)
    request = new_order("RequestOrder", app=app, requester=requester, volume=1, trust=1)
    market.close(offer, "developer")
    signed = market.sign(offer, "developer"), NO_DATASET, market.sign(work, "pool")
    with pytest.raises(TransactionError, match="iExecV5-matchOrders-0x60"):
        market.match(*signed, market.sign(request, "requester"))


def test_what_nobody_finalised_is_claimed(devchain: LocalChain) -> None:
    market, there = devchain.market, devchain.deployment
    placed = market.place(market.create_app("demo:1", CHECKSUM), pool_price=1000)
    market.hub.send(there.account("pool").address, "initialize", raw(placed.deal_id), 0)
    with pytest.raises(TransactionError):
        market.claim(placed.task_ids[0])
    devchain.pass_time(3001)
    market.claim(placed.task_ids[0])
    assert market.task(placed.task_ids[0])["status"] == FAILED


def test_an_order_has_no_field_that_the_protocol_lacks() -> None:
    with pytest.raises(ProtocolError, match="AppOrder has no price"):
        new_order("AppOrder", price=1)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from edgepi.errors import ChainError, TransactionError, WalletError
from edgepi.testing.clock import ManualClock, settle
from edgepi_iexec.chain.model import Receipt
from edgepi_iexec.chain.refusals import Refusal, RefusedError
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.chain.transactions import Call, Expected, Sender, next_price_wei

GWEI = 10**9
TASK = "0x" + "11" * 32
CALL = Call("reveal", (TASK,), expected=Expected("TaskReveal", TASK))
SETTINGS = ChainSettings(rpc_urls=("http://node.test",), hub="0x" + "22" * 20, give_up_after_s=600.0)


@dataclass
class Node:
    """A node with a pool of transactions; raw ones are ``nonce:price``, which is their hash too."""

    block: int = 100
    nonce: int = 7
    price_wei: int = GWEI
    least_wei: int = 0
    pool: dict[int, str] = field(default_factory=dict)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    submitted: list[str] = field(default_factory=list)
    down: bool = False
    told_nonce: int | None = None
    estimate: int = 100_000
    fail: Exception | None = None
    lose_answer: bool = False
    event: str = "TaskReveal"
    gas: list[int] = field(default_factory=list)

    async def ask(self, kind: str, what: str, **fields: Any) -> Any:
        await asyncio.sleep(0)
        if self.down:
            raise ChainError("the node is down")
        return getattr(self, f"do_{kind}")(**fields)

    async def block_number(self) -> int:
        if self.down:
            raise ChainError("the node is down")
        return self.block

    async def gas_price_wei(self) -> int:
        return self.price_wei

    async def chain_id(self) -> int:
        return 1

    def do_nonces(self) -> dict[str, int]:
        return {"latest": self.nonce if self.told_nonce is None else self.told_nonce}

    def do_estimate(self, call: dict[str, Any]) -> int:
        return self.estimate

    def do_sign(self, nonce: int, gas: int, gas_price_wei: int, **_: Any) -> dict[str, str]:
        self.gas.append(gas)
        raw = f"{nonce}:{gas_price_wei}"
        return {"hash": raw, "raw_transaction": raw}

    def do_submit(self, raw: str) -> None:
        if self.fail is not None:
            raise self.fail
        nonce, price = map(int, raw.split(":"))
        if nonce < self.nonce:
            raise RefusedError("nonce too low", Refusal.NONCE_USED)
        there = self.pool.get(nonce)
        if price < self.least_wei or (there not in {None, raw} and price <= self._price(there)):
            raise RefusedError("underpriced", Refusal.UNDERPRICED)
        self.pool[nonce] = raw
        self.submitted.append(raw)
        if self.lose_answer:
            self.lose_answer = False
            raise ChainError("the connection broke")

    @staticmethod
    def _price(raw: str | None) -> int:
        return int(raw.split(":")[1]) if raw else 0

    def do_receipt(self, tx_hash: str) -> dict[str, Any] | None:
        return self.receipts.get(tx_hash)

    def mine(self, *, ok: bool = True) -> None:
        """Put what is next into a block."""
        self.block += 1
        raw = self.pool.pop(self.nonce, None)
        if raw is None:
            return
        self.nonce += 1
        event = {
            "name": self.event,
            "block_number": self.block,
            "block_hash": "0x",
            "tx_hash": raw,
            "log_index": 0,
            "arguments": {"taskid": TASK},
        }
        self.receipts[raw] = {"ok": ok, "block": self.block, "gas": 5, "events": [event] if ok else []}


class Bench:
    def __init__(self, clock: ManualClock, **changes: Any) -> None:
        self.clock = clock
        self.node = Node()
        values = {name: getattr(SETTINGS, name) for name in SETTINGS.__dataclass_fields__}
        self.sender = Sender(self.node, clock, ChainSettings(**(values | changes)))
        self.tasks: list[asyncio.Task[Any]] = []

    def begin(self, work: Coroutine[Any, Any, Receipt] | None = None) -> asyncio.Task[Receipt]:
        task = asyncio.create_task(work or self.sender.send(CALL))
        self.tasks.append(task)
        return task

    async def blocks(self, count: int, *, ok: bool = True, empty: bool = False) -> None:
        """Let blocks come, five seconds apart; *empty* ones take nothing."""
        for _ in range(count):
            if empty:
                self.node.block += 1
            else:
                self.node.mine(ok=ok)
            await self.clock.advance(5.0)


@pytest.fixture
async def bench(manual_clock: ManualClock) -> AsyncIterator[Bench]:
    made = Bench(manual_clock)
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_a_transaction_is_done_when_its_receipt_has_its_event(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    assert bench.node.submitted == [f"7:{int(1.3 * GWEI)}"]
    assert bench.node.gas == [120_000]
    assert not sending.done()
    await bench.blocks(1)
    receipt = await sending
    assert (receipt.block_number, receipt.events[0].name) == (101, "TaskReveal")


async def test_one_is_in_flight_at_a_time(bench: Bench) -> None:
    first, second = bench.begin(), bench.begin()
    await settle()
    assert len(bench.node.submitted) == 1
    await bench.blocks(2)
    assert [raw.split(":")[0] for raw in bench.node.submitted] == ["7", "8"]
    assert (await first).tx_hash != (await second).tx_hash


async def test_what_an_earlier_life_did_is_not_sent_again(bench: Bench) -> None:
    before = Receipt("0xbefore", 5, 1)

    async def done() -> Receipt | None:
        return before

    assert await bench.sender.send(CALL, done=done) is before
    assert bench.node.submitted == []


async def test_what_no_block_takes_is_sent_again_for_more_with_the_same_nonce(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    await bench.blocks(5, empty=True)
    first, second = bench.node.submitted
    assert (first.split(":")[0], second.split(":")[0]) == ("7", "7")
    assert int(second.split(":")[1]) > 1.1 * int(first.split(":")[1])
    await bench.blocks(1)
    assert (await sending).tx_hash == second


async def test_the_first_may_be_mined_after_it_was_replaced(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    await bench.blocks(5, empty=True)
    bench.node.pool[7] = bench.node.submitted[0]
    await bench.blocks(1)
    assert (await sending).tx_hash == bench.node.submitted[0]


async def test_what_a_node_forgot_is_sent_again_though_no_block_comes(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    bench.node.pool.clear()
    await bench.clock.advance(100.0)
    assert bench.node.pool
    await bench.blocks(1)
    assert (await sending).block_number == 101


async def test_a_receipt_that_vanishes_is_awaited_again(manual_clock: ManualClock) -> None:
    bench = Bench(manual_clock, confirmations=3)
    sending = bench.begin()
    await settle()
    await bench.blocks(2)
    assert not sending.done()
    (raw,) = bench.node.receipts
    bench.node.receipts.clear()  # the chain took another turn
    bench.node.nonce = 7
    await bench.blocks(2, empty=True)
    assert not sending.done()
    bench.node.pool[7] = raw
    await bench.blocks(1)
    assert not sending.done()
    await bench.blocks(2, empty=True)
    assert (await sending).tx_hash == raw


async def test_a_nonce_that_another_used_is_found_out(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    bench.node.pool.clear()
    bench.node.nonce += 1
    await bench.blocks(3, empty=True)
    with pytest.raises(TransactionError, match="took its place"):
        await sending


async def test_a_nonce_that_another_used_meanwhile_is_given_up_before_anything_is_sent(bench: Bench) -> None:
    bench.node.told_nonce = 6  # what the node tells is late
    sending = bench.begin()
    await settle()
    bench.node.told_nonce = None
    await bench.clock.advance(5.0)
    await bench.blocks(1)
    assert (await sending).tx_hash.startswith("7:")


async def test_a_node_that_forgot_our_last_transaction_is_given_time(bench: Bench) -> None:
    first = bench.begin()
    await settle()
    await bench.blocks(1)
    await first
    bench.node.told_nonce = 7
    second = bench.begin()
    await bench.clock.advance(6.0)
    assert len(bench.node.submitted) == 1
    bench.node.told_nonce = None
    await bench.clock.advance(6.0)
    await bench.blocks(1)
    assert (await second).tx_hash.startswith("8:")


async def test_a_transaction_that_was_undone_frees_its_nonce(bench: Bench) -> None:
    first = bench.begin()
    await settle()
    await bench.blocks(1)
    await first
    bench.node.nonce = 7
    second = bench.begin()
    await bench.clock.advance(30.0)
    assert bench.node.submitted[-1].startswith("7:")
    await bench.blocks(1)
    assert (await second).tx_hash.startswith("7:")


async def test_a_lost_answer_is_no_lost_transaction(bench: Bench) -> None:
    bench.node.lose_answer = True
    sending = bench.begin()
    await settle()
    await bench.blocks(1)
    assert (await sending).tx_hash == bench.node.submitted[0]


async def test_a_node_that_is_away_is_waited_for(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    bench.node.down = True
    await bench.blocks(12, empty=True)
    assert not sending.done()
    bench.node.down = False
    await bench.blocks(2)
    assert (await sending).tx_hash in bench.node.submitted


async def test_a_node_that_is_away_from_the_start_is_an_error_at_once(bench: Bench) -> None:
    bench.node.down = True
    with pytest.raises(ChainError, match="down"):
        await bench.sender.send(CALL)


async def test_a_node_that_stays_away_is_given_up(bench: Bench) -> None:
    bench.node.lose_answer = True
    sending = bench.begin()
    await settle()
    bench.node.down = True
    bench.node.pool.clear()
    await bench.clock.advance(700.0)
    with pytest.raises(ChainError, match=r"down|broke"):
        await sending


async def test_what_hangs_from_an_earlier_life_is_outbid(bench: Bench) -> None:
    bench.node.pool[7] = f"7:{2 * GWEI}"
    sending = bench.begin()
    await bench.clock.advance(5.0)
    assert int(bench.node.pool[7].split(":")[1]) > 2 * GWEI
    await bench.blocks(1)
    assert (await sending).tx_hash == bench.node.submitted[-1]


async def test_without_a_price_what_is_in_the_way_is_waited_for(manual_clock: ManualClock) -> None:
    bench = Bench(manual_clock, free_gas=True)
    bench.node.pool[7] = "7:1"
    sending = bench.begin()
    await bench.clock.advance(5.0)
    assert bench.node.submitted == []
    assert not sending.done()
    await bench.blocks(4)
    assert (await sending).tx_hash == "8:0"


async def test_the_cap_is_kept(manual_clock: ManualClock) -> None:
    bench = Bench(manual_clock, gas_price_cap_wei=2 * GWEI)
    bench.begin()
    await settle()
    await bench.blocks(40, empty=True)
    prices = [int(raw.split(":")[1]) for raw in bench.node.submitted]
    assert max(prices) == 2 * GWEI
    bench.tasks[0].cancel()


async def test_what_stays_under_the_networks_price_is_given_up_with_advice(
    manual_clock: ManualClock,
) -> None:
    bench = Bench(manual_clock, gas_price_cap_wei=2 * GWEI)
    bench.node.least_wei = 5 * GWEI
    sending = bench.begin()
    await bench.clock.advance(700.0)
    with pytest.raises(RefusedError, match="gas_price_cap_gwei"):
        await sending


async def test_what_never_comes_into_a_block_ends(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    await bench.blocks(51, empty=True)
    with pytest.raises(TransactionError, match="no block takes"):
        await sending


async def test_what_the_contracts_refuse_in_a_block_is_an_error(bench: Bench) -> None:
    sending = bench.begin()
    await settle()
    await bench.blocks(1, ok=False)
    with pytest.raises(TransactionError, match="refused in block 101"):
        await sending


async def test_a_receipt_without_its_event_is_an_error(bench: Bench) -> None:
    bench.node.event = "TaskContribute"
    sending = bench.begin()
    await settle()
    await bench.blocks(1)
    with pytest.raises(TransactionError, match="lacks TaskReveal"):
        await sending


@pytest.mark.parametrize(
    "error",
    [
        WalletError("no gas"),
        TransactionError("reverted"),
        RefusedError("intrinsic gas too low", Refusal.OTHER),
    ],
)
async def test_what_the_node_will_not_take_is_an_error_at_once(bench: Bench, error: Exception) -> None:
    bench.node.fail = error
    with pytest.raises(type(error)):
        await bench.sender.send(CALL)


async def test_gas_is_limited(bench: Bench) -> None:
    bench.node.estimate = 100_000_000
    bench.begin()
    await settle()
    assert bench.node.gas == [SETTINGS.gas_limit]


@pytest.mark.parametrize(
    ("last", "network", "cap", "next_one"),
    [
        (100, 10, 1000, 113),
        (100, 500, 1000, 650),
        (100, 900, 1000, 1000),
        (999, 10, 1000, 1000),
        (1000, 5000, 1000, 1000),
    ],
)
def test_a_replacement_offers_more_up_to_the_cap(last: int, network: int, cap: int, next_one: int) -> None:
    settings = ChainSettings(rpc_urls=(), hub="", gas_price_cap_wei=cap)
    assert next_price_wei(last, network, settings) == next_one

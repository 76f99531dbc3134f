"""A chain in memory, as worker and pool see it, with faults that a test sets.

    ledger = Ledger(clock)
    owner, worker = ledger_wallets(ledger, 2)             # or FakeChain(ledger, key)
    pool = ledger.create_pool(owner=owner.address)
    app = ledger.create_app("registry.test/demo:1", owner=owner.address)
    placed = ledger.place(app, pool=pool, requester=owner.address, trust=1)
    await owner.initialize(placed.deal_id, 0)

Ids, hashes, seals and signatures are the real ones; money, weights, scores and deadlines are the contracts'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from edgepi.errors import ChainError, ProtocolError, TransactionError
from edgepi_iexec.chain.model import (
    Account,
    App,
    Block,
    Category,
    Contribution,
    ContributionStatus,
    Dataset,
    Deal,
    Event,
    Receipt,
    Task,
    TaskStatus,
    Workerpool,
)
from edgepi_iexec.protocol import ids
from tests.plugins.iexec.fakeledger import Ledger
from tests.plugins.iexec.fakemarket import NO_CONTRIBUTION, State, matches, no_deal, signer_of, unset

__all__ = ["FakeChain", "Faults", "Ledger", "ledger_wallets"]

KEYS = tuple(f"0x{number:064x}" for number in range(0xED6E, 0xED6E + 64))


@dataclass
class Faults:
    """What goes wrong with one wallet's node; names are those of the methods.

    *down* lets every call fail, also while *down_until_s* (the clock's monotonic) is ahead. *before* is run
    at each call of a method and may raise. *lost_answers* are mined, but their sender is not told.
    *dropped* never reach a block. *lag* shows the chain as it was.
    """

    down: bool = False
    down_until_s: float = 0.0
    before: dict[str, Callable[[], Any]] = field(default_factory=dict)
    lost_answers: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    lag: State | None = None


def ledger_wallets(ledger: Ledger, count: int, *, stake_nrlc: int = 1_000_000_000_000) -> list[FakeChain]:
    """Return so many wallets with a deposit each."""
    wallets = [FakeChain(ledger, key) for key in KEYS[:count]]
    for wallet in wallets:
        ledger.fund(wallet.address, stake_nrlc=stake_nrlc)
    return wallets


def reorganise(ledger: Ledger, mark: State) -> None:
    """Let all that happened since *mark* (``ledger.state.copy()``) never have happened; blocks count on."""
    block, block_s = ledger.state.block, ledger.state.block_s
    ledger.state = mark.copy()
    ledger.state.block, ledger.state.block_s = block, block_s


class FakeChain:
    """The chain through one wallet; sending what the chain has already returns its receipt."""

    def __init__(self, ledger: Ledger, key: str, faults: Faults | None = None) -> None:
        from eth_keys.datatypes import PrivateKey

        self.ledger = ledger
        self.faults = faults or Faults()
        self.closed = False
        self._key = PrivateKey(bytes.fromhex(key.removeprefix("0x")))
        self.address: str = self._key.public_key.to_address()

    # Signing

    async def sign_raw(self, digest: bytes) -> str:
        signed = self._key.sign_msg_hash(digest).to_bytes()
        return "0x" + (signed[:64] + bytes([signed[64] + 27])).hex()

    async def sign_personal(self, digest: bytes) -> str:
        from tests.plugins.iexec.fakemarket import personal

        return await self.sign_raw(personal(digest))

    async def sign_typed(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> str:
        from eth_account import Account as Signer
        from eth_account.messages import encode_typed_data

        signable = encode_typed_data(domain, types, message)
        return "0x" + bytes(Signer.sign_message(signable, self._key.to_bytes()).signature).hex()

    async def recover_personal(self, digest: bytes, signature: str) -> str:
        signer = signer_of(digest, signature)
        if signer is None:
            raise ProtocolError("this is no signature")
        return signer

    # Reading

    def _reached(self, name: str) -> None:
        if self.faults.down or self.ledger.clock.monotonic() < self.faults.down_until_s:
            raise ChainError("the chain's node cannot be reached")
        if fault := self.faults.before.get(name):
            fault()

    def _seen(self, name: str) -> State:
        self._reached(name)
        self.ledger.pass_blocks()
        return self.faults.lag or self.ledger.state

    async def latest_block(self) -> Block:
        state = self._seen("latest_block")
        return Block(state.block, datetime.fromtimestamp(state.block_s, UTC))

    async def chain_id(self) -> int:
        self._reached("chain_id")
        return self.ledger.chain_id

    async def deal(self, deal_id: str) -> Deal:
        return self._seen("deal").deals.get(deal_id) or no_deal(deal_id)

    async def task(self, task_id: str) -> Task:
        return self._seen("task").tasks.get(task_id) or unset(task_id)

    async def contribution(self, task_id: str, worker: str) -> Contribution:
        return self._seen("contribution").contributions.get((task_id, worker), NO_CONTRIBUTION)

    async def account(self, address: str) -> Account:
        return self._seen("account").accounts.get(address, Account(0, 0))

    async def score(self, address: str) -> int:
        return self._seen("score").scores.get(address, 0)

    async def category(self, number: int) -> Category:
        self._reached("category")
        if not 0 <= number < len(self.ledger.categories):
            raise ChainError(f"there is no category {number}")
        return self.ledger.categories[number]

    async def category_count(self) -> int:
        self._reached("category_count")
        return len(self.ledger.categories)

    async def app(self, address: str) -> App:
        return _known(self._seen("app").apps, address)

    async def dataset(self, address: str) -> Dataset:
        return _known(self._seen("dataset").datasets, address)

    async def workerpool(self, address: str) -> Workerpool:
        return _known(self._seen("workerpool").pools, address)

    async def balance_wei(self, address: str) -> int:
        self._reached("balance_wei")
        return self.ledger.balances_wei.get(address, 10**18)

    async def gas_price_wei(self) -> int:
        self._reached("gas_price_wei")
        return self.ledger.gas_price_wei

    async def events(
        self, name: str, *, from_block: int, to_block: int, topics: Sequence[str] = ()
    ) -> tuple[Event, ...]:
        state = self._seen("events")
        if to_block > state.block:
            raise ChainError(f"the node is at block {state.block}, {to_block} was asked for")
        found = state.events
        return tuple(
            e for e in found if from_block <= e.block_number <= to_block and matches(e, name, tuple(topics))
        )

    # Sending

    async def _send(self, name: str, *arguments: Any, proof: Sequence[str] = ()) -> Receipt:
        """*proof* is the event, with its topics, that tells of the very same done before."""
        self._reached(name)
        state = self.ledger.state
        if proof:
            event = next(e for e in reversed(state.events) if matches(e, proof[0], tuple(proof[1:])))
            return Receipt(event.tx_hash, event.block_number, 100_000, (event,))
        if name in self.faults.dropped:
            raise TransactionError("the transaction was dropped")
        receipt = self.ledger.transact(name, self.address, *arguments)
        if name in self.faults.lost_answers:
            self.faults.lost_answers.discard(name)
            raise ChainError("the node went away after it took the transaction")
        return receipt

    async def initialize(self, deal_id: str, index: int) -> Receipt:
        task_id = ids.task_id(deal_id, index)
        there = task_id in self.ledger.state.tasks
        return await self._send(
            "initialize", deal_id, index, proof=("TaskInitialize", task_id) if there else ()
        )

    async def contribute(
        self, task_id: str, result_hash: str, result_seal: str, enclave_challenge: str, authorization: str
    ) -> Receipt:
        mine = self._mine(task_id)
        there = mine.status is not ContributionStatus.UNSET
        same = there and (mine.result_hash, mine.result_seal) == (result_hash, result_seal)
        return await self._send(
            "contribute",
            task_id,
            result_hash,
            result_seal,
            enclave_challenge,
            authorization,
            proof=("TaskContribute", task_id, self.address) if same else (),
        )

    async def reveal(self, task_id: str, result_digest: str) -> Receipt:
        there = self._mine(task_id).status is ContributionStatus.REVEALED
        proof = ("TaskReveal", task_id, self.address) if there else ()
        return await self._send("reveal", task_id, result_digest, proof=proof)

    async def finalize(self, task_id: str, results: bytes, callback_data: bytes) -> Receipt:
        there = self._status(task_id) is TaskStatus.COMPLETED
        proof = ("TaskFinalize", task_id) if there else ()
        return await self._send("finalize", task_id, results, callback_data, proof=proof)

    async def contribute_and_finalize(  # noqa: PLR0917 (in the contract's order)
        self,
        task_id: str,
        result_digest: str,
        results: bytes,
        callback_data: bytes,
        enclave_challenge: str,
        authorization: str,
    ) -> Receipt:
        mine = self._mine(task_id)
        same = mine.status is ContributionStatus.REVEALED and mine.result_hash == ids.result_hash(
            task_id, result_digest
        )
        there = same and self._status(task_id) is TaskStatus.COMPLETED
        return await self._send(
            "contribute_and_finalize",
            task_id,
            result_digest,
            results,
            callback_data,
            enclave_challenge,
            authorization,
            proof=("TaskFinalize", task_id) if there else (),
        )

    async def claim(self, task_id: str) -> Receipt:
        there = self._status(task_id) is TaskStatus.FAILED
        return await self._send("claim", task_id, proof=("TaskClaimed", task_id) if there else ())

    async def initialize_and_claim(self, deal_id: str, index: int) -> Receipt:
        task_id = ids.task_id(deal_id, index)
        there = self._status(task_id) is TaskStatus.FAILED
        proof = ("TaskClaimed", task_id) if there else ()
        return await self._send("initialize_and_claim", deal_id, index, proof=proof)

    async def reopen(self, task_id: str) -> Receipt:
        return await self._send("reopen", task_id)

    async def deposit(self, amount_nrlc: int) -> Receipt:
        return await self._send("deposit", amount_nrlc)

    async def withdraw(self, amount_nrlc: int) -> Receipt:
        return await self._send("withdraw", amount_nrlc)

    async def close(self) -> None:
        self.closed = True

    def _mine(self, task_id: str) -> Contribution:
        return self.ledger.state.contributions.get((task_id, self.address), NO_CONTRIBUTION)

    def _status(self, task_id: str) -> TaskStatus:
        return self.ledger.task(task_id).status


T = TypeVar("T")


def _known(registry: dict[str, T], address: str) -> T:
    if address not in registry:
        raise ChainError(f"nothing is registered at {address}")
    return registry[address]

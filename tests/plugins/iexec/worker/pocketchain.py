"""A chain that fits in a pocket: the tasks' rules only, with faults that a test sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import ChainError, ProtocolError, TransactionError
from edgepi_iexec.chain.model import (
    ZERO_ADDRESS,
    ZERO_HASH,
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
    Resource,
    Task,
    TaskStatus,
    Workerpool,
)
from edgepi_iexec.protocol import ids

POOL, OWNER, WORKER, OTHER = ("0x" + each * 20 for each in ("50", "51", "52", "53"))
APP, DATASET, REQUESTER = ("0x" + each * 20 for each in ("60", "61", "62"))
NO_CONTRIBUTION = Contribution(ContributionStatus.UNSET, ZERO_HASH, ZERO_HASH, ZERO_ADDRESS, 0)


@dataclass
class Ledger:
    """What all wallets see; *needed* equal contributions are a consensus."""

    clock: Clock
    time_ref_s: int = 300
    needed: int = 1
    block: int = 10
    down: bool = False
    deals: dict[str, Deal] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    contributions: dict[tuple[str, str], Contribution] = field(default_factory=dict)
    stakes: dict[str, int] = field(default_factory=lambda: {WORKER: 1000, OTHER: 1000})
    locked: dict[str, int] = field(default_factory=dict)
    seized: dict[str, int] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    image: str = "registry.test/demo:1"
    checksum: str = ZERO_HASH
    faults: dict[str, Callable[[], None]] = field(default_factory=dict)
    lost_answers: set[str] = field(default_factory=set)

    def task(self, *, trust: int = 1, params: str = "{}", **changes: Any) -> str:
        """A deal with one task, initialised."""
        deal_id = f"0x{len(self.deals) + 1:064x}"
        deal = Deal(
            deal_id=deal_id,
            app=Resource(APP, REQUESTER, 0),
            dataset=Resource(ZERO_ADDRESS, ZERO_ADDRESS, 0),
            workerpool=Resource(POOL, OWNER, 1000),
            trust=trust,
            category=0,
            tag=ZERO_HASH,
            requester=REQUESTER,
            beneficiary=REQUESTER,
            callback=ZERO_ADDRESS,
            params=params,
            start_utc=self.clock.now(),
            bot_first=0,
            bot_size=1,
            worker_stake_nrlc=300,
            scheduler_reward_ratio=1,
            sponsor=ZERO_ADDRESS,
        )
        self.deals[deal_id] = replace(deal, **changes)
        task_id = ids.task_id(deal_id, 0)
        ref = timedelta(seconds=self.time_ref_s)
        self.tasks[task_id] = Task(
            task_id=task_id,
            status=TaskStatus.ACTIVE,
            deal_id=deal_id,
            index=0,
            time_ref_s=self.time_ref_s,
            contribution_deadline_utc=self.clock.now() + 7 * ref,
            reveal_deadline_utc=None,
            final_deadline_utc=self.clock.now() + 10 * ref,
            consensus=ZERO_HASH,
            reveal_count=0,
            winner_count=0,
            contributors=(),
            result_digest=ZERO_HASH,
            results=b"",
            callback_data=b"",
        )
        return task_id

    def mine(self, name: str, task_id: str, worker: str) -> Receipt:
        """Put a transaction in a block of its own."""
        self.block += 1
        tx = f"0x{self.block:064x}"
        arguments = {"taskid": task_id, "worker": worker}
        event = Event(name, self.block, tx, tx, 0, arguments)
        self.events.append(event)
        self.sent.append(name)
        return Receipt(tx, self.block, 100_000, (event,))

    def contribute(self, task_id: str, worker: str, result_hash: str, seal: str) -> Receipt:
        """Contribute for anybody."""
        task = self.tasks[task_id]
        assert task.contribution_deadline_utc is not None
        late = self.clock.now() >= task.contribution_deadline_utc
        deal = self.deals[task.deal_id]
        if task.status is not TaskStatus.ACTIVE or late or (task_id, worker) in self.contributions:
            raise TransactionError("reverted")
        if self.stakes[worker] < deal.worker_stake_nrlc:
            raise TransactionError("reverted")
        self.stakes[worker] -= deal.worker_stake_nrlc
        self.locked[worker] = self.locked.get(worker, 0) + deal.worker_stake_nrlc
        self.contributions[task_id, worker] = Contribution(
            ContributionStatus.CONTRIBUTED, result_hash, seal, ZERO_ADDRESS, 1
        )
        self.tasks[task_id] = replace(task, contributors=(*task.contributors, worker))
        receipt = self.mine("TaskContribute", task_id, worker)
        self._consensus(task_id, result_hash)
        return receipt

    def _consensus(self, task_id: str, result_hash: str) -> None:
        alike = sum(
            c.result_hash == result_hash for (task, _), c in self.contributions.items() if task == task_id
        )
        if alike >= self.needed:
            self.tasks[task_id] = replace(
                self.tasks[task_id],
                status=TaskStatus.REVEALING,
                consensus=result_hash,
                winner_count=alike,
                reveal_deadline_utc=self.clock.now() + timedelta(seconds=2 * self.time_ref_s),
            )

    def reveal(self, task_id: str, worker: str, digest: str) -> Receipt:
        """Reveal for anybody."""
        task, mine = self.tasks[task_id], self.contributions.get((task_id, worker), NO_CONTRIBUTION)
        open_until = task.reveal_deadline_utc
        fits = mine.result_hash == task.consensus == ids.result_hash(task_id, digest)
        if task.status is not TaskStatus.REVEALING or open_until is None or self.clock.now() >= open_until:
            raise TransactionError("reverted")
        if mine.status is not ContributionStatus.CONTRIBUTED or not fits:
            raise TransactionError("reverted")
        self.contributions[task_id, worker] = replace(mine, status=ContributionStatus.REVEALED)
        self.tasks[task_id] = replace(task, reveal_count=task.reveal_count + 1, result_digest=digest)
        return self.mine("TaskReveal", task_id, worker)

    def finalize(self, task_id: str, results: bytes) -> Receipt:
        """Finish: stakes come back to who revealed, the others lose theirs."""
        task = self.tasks[task_id]
        if task.status is not TaskStatus.REVEALING or not task.reveal_count:
            raise TransactionError("reverted")
        self.tasks[task_id] = replace(task, status=TaskStatus.COMPLETED, results=results)
        stake = self.deals[task.deal_id].worker_stake_nrlc
        for worker in task.contributors:
            revealed = self.contributions[task_id, worker].status is ContributionStatus.REVEALED
            self.locked[worker] -= stake
            to = self.stakes if revealed else self.seized
            to[worker] = to.get(worker, 0) + stake
            if revealed:
                self.pay(task_id, worker, 990)
        return self.mine("TaskFinalize", task_id, OWNER)

    def pay(self, task_id: str, worker: str, amount: int) -> None:
        """A reward."""
        arguments = {"owner": worker, "amount": amount, "ref": task_id}
        self.events.append(Event("Reward", self.block, ZERO_HASH, ZERO_HASH, 1, arguments))


class PocketChain:
    """The chain with one wallet."""

    def __init__(self, ledger: Ledger, address: str) -> None:
        self.ledger = ledger
        self.address = address
        self.closed = False

    def _up(self, name: str = "") -> None:
        if self.ledger.down:
            raise ChainError("the chain's node is down")
        if fault := self.ledger.faults.get(name):
            fault()

    def _answered(self, name: str, receipt: Receipt) -> Receipt:
        if name in self.ledger.lost_answers:
            self.ledger.lost_answers.discard(name)
            raise ChainError("the node went away after it took the transaction")
        return receipt

    async def sign_raw(self, digest: bytes) -> str:
        return self._sign(digest)

    async def sign_personal(self, digest: bytes) -> str:
        return self._sign(digest)

    async def sign_typed(self, domain: dict[str, Any], types: dict[str, Any], message: dict[str, Any]) -> str:
        raise NotImplementedError

    def _sign(self, digest: bytes) -> str:
        return self.address + digest.hex() + "00" * 12 + "1b"

    async def recover_personal(self, digest: bytes, signature: str) -> str:
        if len(signature) != 132 or signature[42:106] != digest.hex():
            raise ProtocolError("no signature")
        return signature[:42]

    async def latest_block(self) -> Block:
        self._up("latest_block")
        return Block(self.ledger.block, self.ledger.clock.now())

    async def chain_id(self) -> int:
        return 65535

    async def deal(self, deal_id: str) -> Deal:
        self._up()
        return self.ledger.deals[deal_id]

    async def task(self, task_id: str) -> Task:
        self._up("task")
        found = self.ledger.tasks.get(task_id)
        if found is None:
            return replace(
                next(iter(self.ledger.tasks.values())),
                task_id=task_id,
                status=TaskStatus.UNSET,
                deal_id=ZERO_HASH,
            )
        return found

    async def contribution(self, task_id: str, worker: str) -> Contribution:
        self._up()
        return self.ledger.contributions.get((task_id, worker), NO_CONTRIBUTION)

    async def account(self, address: str) -> Account:
        self._up()
        return Account(self.ledger.stakes.get(address, 0), self.ledger.locked.get(address, 0))

    async def score(self, address: str) -> int:
        return 0

    async def category(self, number: int) -> Category:
        self._up()
        return Category(number, "XS", self.ledger.time_ref_s)

    async def category_count(self) -> int:
        return 1

    async def app(self, address: str) -> App:
        self._up()
        return App(address, REQUESTER, "demo", "DOCKER", self.ledger.image, self.ledger.checksum)

    async def dataset(self, address: str) -> Dataset:
        self._up()
        return self.ledger.datasets[address]

    async def workerpool(self, address: str) -> Workerpool:
        self._up()
        return Workerpool(address, OWNER, "", 30, 1)

    async def balance_wei(self, address: str) -> int:
        return 10**18

    async def gas_price_wei(self) -> int:
        return 0

    async def events(
        self, name: str, *, from_block: int, to_block: int, topics: Sequence[str] = ()
    ) -> tuple[Event, ...]:
        self._up()
        found = [e for e in self.ledger.events if e.name == name and from_block <= e.block_number <= to_block]
        return tuple(e for e in found if not topics or tuple(topics) == tuple(e.arguments.values()))

    async def contribute(
        self, task_id: str, result_hash: str, result_seal: str, enclave_challenge: str, authorization: str
    ) -> Receipt:
        self._up("contribute")
        return self._answered(
            "contribute", self.ledger.contribute(task_id, self.address, result_hash, result_seal)
        )

    async def reveal(self, task_id: str, result_digest: str) -> Receipt:
        self._up("reveal")
        return self._answered("reveal", self.ledger.reveal(task_id, self.address, result_digest))

    async def finalize(self, task_id: str, results: bytes, callback_data: bytes) -> Receipt:
        self._up()
        return self.ledger.finalize(task_id, results)

    async def contribute_and_finalize(  # noqa: PLR0917 (as the chain has it)
        self,
        task_id: str,
        result_digest: str,
        results: bytes,
        callback_data: bytes,
        enclave_challenge: str,
        authorization: str,
    ) -> Receipt:
        self._up("contribute_and_finalize")
        task = self.ledger.tasks[task_id]
        if task.status is not TaskStatus.ACTIVE or task.contributors:
            raise TransactionError("reverted")
        result_hash = ids.result_hash(task_id, result_digest)
        self.ledger.contributions[task_id, self.address] = Contribution(
            ContributionStatus.REVEALED, result_hash, ZERO_HASH, ZERO_ADDRESS, 1
        )
        self.ledger.tasks[task_id] = replace(
            task, status=TaskStatus.COMPLETED, results=results, contributors=(self.address,)
        )
        self.ledger.pay(task_id, self.address, 990)
        receipt = self.ledger.mine("TaskContribute", task_id, self.address)
        return self._answered("contribute_and_finalize", receipt)

    async def initialize(self, deal_id: str, index: int) -> Receipt:
        raise NotImplementedError

    async def claim(self, task_id: str) -> Receipt:
        raise NotImplementedError

    async def initialize_and_claim(self, deal_id: str, index: int) -> Receipt:
        raise NotImplementedError

    async def reopen(self, task_id: str) -> Receipt:
        raise NotImplementedError

    async def deposit(self, amount_nrlc: int) -> Receipt:
        raise NotImplementedError

    async def withdraw(self, amount_nrlc: int) -> Receipt:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed = True


def time_in(clock: Clock, seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)

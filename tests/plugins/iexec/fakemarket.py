"""Time, money and deals of a chain in memory, below the rules of `fakeledger`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import ChainError, TransactionError
from edgepi_iexec.chain.model import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Account,
    App,
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
from edgepi_iexec.protocol.hashing import hex_text, keccak256

__all__ = [
    "CATEGORIES",
    "KITTY",
    "KITTY_MIN_NRLC",
    "NO_CONTRIBUTION",
    "Market",
    "Placed",
    "State",
    "callback_fits",
    "known",
    "matches",
    "no_deal",
    "personal",
    "pool_stake",
    "price",
    "require",
    "signer_of",
    "unset",
]

CATEGORIES = (("XS", 300), ("S", 1200), ("M", 3600), ("L", 10800), ("XL", 36000))
KITTY = "0x99c2268479b93fde36232351229815df80837e23"
KITTY_MIN_NRLC = 1_000_000_000
NO_CONTRIBUTION = Contribution(ContributionStatus.UNSET, ZERO_HASH, ZERO_HASH, ZERO_ADDRESS, 0)


@dataclass(frozen=True, slots=True)
class Placed:
    """A deal that was matched, and its tasks."""

    deal_id: str
    task_ids: tuple[str, ...]


@dataclass
class State:
    """What a block leaves behind; values are never changed in place, so that a copy is cheap."""

    block: int = 1
    block_s: int = 0
    deals: dict[str, Deal] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    contributions: dict[tuple[str, str], Contribution] = field(default_factory=dict)
    groups: dict[tuple[str, str], int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    purses: dict[str, int] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    pools: dict[str, Workerpool] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def copy(self) -> State:
        """Return one that does not change with this."""
        twin = replace(self)
        for each in fields(self):
            value = getattr(self, each.name)
            setattr(twin, each.name, value.copy() if isinstance(value, dict | list) else value)
        return twin


class Market:
    """Blocks, deposits, registries and deals."""

    def __init__(
        self,
        clock: Clock,
        *,
        chain_id: int = 65535,
        categories: tuple[tuple[str, int], ...] = CATEGORIES,
        block_s: float = 5.0,
    ) -> None:
        self.clock = clock
        self.chain_id = chain_id
        self.categories = tuple(Category(n, *each) for n, each in enumerate(categories))
        self.state = State(block_s=int(clock.now().timestamp()))
        self.gas_price_wei = 0
        self.balances_wei: dict[str, int] = {}
        self.sent: list[tuple[str, str]] = []
        self._empty_s = block_s
        self._made = 0
        self._fresh: list[tuple[str, dict[str, Any]]] = []

    # Time and blocks

    def pass_blocks(self) -> None:
        """Mine the empty blocks that are due."""
        now_s = int(self.clock.now().timestamp())
        due = int((now_s - self.state.block_s) / self._empty_s)
        if due > 0:
            self.state.block += due
            self.state.block_s = now_s

    @property
    def now_utc(self) -> datetime:
        """The time that the next block has."""
        seconds = max(int(self.clock.now().timestamp()), self.state.block_s)
        return datetime.fromtimestamp(seconds, UTC)

    def transact(self, name: str, sender: str, *arguments: Any) -> Receipt:
        """Put a call into a block; raises TransactionError when a rule forbids it: all are tried first."""
        self.pass_blocks()
        self._fresh = []
        getattr(self, f"_{name}")(sender, *arguments)
        self.sent.append((name, sender))
        return self._mine()

    def _mine(self) -> Receipt:
        self._made += 1
        number = self.state.block + 1
        tx, block = (hex_text(keccak256(f"{what} {self._made}".encode())) for what in ("tx", "block"))
        events = tuple(
            Event(name, number, block, tx, index, arguments)
            for index, (name, arguments) in enumerate(self._fresh)
        )
        self.state.block, self.state.block_s = number, int(self.now_utc.timestamp())
        self.state.events += events
        return Receipt(tx, number, 100_000, events)

    def _emit(self, name: str, **arguments: Any) -> None:
        self._fresh.append((name, arguments))

    # Money

    def account(self, address: str) -> Account:
        """The deposit of anybody."""
        return self.state.accounts.get(address, Account(0, 0))

    def fund(self, address: str, *, stake_nrlc: int = 0, purse_nrlc: int = 0) -> None:
        """Give somebody a deposit, and RLC in hand."""
        self._change(address, stake_nrlc, 0)
        self.state.purses[address] = self.state.purses.get(address, 0) + purse_nrlc

    def _change(self, address: str, stake: int, locked: int) -> None:
        now = self.account(address)
        if now.stake_nrlc + stake < 0 or now.locked_nrlc + locked < 0:
            raise TransactionError("the contract refused: SafeMath: subtraction overflow")
        self.state.accounts[address] = Account(now.stake_nrlc + stake, now.locked_nrlc + locked)

    def _lock(self, owner: str, amount: int) -> None:
        self._change(owner, -amount, amount)
        self._emit("Lock", owner=owner, amount=amount)

    def _unlock(self, owner: str, amount: int) -> None:
        self._change(owner, amount, -amount)
        self._emit("Unlock", owner=owner, amount=amount)

    def _reward(self, owner: str, amount: int, ref: str) -> None:
        self._change(owner, amount, 0)
        self._emit("Reward", owner=owner, amount=amount, ref=ref)

    def _seize(self, owner: str, amount: int, ref: str) -> None:
        self._change(owner, 0, -amount)
        self._emit("Seize", owner=owner, amount=amount, ref=ref)

    def _deposit(self, sender: str, amount: int) -> None:
        require(self.state.purses.get(sender, 0) >= amount)
        self.state.purses[sender] -= amount
        self._change(sender, amount, 0)
        self._emit("Transfer", **{"from": ZERO_ADDRESS, "to": sender, "value": amount})

    def _withdraw(self, sender: str, amount: int) -> None:
        self._change(sender, -amount, 0)
        self.state.purses[sender] = self.state.purses.get(sender, 0) + amount
        self._emit("Transfer", **{"from": sender, "to": ZERO_ADDRESS, "value": amount})

    # The market

    def create_app(
        self, image: str, checksum: str = ZERO_HASH, *, owner: str, name: str = "demo", kind: str = "DOCKER"
    ) -> str:
        """Register an app; returns its address."""
        address = self._address("app")
        self.state.apps[address] = App(address, owner, name, kind, image, checksum)
        return address

    def create_dataset(self, location: str, checksum: str, *, owner: str, name: str = "data") -> str:
        """Register a dataset; returns its address."""
        address = self._address("dataset")
        self.state.datasets[address] = Dataset(address, owner, name, location.encode(), checksum)
        return address

    def create_pool(
        self, description: str = "pool", *, owner: str, stake_ratio: int = 30, reward_ratio: int = 1
    ) -> str:
        """Register a pool; returns its address."""
        address = self._address("pool")
        self.state.pools[address] = Workerpool(address, owner, description, stake_ratio, reward_ratio)
        return address

    def _address(self, what: str) -> str:
        count = len(self.state.apps) + len(self.state.datasets) + len(self.state.pools)
        return hex_text(keccak256(f"{what} {count}".encode())[12:])

    def place(
        self,
        app: str,
        *,
        pool: str,
        requester: str,
        dataset: str = ZERO_ADDRESS,
        volume: int = 1,
        category: int = 0,
        trust: int = 1,
        tag: str = ZERO_HASH,
        params: str = "{}",
        callback: str = ZERO_ADDRESS,
        app_price: int = 0,
        dataset_price: int = 0,
        pool_price: int = 1000,
    ) -> Placed:
        """Match orders; requester and pool owner pay and pledge from their deposits."""
        owner = self.state.pools[pool]
        there = self.state.datasets.get(dataset)
        deal = Deal(
            deal_id=hex_text(keccak256(f"deal {self._made} {len(self.state.deals)}".encode())),
            app=Resource(app, self.state.apps[app].owner, app_price),
            dataset=Resource(dataset, there.owner if there else ZERO_ADDRESS, dataset_price if there else 0),
            workerpool=Resource(pool, owner.owner, pool_price),
            trust=max(trust, 1),
            category=category,
            tag=tag,
            requester=requester,
            beneficiary=requester,
            callback=callback,
            params=params,
            start_utc=self.now_utc,
            bot_first=0,
            bot_size=volume,
            worker_stake_nrlc=pool_price * owner.worker_stake_ratio // 100,
            scheduler_reward_ratio=owner.scheduler_reward_ratio,
            sponsor=requester,
        )
        self.transact("match", requester, deal)
        return Placed(deal.deal_id, tuple(ids.task_id(deal.deal_id, n) for n in range(volume)))

    def _match(self, _sender: str, deal: Deal) -> None:
        owed = ((deal.sponsor, price(deal)), (deal.workerpool.owner, pool_stake(deal)))
        for who, amount in owed:
            require(self.account(who).stake_nrlc >= amount * deal.bot_size)
        self.state.deals[deal.deal_id] = replace(deal, start_utc=self.now_utc)
        for who, amount in owed:
            self._lock(who, amount * deal.bot_size)
        self._emit("SchedulerNotice", workerpool=deal.workerpool.pointer, dealid=deal.deal_id)


def signer_of(digest: bytes, signature: str) -> str | None:
    """The address that signed 32 bytes with EIP-191's prefix, or None."""
    from eth_keys.datatypes import Signature
    from eth_keys.exceptions import BadSignature
    from eth_utils.exceptions import ValidationError

    try:
        data = bytes.fromhex(signature.removeprefix("0x"))
        signed = Signature(data[:64] + bytes([data[64] - 27]))
        return signed.recover_public_key_from_msg_hash(personal(digest)).to_address()
    except (BadSignature, ValidationError, ValueError, IndexError):
        return None


def personal(digest: bytes) -> bytes:
    """What EIP-191 makes of 32 bytes before they are signed."""
    return keccak256(b"\x19Ethereum Signed Message:\n32" + digest)


def matches(event: Event, name: str, topics: Mapping[int, str] | tuple[str, ...]) -> bool:
    """Whether an event has this name and these indexed arguments."""
    indexed = INDEXED.get(name, ())
    wanted = dict(enumerate(topics)) if isinstance(topics, tuple) else topics
    return event.name == name and all(event.arguments[indexed[n]] == value for n, value in wanted.items())


INDEXED = {
    "SchedulerNotice": ("workerpool",),
    "TaskInitialize": ("taskid", "workerpool"),
    "TaskContribute": ("taskid", "worker"),
    "TaskConsensus": ("taskid",),
    "TaskReveal": ("taskid", "worker"),
    "TaskReopen": ("taskid",),
    "TaskFinalize": ("taskid",),
    "TaskClaimed": ("taskid",),
    "AccurateContribution": ("worker", "taskid"),
    "FaultyContribution": ("worker", "taskid"),
    "Transfer": ("from", "to"),
}


def require(holds: object) -> None:
    """What the contracts do without a word when something does not hold."""
    if not holds:
        raise TransactionError("the contract refused")


def known(time_utc: datetime | None) -> datetime:
    """A deadline that must be there."""
    if time_utc is None:
        raise ChainError("a deadline is missing")
    return time_utc


def price(deal: Deal) -> int:
    """What one task of a deal costs."""
    return deal.app.price_nrlc + deal.dataset.price_nrlc + deal.workerpool.price_nrlc


def pool_stake(deal: Deal) -> int:
    """What a pool pledges for one task."""
    return deal.workerpool.price_nrlc * 30 // 100


def callback_fits(deal: Deal, data: bytes, digest: str) -> bool:
    """Whether the data for a callback is what the digest says."""
    return (deal.callback == ZERO_ADDRESS and not data) or hex_text(keccak256(data)) == digest


def unset(task_id: str) -> Task:
    """``viewTask`` of a task that nobody initialised."""
    return Task(
        task_id=task_id,
        status=TaskStatus.UNSET,
        deal_id=ZERO_HASH,
        index=0,
        time_ref_s=0,
        contribution_deadline_utc=None,
        reveal_deadline_utc=None,
        final_deadline_utc=None,
        consensus=ZERO_HASH,
        reveal_count=0,
        winner_count=0,
        contributors=(),
        result_digest=ZERO_HASH,
        results=b"",
        callback_data=b"",
    )


def no_deal(deal_id: str) -> Deal:
    """What the contract says of a deal that there is not."""
    nobody = Resource(ZERO_ADDRESS, ZERO_ADDRESS, 0)
    return Deal(
        deal_id=deal_id,
        app=nobody,
        dataset=nobody,
        workerpool=nobody,
        trust=0,
        category=0,
        tag=ZERO_HASH,
        requester=ZERO_ADDRESS,
        beneficiary=ZERO_ADDRESS,
        callback=ZERO_ADDRESS,
        params="",
        start_utc=datetime.fromtimestamp(0, UTC),
        bot_first=0,
        bot_size=0,
        worker_stake_nrlc=0,
        scheduler_reward_ratio=0,
        sponsor=ZERO_ADDRESS,
    )

"""What is read from the contracts; addresses and hashes are lower-case 0x texts, amounts nRLC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

__all__ = [
    "ZERO_ADDRESS",
    "ZERO_HASH",
    "Account",
    "App",
    "Block",
    "Category",
    "Contribution",
    "ContributionStatus",
    "Dataset",
    "Deal",
    "Event",
    "Receipt",
    "Resource",
    "Task",
    "TaskStatus",
    "Workerpool",
]

ZERO_ADDRESS = "0x" + "00" * 20
ZERO_HASH = "0x" + "00" * 32


class TaskStatus(IntEnum):
    """Where a task stands on the chain."""

    UNSET = 0
    ACTIVE = 1
    REVEALING = 2
    COMPLETED = 3
    FAILED = 4


class ContributionStatus(IntEnum):
    """Where a worker's contribution stands on the chain."""

    UNSET = 0
    CONTRIBUTED = 1
    REVEALED = 2
    REJECTED = 3


@dataclass(frozen=True, slots=True)
class Block:
    """The latest block that the chain's node knows."""

    number: int
    time_utc: datetime


@dataclass(frozen=True, slots=True)
class Resource:
    """App, dataset or pool of a deal; *pointer* is its address."""

    pointer: str
    owner: str
    price_nrlc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """``viewDeal``; *params* is text of a stranger's."""

    deal_id: str
    app: Resource
    dataset: Resource
    workerpool: Resource
    trust: int
    category: int
    tag: str
    requester: str
    beneficiary: str
    callback: str
    params: str
    start_utc: datetime
    bot_first: int
    bot_size: int
    worker_stake_nrlc: int
    scheduler_reward_ratio: int
    sponsor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """``viewTask``; *time_ref_s* is the category's time, deadlines are None while UNSET."""

    task_id: str
    status: TaskStatus
    deal_id: str
    index: int
    time_ref_s: int
    contribution_deadline_utc: datetime | None
    reveal_deadline_utc: datetime | None
    final_deadline_utc: datetime | None
    consensus: str
    reveal_count: int
    winner_count: int
    contributors: tuple[str, ...]
    result_digest: str
    results: bytes
    callback_data: bytes


@dataclass(frozen=True, slots=True)
class Contribution:
    """``viewContribution``."""

    status: ContributionStatus
    result_hash: str
    result_seal: str
    enclave_challenge: str
    weight: int


@dataclass(frozen=True, slots=True)
class Account:
    """Deposit in the hub: free and locked."""

    stake_nrlc: int
    locked_nrlc: int


@dataclass(frozen=True, slots=True)
class Category:
    """``viewCategory``; *time_ref_s* is the longest that a task's container may run."""

    number: int
    name: str
    time_ref_s: int


@dataclass(frozen=True, slots=True)
class App:
    """``viewApp``; *image* is its multiaddr as text, *kind* ``DOCKER``."""

    address: str
    owner: str
    name: str
    kind: str
    image: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """``viewDataset``; *location* is its multiaddr as it is."""

    address: str
    owner: str
    name: str
    location: bytes
    checksum: str


@dataclass(frozen=True, slots=True)
class Workerpool:
    """A pool's contract; ratios in percent."""

    address: str
    owner: str
    description: str
    worker_stake_ratio: int
    scheduler_reward_ratio: int


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log; *arguments* by name, bytes as 0x texts, addresses lower-case."""

    name: str
    block_number: int
    block_hash: str
    tx_hash: str
    log_index: int
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that is in a block and did what it is for."""

    tx_hash: str
    block_number: int
    gas_used: int
    events: tuple[Event, ...] = ()

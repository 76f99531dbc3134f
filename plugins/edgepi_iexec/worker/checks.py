"""What must be true before a worker goes on: authorisation, deal, pool, stake, deadlines."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi.errors import ProtocolError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import (
    Account,
    App,
    Category,
    Contribution,
    ContributionStatus,
    Deal,
    Task,
    TaskStatus,
)
from edgepi_iexec.protocol import ids
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.models import WorkerpoolAuthorization
from edgepi_iexec.worker.steps import Sight, seen_on_chain

__all__ = [
    "Terms",
    "View",
    "cannot_contribute",
    "check_authorization",
    "finish_due",
    "here",
    "read_terms",
    "sight",
    "view",
]


REVEAL_RATIO = 2  # of the category's time, from the consensus on


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed about a task; never changes."""

    deal: Deal
    app: App
    category: Category


@dataclass(frozen=True, slots=True)
class View:
    """What the chain says of a task at one time; *now_utc* is its latest block's."""

    now_utc: datetime
    block: int
    task: Task
    contribution: Contribution
    account: Account


async def read_terms(chain: Chain, deal_id: str) -> Terms:
    """Read what was agreed; raises ChainError."""
    deal = await chain.deal(deal_id)
    app, category = await asyncio.gather(chain.app(deal.app.pointer), chain.category(deal.category))
    return Terms(deal, app, category)


async def view(chain: Chain, task_id: str) -> View:
    """Read where a task stands; raises ChainError."""
    block, task, contribution, account = await asyncio.gather(
        chain.latest_block(),
        chain.task(task_id),
        chain.contribution(task_id, chain.address),
        chain.account(chain.address),
    )
    return View(block.time_utc, block.number, task, contribution, account)


def cannot_contribute(
    seen: View, deal: Deal, authorization: WorkerpoolAuthorization | None, *, stake_matters: bool = True
) -> ReplicateCause | None:
    """The first reason, in the protocol's order, why a contribution would be in vain."""
    deadline = seen.task.contribution_deadline_utc
    if authorization is None:
        return ReplicateCause.WORKERPOOL_AUTHORIZATION_NOT_FOUND
    if stake_matters and seen.account.stake_nrlc < deal.worker_stake_nrlc:
        return ReplicateCause.STAKE_TOO_LOW
    if seen.task.status is not TaskStatus.ACTIVE:
        return ReplicateCause.TASK_NOT_ACTIVE
    if deadline is None or seen.now_utc >= deadline:
        return ReplicateCause.CONTRIBUTION_TIMEOUT
    if seen.contribution.status is not ContributionStatus.UNSET:
        return ReplicateCause.CONTRIBUTION_ALREADY_SET
    return None


def sight(seen: View, result_hash: str | None) -> Sight:
    """What the chain alone says is next for a contribution of this result."""
    task = seen.task
    return seen_on_chain(
        task.status,
        seen.contribution.status,
        agrees=result_hash is not None and task.consensus == seen.contribution.result_hash == result_hash,
        reveal_open=task.reveal_deadline_utc is not None and seen.now_utc < task.reveal_deadline_utc,
        final_open=task.final_deadline_utc is None or seen.now_utc < task.final_deadline_utc,
    )


def here(chain_utc: datetime | None, seen: View, now_utc: datetime) -> datetime | None:
    """When a moment of the chain's time comes by the node's clock.

    Where the chain's time runs ahead, sooner; where it seems to lag it may only be that no block came.
    """
    return None if chain_utc is None else chain_utc - max(seen.now_utc - now_utc, timedelta())


def finish_due(seen: View, now_utc: datetime) -> datetime | None:
    """By when to reveal, by the node's clock: before consensus the earliest that may be, if it came now."""
    task = seen.task
    if task.status is TaskStatus.REVEALING and seen.contribution.status is ContributionStatus.CONTRIBUTED:
        return here(task.reveal_deadline_utc, seen, now_utc)
    final = here(task.final_deadline_utc, seen, now_utc)
    if task.status is TaskStatus.ACTIVE and final is not None:
        return min(now_utc + REVEAL_RATIO * timedelta(seconds=task.time_ref_s), final)
    return final


async def check_authorization(
    chain: Chain, authorization: WorkerpoolAuthorization, deal: Deal, task: Task, pool: str
) -> None:
    """Refuse an authorisation that is not for this worker, this task or this pool, or not by its owner.

    Raises:
        ProtocolError: it is none.
        ChainError: the chain cannot be asked.
    """
    if authorization.worker != chain.address:
        raise ProtocolError("the authorisation is for another worker")
    if ids.task_id(task.deal_id, task.index) != authorization.task_id:
        raise ProtocolError("the authorisation is for another task than its deal says")
    told = (authorization.deal_id, authorization.task_index)
    if authorization.deal_id and told != (task.deal_id, task.index):
        raise ProtocolError("the authorisation names another deal")
    if deal.workerpool.pointer != pool:
        raise ProtocolError("the deal is with another pool")
    hashed = authorization_hash(authorization.worker, authorization.task_id, authorization.enclave_challenge)
    signer, contract = await asyncio.gather(
        chain.recover_personal(hashed, authorization.signature), chain.workerpool(pool)
    )
    if signer != contract.owner:
        raise ProtocolError("the authorisation is not signed by the pool's owner")

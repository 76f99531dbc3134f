"""What follows for a task from what the chain says and its workers reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from edgepi_iexec.chain.model import ContributionStatus, TaskStatus
from edgepi_iexec.pool.model import ENDED, PoolTask, Replicate, Stage, StatusChange
from edgepi_iexec.pool.revealing import revealing
from edgepi_iexec.pool.stepping import (
    CONTRIBUTED,
    NOTHING,
    OVER,
    REVEALED,
    STARTED,
    Patience,
    Step,
    Transaction,
    View,
)
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["advance", "is_over"]

S = ReplicateStatus
_BEFORE_CHAIN = frozenset({Stage.RECEIVED, Stage.INITIALIZING})
_GIVING_OUT = frozenset({Stage.INITIALIZED, Stage.RUNNING, Stage.REOPENED})
_AFTER_CONSENSUS = (
    frozenset(Stage)
    - _BEFORE_CHAIN
    - _GIVING_OUT
    - ENDED
    - {
        Stage.CONTRIBUTION_TIMEOUT,
        Stage.FINAL_DEADLINE_REACHED,
    }
)


def advance(task: PoolTask, view: View, patience: Patience) -> Step:  # noqa: PLR0911 (one for each status)
    """Return the next step of *task*, or `NOTHING`; ask again after each step that was carried out."""
    if task.stage in ENDED:
        return NOTHING
    status = view.chain.status
    if status is TaskStatus.UNSET:
        return _unset(task, view, patience)
    if status is TaskStatus.COMPLETED:
        return _corrected(view, patience) or _finished(task, view, patience)
    if status is TaskStatus.FAILED:
        return _failed(task, view)
    if task.stage in _BEFORE_CHAIN:
        return Step(_initialized(task, view))
    if (step := _corrected(view, patience)) or (step := _too_late(task, view, patience)):
        return step
    if status is TaskStatus.REVEALING:
        return revealing(task, view, patience)
    return _active(task, view)


def is_over(task: PoolTask, shares: Iterable[Replicate], chain_utc: datetime) -> bool:
    """Whether nobody has anything to say about a task any more."""
    if task.stage not in ENDED:
        return False
    return chain_utc > task.final_deadline_utc or all(share.status in OVER for share in shares)


def _unset(task: PoolTask, view: View, patience: Patience) -> Step:
    if view.block.number < max(task.init_block, task.deal_block):
        return NOTHING  # the node lags behind what it showed before
    if not view.deal_exists:
        return _failed(task, view)
    if view.block.time_utc >= task.final_deadline_utc:
        return _expired(task, view, patience, Transaction.INITIALIZE_AND_CLAIM)
    if view.block.time_utc >= task.contribution_deadline_utc:
        return _timed_out(task, view)
    began = None if task.stage is Stage.INITIALIZING else task.at(Stage.INITIALIZING, view.now_utc)
    return Step(began, transaction=Transaction.INITIALIZE)


def _initialized(task: PoolTask, view: View) -> PoolTask:
    chain = view.chain
    assert chain.contribution_deadline_utc is not None
    assert chain.final_deadline_utc is not None
    return replace(
        task.at(Stage.INITIALIZED, view.now_utc, block_number=view.block.number),
        contribution_deadline_utc=chain.contribution_deadline_utc,
        final_deadline_utc=chain.final_deadline_utc,
        init_block=task.init_block or view.block.number,
    )


def _corrected(view: View, patience: Patience) -> Step:
    """Replicates as the chain has them, where the worker had time to say so itself."""
    changed = [_as_on_chain(wallet, view, patience) for wallet in {*view.contributions, *view.shares}]
    return Step(shares=tuple(share for share in changed if share is not None))


def _as_on_chain(wallet: str, view: View, patience: Patience) -> Replicate | None:  # noqa: C901
    chain, share = view.contributions.get(wallet), view.shares.get(wallet)
    if chain is None or chain.status is ContributionStatus.UNSET:
        return _without(share, view, patience)
    if share is None:  # authorised by this pool, which has lost its memory of it
        share = Replicate(
            task_id=view.chain.task_id,
            wallet=wallet,
            history=(StatusChange(S.CONTRIBUTING, view.now_utc - patience.unreported, by_pool=True),),
        )
    elif view.now_utc - share.since_utc < patience.unreported and not share.contribution_hash:
        return None
    now = share
    if not share.contribution_hash or share.weight != chain.weight:
        now = replace(now, contribution_hash=chain.result_hash, weight=chain.weight)
    if chain.status is ContributionStatus.REJECTED:
        rejected = replace(now, rejected=True)
        if share.status not in OVER:
            rejected = rejected.at(S.FAILED, view.now_utc, cause="REVEAL_TIMEOUT", by_pool=True)
        return None if share.rejected else rejected
    if chain.status is ContributionStatus.REVEALED and view.chain.status is TaskStatus.COMPLETED:
        wanted, enough = S.CONTRIBUTE_AND_FINALIZE_DONE, REVEALED
        if share.standing not in {S.CONTRIBUTE_AND_FINALIZE_ONGOING, S.CONTRIBUTE_AND_FINALIZE_FAILED}:
            wanted = S.REVEALED
    elif chain.status is ContributionStatus.REVEALED:
        wanted, enough = S.REVEALED, REVEALED
    else:
        wanted, enough = S.CONTRIBUTED, CONTRIBUTED
    overdue = view.now_utc - share.since_utc >= patience.unreported
    if share.standing not in enough and share.status not in OVER and overdue:
        now = now.at(wanted, view.now_utc, by_pool=True)
    return None if now is share else now


def _without(share: Replicate | None, view: View, patience: Patience) -> Replicate | None:
    """A contribution that was seen and is gone, as when the chain reorganised."""
    if share is None or not share.contribution_hash or view.now_utc - share.since_utc < patience.unreported:
        return None
    return replace(share, contribution_hash="", weight=0)


def _too_late(task: PoolTask, view: View, patience: Patience) -> Step:
    if view.block.time_utc < task.final_deadline_utc:
        return NOTHING
    return _expired(task, view, patience, Transaction.CLAIM)


def _expired(task: PoolTask, view: View, patience: Patience, how: Transaction) -> Step:
    if not patience.claim:
        return _failed(task, view)
    reached = task.stage is Stage.FINAL_DEADLINE_REACHED
    return Step(None if reached else task.at(Stage.FINAL_DEADLINE_REACHED, view.now_utc), transaction=how)


def _active(task: PoolTask, view: View) -> Step:
    if task.stage in _AFTER_CONSENSUS:
        lags = view.block.number < task.consensus_block
        reopened = replace(
            task.at(Stage.REOPENED, view.now_utc, block_number=view.block.number),
            consensus="",
            winner_count=0,
            reveal_deadline_utc=None,
            uploader="",
        )
        return NOTHING if lags else Step(reopened)
    if task.stage not in _GIVING_OUT:
        return NOTHING
    if view.block.time_utc >= task.contribution_deadline_utc:
        return _timed_out(task, view)
    started = any(share.standing in STARTED for share in view.shares.values())
    if task.stage is not Stage.RUNNING and started and task.stage is not Stage.REOPENED:
        return Step(task.at(Stage.RUNNING, view.now_utc))
    return NOTHING


def _timed_out(task: PoolTask, view: View) -> Step:
    if task.stage is Stage.CONTRIBUTION_TIMEOUT:
        return NOTHING
    return Step(task.at(Stage.CONTRIBUTION_TIMEOUT, view.now_utc))


def _finished(task: PoolTask, view: View, patience: Patience) -> Step:
    late = view.now_utc - patience.unreported
    for wallet in view.contributions:
        share = view.shares.get(wallet)
        if (
            share is not None
            and share.standing is S.CONTRIBUTE_AND_FINALIZE_ONGOING
            and share.since_utc > late
        ):
            return NOTHING  # it is about to say so itself
    link = task.result_link or view.chain.results.decode("utf-8", "replace")
    done = task.at(Stage.FINALIZED, view.now_utc, block_number=view.block.number)
    done = replace(done.at(Stage.COMPLETED, view.now_utc), result_link=link)
    if view.chain.callback_data:
        done = replace(done, callback_data="0x" + view.chain.callback_data.hex())
    return Step(done)


def _failed(task: PoolTask, view: View) -> Step:
    shares = [share for share in view.shares.values() if share.status not in OVER]
    return Step(
        task.at(Stage.FAILED, view.now_utc),
        tuple(share.at(S.FAILED, view.now_utc, by_pool=True) for share in shares),
    )

"""From consensus to the last transaction: who reveals, who uploads, when to finalise or reopen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edgepi_iexec.pool.model import PoolTask, Replicate, Stage
from edgepi_iexec.pool.stepping import (
    CONTRIBUTED,
    NOTHING,
    OVER,
    REVEALED,
    Patience,
    Step,
    Transaction,
    View,
)
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["revealing", "winners"]

S = ReplicateStatus
_NO_UPLOAD = frozenset({S.RESULT_UPLOAD_FAILED, S.COMPLETE_FAILED})
_BEFORE = frozenset({Stage.INITIALIZED, Stage.RUNNING, Stage.REOPENED, Stage.CONTRIBUTION_TIMEOUT})


def winners(task: PoolTask, shares: Iterable[Replicate]) -> list[Replicate]:
    """Those who contributed what the consensus is."""
    return [one for one in shares if task.consensus and one.contribution_hash == task.consensus]


def revealing(task: PoolTask, view: View, patience: Patience) -> Step:  # noqa: PLR0911 (one for each stage)
    """The next step while the chain says REVEALING."""
    if task.stage in _BEFORE:
        return _consensus(task, view)
    if task.stage is Stage.REOPENING and view.chain.reveal_count:
        return Step(task.at(Stage.AT_LEAST_ONE_REVEALED, view.now_utc))
    if _nobody_reveals(view):
        return _reopen(task, view)
    revealed = [one for one in winners(task, view.shares.values()) if one.standing in REVEALED]
    if task.stage is Stage.CONSENSUS_REACHED:
        return Step(task.at(Stage.AT_LEAST_ONE_REVEALED, view.now_utc)) if revealed else NOTHING
    if task.stage in {Stage.AT_LEAST_ONE_REVEALED, Stage.RESULT_UPLOADING, Stage.RESULT_UPLOAD_TIMEOUT}:
        return _upload(task, revealed, view, patience)
    if task.stage in {Stage.RESULT_UPLOADED, Stage.FINALIZING, Stage.FINALIZE_FAILED}:
        return _finalize(task, view)
    return NOTHING


def _consensus(task: PoolTask, view: View) -> Step:
    chain = view.chain
    agree = [
        one
        for one in view.shares.values()
        if one.contribution_hash == chain.consensus and one.standing in CONTRIBUTED | OVER
    ]
    if len(agree) < chain.winner_count or not view.consensus_block:
        return NOTHING  # who won may not have had the answer to its own report yet
    return Step(
        replace(
            task.at(Stage.CONSENSUS_REACHED, view.now_utc, block_number=view.consensus_block),
            consensus=chain.consensus,
            consensus_block=view.consensus_block,
            winner_count=chain.winner_count,
            reveal_deadline_utc=chain.reveal_deadline_utc,
        )
    )


def _nobody_reveals(view: View) -> bool:
    deadline = view.chain.reveal_deadline_utc
    return deadline is not None and view.block.time_utc >= deadline and not view.chain.reveal_count


def _reopen(task: PoolTask, view: View) -> Step:
    if view.block.time_utc >= task.contribution_deadline_utc:
        return NOTHING  # nobody could contribute again: it is claimed at its final deadline
    began = None if task.stage is Stage.REOPENING else task.at(Stage.REOPENING, view.now_utc)
    return Step(began, transaction=Transaction.REOPEN)


def _upload(task: PoolTask, revealed: list[Replicate], view: View, patience: Patience) -> Step:
    for share in revealed:
        if share.standing is S.RESULT_UPLOADED and (share.result_link or share.callback_data):
            return Step(_uploaded(task, share.result_link, share.callback_data, view))
    asked = view.shares.get(task.uploader)
    waiting = asked is not None and asked.standing in {S.RESULT_UPLOAD_REQUESTED, S.RESULT_UPLOADING}
    if waiting and view.now_utc - task.since_utc < patience.upload:
        return NOTHING
    if view.stored_link:
        return Step(_uploaded(task, view.stored_link, "", view))
    others = [one for one in revealed if one.standing is S.REVEALED and one.wallet in view.surplus]
    if not others:
        return _nobody_uploads(task, revealed, view)
    chosen = min(others, key=lambda one: (-view.surplus[one.wallet], one.since_utc, one.wallet))
    changed = [chosen.at(S.RESULT_UPLOAD_REQUESTED, view.now_utc, by_pool=True)]
    if waiting:
        assert asked is not None
        changed.append(asked.at(S.RESULT_UPLOAD_FAILED, view.now_utc, by_pool=True))
    return Step(
        replace(task.at(Stage.RESULT_UPLOADING, view.now_utc), uploader=chosen.wallet), tuple(changed)
    )


def _nobody_uploads(task: PoolTask, revealed: list[Replicate], view: View) -> Step:
    """Keep waiting for who may come back; say so when all have failed."""
    hopeless = all(one.standing in _NO_UPLOAD for one in revealed)
    if hopeless and revealed and task.stage is not Stage.RESULT_UPLOAD_TIMEOUT:
        return Step(task.at(Stage.RESULT_UPLOAD_TIMEOUT, view.now_utc))
    return NOTHING


def _uploaded(task: PoolTask, link: str, callback_data: str, view: View) -> PoolTask:
    done = task.at(Stage.RESULT_UPLOADED, view.now_utc)
    return replace(done, result_link=link, callback_data=callback_data)


def _finalize(task: PoolTask, view: View) -> Step:
    chain = view.chain
    late = chain.reveal_deadline_utc is not None and view.block.time_utc >= chain.reveal_deadline_utc
    complete = chain.reveal_count == chain.winner_count or (late and chain.reveal_count > 0)
    if not complete:
        return NOTHING
    began = None if task.stage is Stage.FINALIZING else task.at(Stage.FINALIZING, view.now_utc)
    return Step(began, transaction=Transaction.FINALIZE)

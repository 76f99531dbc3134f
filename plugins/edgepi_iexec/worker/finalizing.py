"""The stage that contributes, reveals and finalises in one transaction, where a pool asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepi.errors import ChainError, ComputeError, MarketError, WalletError
from edgepi_iexec.chain.model import ContributionStatus, Receipt
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.ids import result_hash
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.checks import View
from edgepi_iexec.worker.contributing import (
    FOR_EVER_S,
    MAX_FAILURES,
    NOT_YET,
    Pending,
    look_before,
    obstacle,
    promise,
    proof,
)
from edgepi_iexec.worker.ending import deliver
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.taskbook import StageEnd

if TYPE_CHECKING:
    from edgepi_iexec.worker.life import TaskLife

__all__ = ["contribute_and_finalize"]

_S = ReplicateStatus
_C = ReplicateCause
Next = NotificationType | None


async def contribute_and_finalize(life: TaskLife) -> Next:
    """For a pool that asks for it with trust 1: upload, then contribute, reveal and finalise at once."""
    if life.state.digest is None:
        raise StageEnd(_C.DETERMINISM_HASH_NOT_FOUND, "there is no result to contribute")
    seen = await look_before(life)
    if life.state.status is not _S.CONTRIBUTE_AND_FINALIZE_ONGOING:
        await promise(life)
        await life.begin(_S.CONTRIBUTE_AND_FINALIZE_ONGOING, receipt_block=seen.block, receipt_tx=None)
    await life.lease.begin_finish()  # nobody is waited for, so the node must not sleep
    failures = 0
    while (answer := await _try_finalize(life)) is NOT_YET:
        failures += 1
        if failures >= MAX_FAILURES:
            return await life.failed(_S.CONTRIBUTE_AND_FINALIZE_FAILED, _C.CHAIN_RECEIPT_NOT_VALID)
        await life.desk.clock.sleep(backed_off(failures, 0.5, 30.0))
    return answer


async def _try_finalize(life: TaskLife) -> Next | Pending:
    seen = await life.patiently(life.see, FOR_EVER_S)
    if seen.contribution.status is ContributionStatus.REVEALED:
        assert life.state.digest is not None
        if seen.contribution.result_hash != result_hash(life.state.task_id, life.state.digest):
            why = "another result was contributed before"
            return await life.failed(_S.CONTRIBUTE_AND_FINALIZE_FAILED, _C.TASK_ALREADY_CONTRIBUTED, why)
        block, tx = await proof(life, "TaskContribute")
        return await life.done(_S.CONTRIBUTE_AND_FINALIZE_DONE, receipt_block=block, receipt_tx=tx)
    if (cause := await _not_finalizable(life, seen)) is not None:
        return await life.failed(_S.CONTRIBUTE_AND_FINALIZE_FAILED, cause)
    try:
        link = await deliver(life)
    except (MarketError, ComputeError, OSError) as error:
        cause = _C.RESULT_LINK_MISSING
        return await life.failed(_S.CONTRIBUTE_AND_FINALIZE_FAILED, cause, str(error)[:200])
    await life.save(result_link=link)
    try:
        receipt = await _finalize(life, link)
    except (ChainError, WalletError) as error:
        life.desk.log.warning("task %s: finalising failed: %s", life.state.task_id, error)
        return NOT_YET
    return await life.done(
        _S.CONTRIBUTE_AND_FINALIZE_DONE, receipt_block=receipt.block_number, receipt_tx=receipt.tx_hash
    )


async def _not_finalizable(life: TaskLife, seen: View) -> ReplicateCause | None:
    terms = await life.patiently(life.agreed)
    if terms.deal.trust > 1:
        return _C.TRUST_NOT_1
    if seen.task.contributors:
        return _C.TASK_ALREADY_CONTRIBUTED
    return await obstacle(life, seen, stake_matters=False)


async def _finalize(life: TaskLife, link: str) -> Receipt:
    state = life.state
    assert state.digest is not None
    assert state.authorization is not None
    return await life.desk.chain.contribute_and_finalize(
        state.task_id,
        state.digest,
        link.encode(),
        bytes.fromhex((state.callback_data or "").removeprefix("0x")),
        state.authorization.enclave_challenge,
        state.authorization.signature,
    )

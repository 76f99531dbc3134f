"""The two stages with a stake: contribute and reveal."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from edgepi.errors import ChainError, TransactionError, WalletError
from edgepi.model import LeaseState
from edgepi_iexec.chain.model import ContributionStatus, Receipt, TaskStatus
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.ids import result_hash, result_seal
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.checks import View, cannot_contribute
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.steps import Sight, at_stake
from edgepi_iexec.worker.taskbook import StageEnd

if TYPE_CHECKING:
    from edgepi_iexec.worker.life import TaskLife

__all__ = [
    "FOR_EVER_S",
    "MAX_FAILURES",
    "NOT_YET",
    "Pending",
    "contribute",
    "look_before",
    "obstacle",
    "promise",
    "proof",
    "reveal",
]

_S = ReplicateStatus
_C = ReplicateCause
Next = NotificationType | None


class Pending(Enum):
    """What a try returns that has to be repeated."""

    NOT_YET = "not yet"


NOT_YET: Final = Pending.NOT_YET
MAX_FAILURES = 3
GAS_OF_A_TASK = 1_000_000
STALE_S = 10.0
FOR_EVER_S = float("inf")


async def contribute(life: TaskLife) -> Next:
    """Ask whether the finish is safe, then send the contribution; one that is there already is found."""
    if life.state.digest is None:
        raise StageEnd(_C.DETERMINISM_HASH_NOT_FOUND, "there is no result to contribute")
    seen = await look_before(life)
    if (answer := await _contributed_before(life, seen)) is not NOT_YET:
        return answer
    if life.state.status is not _S.CONTRIBUTING:
        await promise(life)
        since = life.desk.clock.monotonic()
        await life.begin(_S.CONTRIBUTING, receipt_block=seen.block, receipt_tx=None)
        if life.desk.clock.monotonic() - since > STALE_S:
            seen = await look_before(life)  # by when to reveal counts from now
    if (cause := await obstacle(life, seen)) is not None:
        return await life.failed(_S.CONTRIBUTE_FAILED, cause)
    return await _send_contribution(life)


async def look_before(life: TaskLife) -> View:
    """Look at the chain; leaves the stage if it cannot be asked and nothing is at stake."""
    try:
        return await life.see_patiently()
    except ChainError as error:
        if at_stake(life.state):
            return await life.patiently(life.see, FOR_EVER_S)
        raise StageEnd(_C.CHAIN_UNREACHABLE, f"the chain cannot be asked: {error}") from error


async def promise(life: TaskLife) -> None:
    """Ask whether the finish is safe; leaves the stage if it is not."""
    if life.lease.state is LeaseState.PAUSED:
        await life.lease.permitted()
        await look_before(life)  # by when to reveal counts from now, not from before the pause
    answer = await life.lease.commit()
    if not answer.yes:
        raise StageEnd(_C.ABORTED_BY_WORKER, f"nothing is promised: {answer.sentence}")


async def obstacle(life: TaskLife, seen: View, *, stake_matters: bool = True) -> ReplicateCause | None:
    """Why a contribution would be in vain."""
    terms = await life.patiently(life.agreed)
    state = life.state
    cause = cannot_contribute(seen, terms.deal, state.authorization, stake_matters=stake_matters)
    return cause or (None if await _enough_gas(life) else _C.OUT_OF_GAS)


async def _enough_gas(life: TaskLife) -> bool:
    chain, cap = life.desk.chain, life.desk.settings.gas_price_cap_wei
    if life.desk.sidechain:
        return True
    price = min(await life.patiently(chain.gas_price_wei), cap)
    return await life.patiently(lambda: chain.balance_wei(chain.address)) >= GAS_OF_A_TASK * price


async def _contributed_before(life: TaskLife, seen: View) -> Next | Pending:
    """Report a contribution of this result that the chain has already; else `NOT_YET`."""
    state = life.state
    if seen.contribution.status is ContributionStatus.UNSET or state.digest is None:
        return NOT_YET
    if seen.contribution.result_hash != result_hash(state.task_id, state.digest):
        raise StageEnd(_C.CONTRIBUTION_ALREADY_SET, "another result was contributed before")
    block, tx = await proof(life, "TaskContribute")
    answer = await life.done(_S.CONTRIBUTED, receipt_block=block, receipt_tx=tx)
    life.look()  # the call to reveal may have been missed
    return answer


async def proof(life: TaskLife, event: str) -> tuple[int, str | None]:
    """Block and transaction of an event of this worker's own, of an earlier life perhaps."""
    chain, state = life.desk.chain, life.state
    try:
        latest = await chain.latest_block()
        since = max(state.receipt_block, latest.number - 50_000, 0)
        found = await chain.events(
            event, from_block=since, to_block=latest.number, topics=(state.task_id, chain.address)
        )
    except ChainError as error:
        life.desk.log.info("the proof of %s cannot be found: %s", event, error)
        return state.receipt_block, state.receipt_tx
    return (found[-1].block_number, found[-1].tx_hash) if found else (state.receipt_block, state.receipt_tx)


async def _send_contribution(life: TaskLife) -> Next:
    failures = 0
    while True:
        try:
            receipt = await _transact(life)
        except (ChainError, WalletError) as error:
            life.desk.log.warning("task %s: contributing failed: %s", life.state.task_id, error)
            failures += isinstance(error, TransactionError | WalletError)
        else:
            return await life.done(
                _S.CONTRIBUTED, receipt_block=receipt.block_number, receipt_tx=receipt.tx_hash
            )
        seen = await life.patiently(life.see, FOR_EVER_S)
        if (answer := await _contributed_before(life, seen)) is not NOT_YET:
            return answer
        if (cause := await obstacle(life, seen)) is not None:
            return await life.failed(_S.CONTRIBUTE_FAILED, cause)
        if failures >= MAX_FAILURES:
            return await life.failed(_S.CONTRIBUTE_FAILED, _C.CHAIN_RECEIPT_NOT_VALID)
        await life.desk.clock.sleep(backed_off(failures, 0.5, 30.0))


async def _transact(life: TaskLife) -> Receipt:
    state, chain = life.state, life.desk.chain
    assert state.digest is not None
    assert state.authorization is not None
    return await chain.contribute(
        state.task_id,
        result_hash(state.task_id, state.digest),
        result_seal(chain.address, state.task_id, state.digest),
        state.authorization.enclave_challenge,
        state.authorization.signature,
    )


async def reveal(life: TaskLife) -> Next:
    """Reveal as soon as the chain allows it; tries until it is done or cannot be done any more."""
    state = life.state
    if state.digest is None:
        return await life.failed(_S.REVEAL_FAILED, _C.DETERMINISM_HASH_NOT_FOUND)
    await life.lease.begin_finish()
    await life.begin(_S.REVEALING, tries=1)  # the stake does not wait for the scheduler
    since, attempt = life.desk.clock.monotonic(), 0
    while True:
        try:
            if (answer := await _try_reveal(life)) is not NOT_YET:
                return answer
        except (ChainError, WalletError) as error:
            life.desk.log.warning("task %s: revealing failed: %s", state.task_id, error)
        waited_s = life.desk.clock.monotonic() - since
        if life.last_sight is Sight.WAIT and (
            not life.state.consensus_block or waited_s > life.desk.settings.patience_s
        ):
            life.desk.log.warning(
                "task %s is to be revealed, but the chain knows no consensus", state.task_id
            )
            await life.save(status=_S.CONTRIBUTED)
            return None
        await life.desk.clock.sleep(backed_off(attempt, 0.25, 15.0))
        attempt += 1


async def _try_reveal(life: TaskLife) -> Next | Pending:
    seen = await life.see()
    found, state = life.sight_of(seen), life.state
    if found is Sight.REVEALED or (
        found is Sight.DONE and seen.contribution.status is ContributionStatus.REVEALED
    ):
        block, tx = await proof(life, "TaskReveal")
        return await life.done(_S.REVEALED, receipt_block=block, receipt_tx=tx)
    if found is Sight.REVEAL:
        if seen.block < state.consensus_block:
            return NOT_YET
        assert state.digest is not None
        receipt = await life.desk.chain.reveal(state.task_id, state.digest)
        return await life.done(_S.REVEALED, receipt_block=receipt.block_number, receipt_tx=receipt.tx_hash)
    if found is Sight.WAIT and seen.task.status is not TaskStatus.REVEALING:
        return NOT_YET
    late = found is Sight.WAIT or seen.task.status is TaskStatus.REVEALING
    cause = _C.REVEAL_TIMEOUT if late and found is not Sight.OUTVOTED else _C.CANNOT_REVEAL
    return await life.failed(_S.REVEAL_FAILED, cause)

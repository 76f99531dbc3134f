"""The stages on the chain and after it: contribute, reveal, upload, complete, abort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepi.errors import ChainError, ComputeError, MarketError, PeerError, ProtocolError, TransactionError, WalletError
from edgepi_iexec.chain.model import ZERO_ADDRESS, ContributionStatus, Receipt, TaskStatus
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.ids import result_hash, result_seal
from edgepi_iexec.protocol.links import result_link
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.params import DealParams
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.checks import View, cannot_contribute
from edgepi_iexec.worker.life import StageEnd
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.steps import Sight, at_stake

if TYPE_CHECKING:
    from edgepi_iexec.worker.life import TaskLife

__all__ = ["abort", "complete", "contribute", "contribute_and_finalize", "reveal", "upload"]

_N = NotificationType
_S = ReplicateStatus
_C = ReplicateCause
Next = NotificationType | None

MAX_FAILURES = 3
GAS_OF_A_TASK = 1_000_000
UPLOAD_PATIENCE_S = 90.0  # the scheduler asks somebody else after two minutes
LAST_WORDS = 9  # tries over two minutes
FOR_EVER_S = float("inf")


async def contribute(life: TaskLife) -> Next:
    """Ask whether the finish is safe, then send the contribution; one that is there already is found."""
    if life.state.digest is None:
        raise StageEnd(_C.DETERMINISM_HASH_NOT_FOUND, "there is no result to contribute")
    seen = await _see(life)
    if (answer := await _contributed_before(life, seen)) is not _NOT_YET:
        return answer
    if life.state.status is not _S.CONTRIBUTING:
        await _promise(life)
        await life.begin(_S.CONTRIBUTING, receipt_block=seen.block, receipt_tx=None)
    if (cause := await _obstacle(life, seen)) is not None:
        return await life.failed(_S.CONTRIBUTE_FAILED, cause)
    return await _send_contribution(life)


_NOT_YET = object()


async def _see(life: TaskLife) -> View:
    try:
        return await life.see_patiently()
    except ChainError as error:
        if at_stake(life.state):
            return await life.patiently(life.see, FOR_EVER_S)
        raise StageEnd(_C.CHAIN_UNREACHABLE, f"the chain cannot be asked: {error}") from error


async def _promise(life: TaskLife) -> None:
    answer = await life.lease.commit()
    if not answer.yes:
        raise StageEnd(_C.ABORTED_BY_WORKER, f"nothing is promised: {answer.sentence}")


async def _obstacle(life: TaskLife, seen: View, *, stake_matters: bool = True) -> ReplicateCause | None:
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


async def _contributed_before(life: TaskLife, seen: View) -> object:
    """Report a contribution of this result that the chain has already; else `_NOT_YET`."""
    state = life.state
    if seen.contribution.status is ContributionStatus.UNSET or state.digest is None:
        return _NOT_YET
    if seen.contribution.result_hash != result_hash(state.task_id, state.digest):
        raise StageEnd(_C.CONTRIBUTION_ALREADY_SET, "another result was contributed before")
    block, tx = await _proof(life, "TaskContribute")
    answer = await life.done(_S.CONTRIBUTED, receipt_block=block, receipt_tx=tx)
    life.look()  # the call to reveal may have been missed
    return answer


async def _proof(life: TaskLife, event: str) -> tuple[int, str | None]:
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
        if (answer := await _contributed_before(life, seen)) is not _NOT_YET:
            return answer  # type: ignore[return-value]
        if (cause := await _obstacle(life, seen)) is not None:
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
            if (answer := await _try_reveal(life)) is not _NOT_YET:
                return answer  # type: ignore[return-value]
        except (ChainError, WalletError) as error:
            life.desk.log.warning("task %s: revealing failed: %s", state.task_id, error)
        waited_s = life.desk.clock.monotonic() - since
        if life.last_sight is Sight.WAIT and (
            not life.state.consensus_block or waited_s > life.desk.settings.patience_s
        ):
            life.desk.log.warning("task %s is to be revealed, but the chain knows no consensus", state.task_id)
            await life.save(status=_S.CONTRIBUTED)
            return None
        await life.desk.clock.sleep(backed_off(attempt, 0.25, 15.0))
        attempt += 1


async def _try_reveal(life: TaskLife) -> object:
    seen = await life.see()
    found, state = life.sight_of(seen), life.state
    if found is Sight.REVEALED or (
        found is Sight.DONE and seen.contribution.status is ContributionStatus.REVEALED
    ):
        block, tx = await _proof(life, "TaskReveal")
        return await life.done(_S.REVEALED, receipt_block=block, receipt_tx=tx)
    if found is Sight.REVEAL:
        if seen.block < state.consensus_block:
            return _NOT_YET
        assert state.digest is not None
        receipt = await life.desk.chain.reveal(state.task_id, state.digest)
        return await life.done(_S.REVEALED, receipt_block=receipt.block_number, receipt_tx=receipt.tx_hash)
    if found is Sight.WAIT and seen.task.status is not TaskStatus.REVEALING:
        return _NOT_YET
    late = found is Sight.WAIT or seen.task.status is TaskStatus.REVEALING
    cause = _C.REVEAL_TIMEOUT if late and found is not Sight.OUTVOTED else _C.CANNOT_REVEAL
    return await life.failed(_S.REVEAL_FAILED, cause)


async def upload(life: TaskLife) -> Next:
    """Give the result to the store, and say where it is."""
    await life.begin(_S.RESULT_UPLOADING, tries=3)
    try:
        link = await _link(life)
    except (MarketError, ComputeError, OSError) as error:
        return await life.failed(_S.RESULT_UPLOAD_FAILED, _C.RESULT_LINK_MISSING, str(error)[:200])
    return await life.done(_S.RESULT_UPLOADED, result_link=link)


async def _link(life: TaskLife) -> str:
    terms = await life.patiently(life.agreed)
    if terms.deal.callback != ZERO_ADDRESS:
        return result_link(terms.deal.callback, storage="ethereum")
    params = DealParams.parse(terms.deal.params)
    if params.storage_provider not in {None, "", "ipfs"}:
        raise ProtocolError(f"results go to IPFS only, not to {params.storage_provider[:40]!r}")
    proxy = params.storage_proxy or life.desk.configuration.result_repository_url
    since, attempt = life.desk.clock.monotonic(), 0
    while True:
        try:
            return result_link(await _give(life, proxy))
        except PeerError:
            wait_s = backed_off(attempt, 1.0, 30.0)
            if life.desk.clock.monotonic() + wait_s - since > UPLOAD_PATIENCE_S:
                raise
        await life.desk.clock.sleep(wait_s)
        attempt += 1


async def _give(life: TaskLife, proxy: str) -> str:
    state = life.state
    if state.authorization is None or state.digest is None:
        raise ProtocolError("there is no authorisation, or no result")
    return await life.desk.peers.store.upload(proxy, state.authorization, state.digest, life.folder.archive)


async def contribute_and_finalize(life: TaskLife) -> Next:
    """For a pool that asks for it with trust 1: upload, then contribute, reveal and finalise at once."""
    if life.state.digest is None:
        raise StageEnd(_C.DETERMINISM_HASH_NOT_FOUND, "there is no result to contribute")
    seen = await _see(life)
    if life.state.status is not _S.CONTRIBUTE_AND_FINALIZE_ONGOING:
        await _promise(life)
        await life.begin(_S.CONTRIBUTE_AND_FINALIZE_ONGOING, receipt_block=seen.block, receipt_tx=None)
    failures = 0
    while (answer := await _try_finalize(life)) is _NOT_YET:
        failures += 1
        if failures >= MAX_FAILURES:
            return await life.failed(_S.CONTRIBUTE_AND_FINALIZE_FAILED, _C.CHAIN_RECEIPT_NOT_VALID)
        await life.desk.clock.sleep(backed_off(failures, 0.5, 30.0))
    return answer  # type: ignore[return-value]


async def _try_finalize(life: TaskLife) -> object:
    seen = await life.patiently(life.see, FOR_EVER_S)
    failed = _S.CONTRIBUTE_AND_FINALIZE_FAILED
    if seen.contribution.status is ContributionStatus.REVEALED:
        block, tx = await _proof(life, "TaskContribute")
        return await life.done(_S.CONTRIBUTE_AND_FINALIZE_DONE, receipt_block=block, receipt_tx=tx)
    terms = await life.patiently(life.agreed)
    if terms.deal.trust > 1:
        return await life.failed(failed, _C.TRUST_NOT_1)
    if seen.task.contributors:
        return await life.failed(failed, _C.TASK_ALREADY_CONTRIBUTED)
    if (cause := await _obstacle(life, seen, stake_matters=False)) is not None:
        return await life.failed(failed, cause)
    try:
        link = await _link(life)
    except (MarketError, ComputeError, OSError) as error:
        return await life.failed(failed, _C.RESULT_LINK_MISSING, str(error)[:200])
    await life.save(result_link=link)
    try:
        receipt = await _finalize(life, link)
    except (ChainError, WalletError) as error:
        life.desk.log.warning("task %s: finalising failed: %s", life.state.task_id, error)
        return _NOT_YET
    return await life.done(
        _S.CONTRIBUTE_AND_FINALIZE_DONE, receipt_block=receipt.block_number, receipt_tx=receipt.tx_hash
    )


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


async def complete(life: TaskLife) -> Next:
    """Let go of a task that is done; what must still be revealed is revealed whatever the scheduler says."""
    if at_stake(life.state) and (instead := await _stake_first(life)) is not None:
        return instead
    await life.begin(_S.COMPLETING, tries=3)
    earned = await _earned(life)
    try:
        await life.clean_up()
    except (ComputeError, OSError) as error:
        life.desk.log.warning("task %s: what it leaves cannot be removed: %s", life.state.task_id, error)
        await life.failed(_S.COMPLETE_FAILED, _C.UNKNOWN, str(error)[:200])
    else:
        await life.save(status=_S.COMPLETED)
        await life.tell(tries=LAST_WORDS)
    await life.lease.finished()
    await life.close("completed", earned)
    return None


async def _stake_first(life: TaskLife) -> Next:
    """What the stake demands before a task may be let go of."""
    seen = await life.patiently(life.see, FOR_EVER_S)
    found = life.sight_of(seen)
    if found is Sight.REVEALED:
        await life.save(status=_S.REVEALED)
    return _N.PLEASE_REVEAL if found is Sight.REVEAL else None


async def _earned(life: TaskLife) -> int:
    """What the chain says this task brought, nRLC."""
    chain, state = life.desk.chain, life.state
    try:
        latest = await chain.latest_block()
        paid = await chain.events(
            "Reward", from_block=max(state.receipt_block, latest.number - 50_000, 0), to_block=latest.number
        )
    except ChainError:
        return 0
    mine = [e.arguments for e in paid if e.arguments.get("owner") == chain.address]
    return sum(int(e.get("amount", 0)) for e in mine if e.get("ref") == state.task_id)


async def abort(life: TaskLife) -> Next:
    """Let go of a task that will not be done; but not of one whose stake can still be saved."""
    if at_stake(life.state) and await _must_stay(life):
        return await _look_on(life)
    if life.state.status is not _S.ABORTED:
        await life.save(status=_S.ABORTED, cause=life.state.cause or _C.UNKNOWN.value)
    await life.lease.give_back(life.state.error or f"the task was aborted: {life.state.cause}")
    try:
        await life.clean_up()
    except (ComputeError, OSError) as error:
        life.desk.log.warning("task %s: what it leaves cannot be removed: %s", life.state.task_id, error)
    else:
        await life.tell(tries=LAST_WORDS)
    await life.close(f"aborted: {life.state.cause}")
    return None


async def _must_stay(life: TaskLife) -> bool:
    try:
        found = life.sight_of(await life.see_patiently())
    except ChainError:
        return True
    return found in {Sight.WAIT, Sight.REVEAL}


async def _look_on(life: TaskLife) -> Next:
    """Stay with a task that the scheduler let go of, for the stake's sake."""
    if not life.state.disowned:
        life.desk.log.warning(
            "task %s: the scheduler aborts it, but its stake hangs on it: it will be revealed", life.state.task_id
        )
        status = _S.CONTRIBUTED if life.state.status is _S.REVEALING else life.state.status
        await life.save(disowned=True, status=status)
        if life.last_sight is Sight.REVEAL:
            return _N.PLEASE_REVEAL
    return None

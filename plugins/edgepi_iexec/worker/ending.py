"""The stages after the chain has spoken: upload, complete, abort."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgepi.errors import ChainError, ComputeError, MarketError, PeerError, ProtocolError
from edgepi_iexec.chain.model import ZERO_ADDRESS
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.links import result_link
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.params import DealParams
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.contributing import FOR_EVER_S
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.steps import Sight, at_stake

if TYPE_CHECKING:
    from edgepi_iexec.worker.life import TaskLife

__all__ = ["abort", "complete", "deliver", "upload"]

_N = NotificationType
_S = ReplicateStatus
_C = ReplicateCause
Next = NotificationType | None

UPLOAD_PATIENCE_S = 90.0  # the scheduler asks somebody else after two minutes
LAST_WORDS = 9  # tries over two minutes


async def upload(life: TaskLife) -> Next:
    """Give the result to the store, and say where it is."""
    if life.state.status is not _S.RESULT_UPLOADED:  # else asked again: the store is, too
        await life.begin(_S.RESULT_UPLOADING, tries=3)
    try:
        link = await deliver(life)
    except (MarketError, ComputeError, OSError) as error:
        return await life.failed(_S.RESULT_UPLOAD_FAILED, _C.RESULT_LINK_MISSING, str(error)[:200])
    return await life.done(_S.RESULT_UPLOADED, result_link=link)


async def deliver(life: TaskLife) -> str:
    """Upload the result and return its link; a callback's result needs no upload. Raises MarketError."""
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


async def complete(life: TaskLife) -> Next:
    """Let go of a task that is done; what must still be revealed is revealed whatever the scheduler says."""
    if at_stake(life.state):
        seen = await life.patiently(life.see, FOR_EVER_S)
        found = life.sight_of(seen)
        if found in {Sight.WAIT, Sight.REVEAL}:
            return await _look_on(life)
        if found not in {Sight.DONE, Sight.REVEALED}:
            return _N.PLEASE_ABORT  # others did it
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
            "task %s: the scheduler aborts it, but its stake hangs on it: it will be revealed",
            life.state.task_id,
        )
        status = _S.CONTRIBUTED if life.state.status is _S.REVEALING else life.state.status
        await life.save(disowned=True, status=status)
        if life.last_sight is Sight.REVEAL:
            return _N.PLEASE_REVEAL
    return None

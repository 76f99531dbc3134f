"""Looks on the chain, and into the result store, whether what a worker reports is so."""

from __future__ import annotations

import re
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import ChainError, ProtocolError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.model import ZERO_ADDRESS, ContributionStatus, TaskStatus
from edgepi_iexec.pool.model import PoolTask, Replicate
from edgepi_iexec.pool.results import ResultStore
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol.hashing import keccak256
from edgepi_iexec.protocol.links import read_link, result_link
from edgepi_iexec.protocol.params import DealParams
from edgepi_iexec.protocol.reports import StatusDetails, StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["Prover"]

S = ReplicateStatus
Proof = dict[str, Any]

_BLOCKS = 10
_LINK_CHARS = 1024
_HEX = re.compile(r"0x(?:[0-9a-f]{2}){1,131072}")


class Prover:
    """`prove` returns what is to be noted of a replicate, or None when it is not so.

    Raises ChainError while the chain cannot tell yet: nobody is sent away for a node that lags.
    """

    def __init__(self, settings: PoolSettings, chain: Chain, results: ResultStore, clock: Clock) -> None:
        self._settings = settings
        self._chain = chain
        self._results = results
        self._clock = clock

    async def prove(self, task: PoolTask, share: Replicate, update: StatusUpdate) -> Proof | None:
        """Check a status that must not be taken on trust; others are noted as they are."""
        if update.status is S.CONTRIBUTED:
            return await self._contributed(task, share, update.details)
        if update.status is S.REVEALED:
            return await self._revealed(task, share, update.details)
        if update.status is S.RESULT_UPLOADED:
            return await self._uploaded(task, update.details)
        if update.status is S.CONTRIBUTE_AND_FINALIZE_DONE:
            return await self._done(task, share, update.details)
        return {}

    async def came_to(self, task: PoolTask, share: Replicate) -> tuple[ReplicateStatus, Proof] | None:
        """Return what came of a transaction whose worker was cut off before it could say so, if anything."""
        if share.standing not in {S.CONTRIBUTING, S.REVEALING, S.CONTRIBUTE_AND_FINALIZE_ONGOING}:
            return None
        found = await self._chain.contribution(task.task_id, share.wallet)
        proof = {"contribution_hash": found.result_hash, "weight": found.weight}
        if found.status is ContributionStatus.REVEALED:
            alone = share.standing is S.CONTRIBUTE_AND_FINALIZE_ONGOING
            return (S.CONTRIBUTE_AND_FINALIZE_DONE if alone else S.REVEALED), proof
        if found.status is ContributionStatus.CONTRIBUTED and share.standing is S.CONTRIBUTING:
            return S.CONTRIBUTED, proof
        return None

    async def _contributed(
        self, task: PoolTask, share: Replicate, details: StatusDetails | None
    ) -> Proof | None:
        await self._reach(details)
        found = await self._chain.contribution(task.task_id, share.wallet)
        if found.status is ContributionStatus.UNSET:
            return None
        return {"contribution_hash": found.result_hash, "weight": found.weight}

    async def _revealed(
        self, task: PoolTask, share: Replicate, details: StatusDetails | None
    ) -> Proof | None:
        await self._reach(details)
        found = await self._chain.contribution(task.task_id, share.wallet)
        if found.status is not ContributionStatus.REVEALED:
            return None
        return {"contribution_hash": found.result_hash, "weight": found.weight}

    async def _uploaded(self, task: PoolTask, details: StatusDetails | None) -> Proof | None:
        """A link to a result that is here, or callback data whose digest was revealed."""
        if details is None:
            return None
        if task.callback != ZERO_ADDRESS:
            return await self._callback(task, details.chain_callback_data)
        link = self._kept(task, details.result_link or "")
        return {"result_link": link} if link else None

    async def _callback(self, task: PoolTask, data: str | None) -> Proof | None:
        if data is None or _HEX.fullmatch(data.lower()) is None:
            return None
        chain = await self._chain.task(task.task_id)
        digest = "0x" + keccak256(bytes.fromhex(data[2:])).hex()
        if chain.result_digest != digest:
            return None
        return {"result_link": result_link(task.callback, storage="ethereum"), "callback_data": data.lower()}

    def _kept(self, task: PoolTask, said: str) -> str | None:
        """The link, in the pool's own words, to a result that is here, or where the requester wants it."""
        try:
            storage, location = read_link(said[:_LINK_CHARS])
        except ProtocolError:
            return None
        if _elsewhere(task):
            return result_link(location, storage=storage)
        known = self._results.has(task.task_id, location.removeprefix("/ipfs/"))
        return result_link(location) if known else None

    async def _done(self, task: PoolTask, share: Replicate, details: StatusDetails | None) -> Proof | None:
        await self._reach(details)
        found = await self._chain.contribution(task.task_id, share.wallet)
        chain = await self._chain.task(task.task_id)
        if found.status is not ContributionStatus.REVEALED or chain.status is not TaskStatus.COMPLETED:
            return None
        link = chain.results.decode("utf-8", "replace")
        return {"contribution_hash": found.result_hash, "weight": found.weight, "result_link": link}

    async def _reach(self, details: StatusDetails | None) -> None:
        """Wait, ten blocks' time at most, until the node knows the block of a receipt."""
        receipt = None if details is None else details.chain_receipt
        number = 0 if receipt is None else receipt.block_number
        if number <= 0:
            return
        until_s = self._clock.monotonic() + _BLOCKS * self._settings.block_time_s
        while (latest := (await self._chain.latest_block()).number) < number:
            if number - latest > _BLOCKS or self._clock.monotonic() >= until_s:
                raise ChainError(f"the pool's node is at block {latest}, the receipt is of {number}")
            await self._clock.sleep(min(1.0, self._settings.block_time_s))


def _elsewhere(task: PoolTask) -> bool:
    try:
        params = DealParams.parse(task.params)
    except ProtocolError:
        return False
    return bool(params.storage_proxy) or params.storage_provider not in {"ipfs", ""}

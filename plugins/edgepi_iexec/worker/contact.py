"""How a worker gets in touch: with its scheduler, or by what that said once, and with the pool's chain."""

from __future__ import annotations

from edgepi.errors import ChainError, MarketError
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.protocol.models import ChainConfiguration
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.parts import WorkerParts
from edgepi_iexec.worker.session import Pool, Session

__all__ = ["Contact"]


class Contact:
    """Tries for as long as it takes; what is in the way stands in the session's *problem*."""

    def __init__(self, parts: WorkerParts, session: Session, source: str) -> None:
        self._parts = parts
        self._session = session
        self._source = source

    async def pool(self, *, may_remember: bool) -> Pool:
        """The scheduler's word; an earlier one if *may_remember* and a stake may hang on a task."""
        attempt = 0
        while True:
            try:
                return await self._greeted()
            except MarketError as error:
                self._hinder(f"the scheduler cannot be dealt with: {error}")
                if may_remember and (old := await self._old_pool()):
                    return old
            await self._parts.clock.sleep(backed_off(attempt))
            attempt += 1

    async def chain(self, named: ChainConfiguration) -> Chain:
        """The chain that the pool works on."""
        attempt = 0
        while True:
            try:
                return await self._connected(named)
            except MarketError as error:
                self._hinder(f"the chain cannot be reached: {error}")
            await self._parts.clock.sleep(backed_off(attempt))
            attempt += 1

    def _hinder(self, problem: str) -> None:
        self._session.problem = problem
        self._parts.log.warning("%s", problem)

    async def _greeted(self) -> Pool:
        """What the scheduler says; but tasks of an earlier life are first ended on the chain they are on."""
        pool = await self._session.greet()
        old = await self._old_pool()
        if old is not None and old.chain != pool.chain:
            self._parts.log.warning("the scheduler names another chain than the one with open tasks")
            return old
        await self._session.keep(pool)
        return pool

    async def _old_pool(self) -> Pool | None:
        if not await self._parts.journal.open_jobs(self._source):
            return None
        return await self._session.remembered()

    async def _connected(self, named: ChainConfiguration) -> Chain:
        chain = await self._parts.connect_chain(named)
        try:
            found = await chain.chain_id()
        except BaseException:
            await chain.close()
            raise
        if found == named.chain_id:
            return chain
        await chain.close()
        raise ChainError(
            f"its node is of chain {found}, the pool works on {named.chain_id}",
            hint="see `rpc` in the configuration",
        )

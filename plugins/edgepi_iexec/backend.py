"""The worker as the node starts and stops it; what is heavy is imported when it starts."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING

from edgepi.compute.journal import JobJournal
from edgepi.plugin import ComputeBackend, PluginContext
from edgepi_iexec.config import IexecConfig

if TYPE_CHECKING:
    from edgepi_iexec.assembly import Assembly
    from edgepi_iexec.chain.model import Account
    from edgepi_iexec.worker.worker import WorkerStatus

__all__ = ["JOURNAL", "IexecBackend", "backend_of"]

JOURNAL = "jobs.db"


class IexecBackend(ComputeBackend):
    """One instance's worker; *assembly* is None before its start, *account* the deposit as last seen."""

    name = "iexec"

    def __init__(self, context: PluginContext[IexecConfig]) -> None:
        self.context = context
        self.journal = JobJournal(context.state_dir / JOURNAL, log=context.log)
        self.assembly: Assembly | None = None
        self.account: Account | None = None

    @property
    def worker(self) -> WorkerStatus | None:
        """What the worker does now; None while it is not started."""
        return self.assembly.worker.status if self.assembly is not None else None

    async def start(self) -> None:
        """Read wallet and journal, then take up work; raises MarketError, WalletError or JournalError."""
        if self.assembly is not None:
            return
        await asyncio.to_thread(importlib.import_module, "edgepi_iexec.assembly")
        from edgepi_iexec.assembly import Assembly

        await self.journal.open()
        try:
            self.assembly = await Assembly.open(self.context, self.journal)
            await self.assembly.worker.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the worker, and let go of everything."""
        assembly, self.assembly = self.assembly, None
        if assembly is not None:
            await assembly.close()
        await self.journal.close()


_backends: dict[str, IexecBackend] = {}


def backend_of(context: PluginContext[IexecConfig]) -> IexecBackend:
    """The backend of an instance: one for all hooks that are called with the same context."""
    found = _backends.get(context.instance)
    if found is None or found.context is not context:
        found = _backends[context.instance] = IexecBackend(context)
    return found

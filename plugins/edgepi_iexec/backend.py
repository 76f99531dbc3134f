"""The worker as the node starts and stops it: journal, sandbox, chain and wallet around it."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from edgepi.compute.engine import Engine, owner_of
from edgepi.compute.journal import JobJournal
from edgepi.compute.model import Limits, Network
from edgepi.compute.sandbox import Sandbox
from edgepi.model import Availability
from edgepi.plugin import ComputeBackend, PluginContext
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.config import MB, IexecConfig
from edgepi_iexec.protocol.models import ChainConfiguration
from edgepi_iexec.station import Station, find_station
from edgepi_iexec.worker.parts import Trade, WorkerParts
from edgepi_iexec.worker.readiness import EngineReadiness
from edgepi_iexec.worker.settings import WorkerSettings
from edgepi_iexec.worker.trade import OwnersTrade
from edgepi_iexec.worker.worker import IexecWorker

__all__ = ["JOURNAL", "IexecBackend", "backend_of"]

JOURNAL = "jobs.db"
GWEI = 10**9
RESERVED_MB = 256  # of the machine's memory, for the system and the node


_BACKENDS: dict[str, IexecBackend] = {}


def backend_of(context: PluginContext[IexecConfig]) -> IexecBackend:
    """The backend of an instance: one for all hooks that are called with the same context."""
    found = _BACKENDS.get(context.instance)
    if found is None or found.context is not context:
        found = _BACKENDS[context.instance] = IexecBackend(context)
    return found


class IexecBackend(ComputeBackend):
    """One instance's worker with everything that it needs; *worker* is None until it was started."""

    name = "iexec"

    def __init__(self, context: PluginContext[IexecConfig]) -> None:
        self.context = context
        self.journal = JobJournal(context.state_dir / JOURNAL, log=context.log)
        self.worker: IexecWorker | None = None
        self.trade: Trade | None = None
        self.station: Station | None = None
        self.chain: ChainClient | None = None
        self._sandbox: Sandbox | None = None
        self._engine: Engine | None = None

    async def start(self) -> None:
        """Read wallet and journal, then take up work; raises MarketError, WalletError or JournalError."""
        if self.worker is not None:
            return
        context = self.context
        station = await asyncio.to_thread(find_station, context.config, context.state_dir)
        await self.journal.open()
        try:
            self.station = station
            self.trade = await OwnersTrade.open(context)
            parts = await asyncio.to_thread(self._parts, station)
            self.worker = IexecWorker(parts, self.trade)
            await self.worker.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the worker, and let go of everything."""
        worker, self.worker = self.worker, None
        if worker is not None:
            await worker.stop()
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await sandbox.close()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()
        self.chain = None
        await self.journal.close()

    def _parts(self, station: Station) -> WorkerParts:
        context = self.context
        settings = worker_settings(context, station)
        return WorkerParts(
            settings=settings,
            connect_chain=partial(self._connect, station),
            boxes=self._boxes,
            ready=EngineReadiness(settings.docker, context.clock),
            journal=self.journal,
            http=context.http_client,
            budget=context.budget,
            clock=context.clock,
            log=context.log,
            folder=context.state_dir,
            energy=self._energy,
        )

    async def _connect(self, station: Station, chain: ChainConfiguration) -> Chain:
        context, config = self.context, self.context.config
        settings = ChainSettings(
            rpc_urls=station.rpc or (chain.chain_node_url,),
            hub=station.hub or chain.iexec_hub_contract_address,
            free_gas=chain.sidechain,
            gas_price_cap_wei=int(config.gas_price_cap_gwei * GWEI),
            gas_price_factor=config.gas_price_factor,
            confirmations=config.confirmations,
            block_time_s=chain.block_time_s,
        )
        self.chain = ChainClient(
            settings, key=station.key, child=context.child, session=context.http_client, clock=context.clock
        )
        return self.chain

    def _boxes(self) -> Sandbox:
        if self._sandbox is None:
            context = self.context
            self._engine = Engine(context.config.docker)
            self._sandbox = Sandbox(
                engine=self._engine,
                clock=context.clock,
                owner=owner_of(context.state_dir),
                log=context.log,
                folder=context.state_dir / "boxes",
                image_quota_bytes=context.config.images_bytes,
            )
        return self._sandbox

    def _energy(self) -> Mapping[str, str]:
        """What a pool may know of this node's battery, to choose those who have energy to spare."""
        headers = {}
        for header, entity, scale in (
            ("X-EdgePi-Energy-Wh", "energy.stored", 1.0),
            ("X-EdgePi-Surplus", "energy.battery_soc", 0.01),
        ):
            state = self.context.state(entity)
            if state is not None and state.availability is Availability.KNOWN:
                headers[header] = f"{float(state.value) * scale:.3f}"  # type: ignore[arg-type]
        return headers


def worker_settings(context: PluginContext[IexecConfig], station: Station) -> WorkerSettings:
    """Make the worker's settings of the owner's; what was left out comes from the machine. Blocks."""
    config = context.config
    memory_mb = _memory_mb()
    tasks = config.tasks
    limits = Limits(
        time_s=0.0,
        memory_bytes=(config.memory_mb or max(16, (memory_mb - RESERVED_MB) // (2 * tasks))) * MB,
        cpus=config.cpus or float(max(1, (os.cpu_count() or 1) // tasks)),
        pids=config.pids,
        disk_bytes=config.disk_bytes,
    )
    return WorkerSettings(
        pool=station.pool,
        scheduler=station.scheduler,
        name=f"{context.node.name}-{context.instance}",
        consumer=context.instance,
        cpu=platform.machine(),
        memory_gb=max(1, round(memory_mb / 1024)),
        max_tasks=tasks,
        docker=config.docker,
        limits=limits,
        network=Network(config.network),
        writable_apps=frozenset(config.writable_apps),
        gas_price_cap_wei=int(config.gas_price_cap_gwei * GWEI),
        allow_private_urls=config.allow_private_urls or config.devchain is not None,
        ipfs_gateways=config.ipfs_gateways,
    )


def _memory_mb() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return 1024

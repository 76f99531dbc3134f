"""Puts a worker together: journal, sandbox, chain, wallet and trade around it. Heavy to import."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from edgepi.compute.download import Login
from edgepi.compute.engine import Engine, owner_of
from edgepi.compute.journal import JobJournal
from edgepi.compute.model import Limits, Network
from edgepi.compute.sandbox import Sandbox
from edgepi.model import Availability
from edgepi.plugin import PluginContext
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.chain.settings import ChainSettings
from edgepi_iexec.config import MB, IexecConfig
from edgepi_iexec.protocol.models import ChainConfiguration
from edgepi_iexec.station import Station, find_station
from edgepi_iexec.wallet.advice import hub_on_trust
from edgepi_iexec.worker.parts import WorkerParts
from edgepi_iexec.worker.readiness import EngineReadiness
from edgepi_iexec.worker.settings import WorkerSettings
from edgepi_iexec.worker.trade import OwnersTrade
from edgepi_iexec.worker.worker import IexecWorker

__all__ = ["Assembly"]

GWEI = 10**9
RESERVED_MB = 256  # of the machine's memory, for the system and the node


class Assembly:
    """One worker with everything that it needs, from `open` to `close`."""

    def __init__(self, context: PluginContext[IexecConfig], journal: JobJournal, station: Station) -> None:
        self.context = context
        self.journal = journal
        self.station = station
        self.chain: ChainClient | None = None
        self.trade: OwnersTrade
        self.worker: IexecWorker
        self._sandbox: Sandbox | None = None
        self._engine: Engine | None = None
        self._warned: str | None = None

    @classmethod
    async def open(cls, context: PluginContext[IexecConfig], journal: JobJournal) -> Assembly:
        """Read the wallet and what was learned, and make the worker; raises MarketError or WalletError."""
        station = await asyncio.to_thread(find_station, context.config, context.state_dir)
        made = cls(context, journal, station)
        made.trade = await OwnersTrade.open(context)
        parts = await asyncio.to_thread(made._parts)
        made.worker = IexecWorker(parts, made.trade)
        return made

    async def close(self) -> None:
        """End the worker, and let go of everything but the journal."""
        await self.worker.stop()
        await self.trade.close()
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            await sandbox.close()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()

    def _parts(self) -> WorkerParts:
        context = self.context
        settings = worker_settings(context, self.station)
        return WorkerParts(
            settings=settings,
            connect_chain=self._connect,
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

    async def _connect(self, chain: ChainConfiguration) -> Chain:
        context, config = self.context, self.context.config
        self._warn(chain)
        settings = ChainSettings(
            rpc_urls=self.station.rpc or (chain.chain_node_url,),
            hub=self.station.hub or chain.iexec_hub_contract_address,
            free_gas=chain.sidechain,
            gas_price_cap_wei=int(config.gas_price_cap_gwei * GWEI),
            gas_price_factor=config.gas_price_factor,
            confirmations=config.confirmations,
            block_time_s=chain.block_time_s,
        )
        self.chain = ChainClient(
            settings,
            key=self.station.key,
            child=context.child,
            session=context.http_client,
            clock=context.clock,
        )
        return self.chain

    def _warn(self, chain: ChainConfiguration) -> None:
        """Say once of each hub that the owner did not name it."""
        hub = chain.iexec_hub_contract_address
        if self.station.hub is None and hub != self._warned:
            self._warned = hub
            if (why := hub_on_trust(hub, chain.chain_id)) is not None:
                self.context.log.warning("%s", why)

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
                logins=_logins(context.config),
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


def _logins(config: IexecConfig) -> dict[str, Login]:
    return {one.registry: Login(one.user, one.password) for one in config.registries}


def _memory_mb() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    return 1024

"""The standing of a worker with its scheduler: configuration, registration, signs of life."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.errors import MarketError, ProtocolError
from edgepi.files import atomic_write
from edgepi_iexec.protocol.models import ChainConfiguration, PublicConfiguration, WorkerModel
from edgepi_iexec.worker.listening import backed_off
from edgepi_iexec.worker.parts import Scheduler, WorkerParts
from edgepi_iexec.worker.web import short

__all__ = ["Pool", "Session"]


@dataclass(frozen=True, slots=True)
class Pool:
    """What a scheduler said of itself and its chain; *fresh* if it said so in this life."""

    configuration: PublicConfiguration
    chain: ChainConfiguration
    fresh: bool = True


class Session:
    """Keeps what the scheduler said, also over restarts: a stake must be saved without it, too."""

    def __init__(self, parts: WorkerParts, scheduler: Scheduler) -> None:
        self._parts = parts
        self._scheduler = scheduler
        self._file = parts.folder / "pool.json"
        self._id: str | None = None
        self.changed = False
        self.alive = False
        self.problem: str | None = "the scheduler has not been asked yet"

    async def greet(self) -> Pool:
        """Read version and configuration.

        Raises:
            PeerError: nobody answers.
            ProtocolError: this is not the pool that was configured, or wants another kind of worker.
        """
        configuration = await self._scheduler.configuration()
        pool = self._parts.settings.pool
        if configuration.worker_pool_address.lower() != pool:
            raise ProtocolError(
                f"the scheduler works for another pool than {pool}", hint="look at `pool` and `scheduler`"
            )
        if configuration.required_worker_version:
            version = await self._scheduler.version()
            self._parts.log.warning(
                "the pool wants workers of version %s; its scheduler is %s",
                short(configuration.required_worker_version),
                version,
            )
        chain = await self._scheduler.chain_configuration(configuration.config_server_url)
        self.changed = False
        return Pool(configuration, chain)

    async def keep(self, pool: Pool) -> None:
        """Keep what a scheduler said for a later life without it; raises OSError."""
        known = {"configuration": pool.configuration.to_json(), "chain": pool.chain.to_json()}
        await asyncio.to_thread(atomic_write, self._file, json.dumps(known))

    async def remembered(self) -> Pool | None:
        """What the scheduler said in an earlier life."""
        try:
            data = await asyncio.to_thread(_read, self._file)
            return Pool(
                PublicConfiguration.from_json(data["configuration"]),
                ChainConfiguration.from_json(data["chain"]),
                fresh=False,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    async def register(self, address: str) -> None:
        """Say what this worker is: as many processors as it takes tasks."""
        settings = self._parts.settings
        await self._scheduler.register(
            WorkerModel(
                name=settings.name,
                wallet_address=address,
                os="Linux",
                cpu=settings.cpu,
                cpu_nb=settings.max_tasks,
                memory_size=settings.memory_gb,
                gpu_enabled=False,
                tee_enabled=False,
                tdx_enabled=False,
            )
        )

    async def keep_alive(self) -> None:
        """Give a sign of life again and again, whatever else happens."""
        failures = 0
        while True:
            try:
                said = await self._scheduler.ping()
            except MarketError as error:
                failures += 1
                self._silent(error)
            else:
                failures = 0
                self._heard(said)
            every_s = self._parts.settings.ping_every_s
            await self._parts.clock.sleep(
                every_s if failures < 3 else backed_off(failures - 3, every_s, 60.0)
            )

    def _silent(self, error: MarketError) -> None:
        if self.alive or self.problem is None:
            self._parts.log.warning("the scheduler does not hear this worker: %s", error)
        self.alive, self.problem = False, str(error)

    def _heard(self, said: str) -> None:
        if not self.alive and self._id is not None:
            self._parts.log.info("the scheduler hears this worker again")
        self.alive, self.problem = True, None
        if self._id is not None and said != self._id:
            self.changed = True
        self._id = said


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))

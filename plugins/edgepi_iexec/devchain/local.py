"""A local chain with everything on it: kept between starts, begun anew when it does not fit. Blocks."""

from __future__ import annotations

import contextlib
import fcntl
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from edgepi.errors import ChainError, MarketError
from edgepi_iexec.devchain.chain import Anvil, ChainOptions, ChainProcess, Program
from edgepi_iexec.devchain.contracts import Library
from edgepi_iexec.devchain.deploy import CATEGORIES, deploy
from edgepi_iexec.devchain.deployment import VERSION, Category, Deployment
from edgepi_iexec.devchain.fetch import ANVIL, CONTRACTS, fetch, fetch_hardhat
from edgepi_iexec.devchain.hardhat import Hardhat
from edgepi_iexec.devchain.market import Market
from edgepi_iexec.devchain.rpc import Rpc

__all__ = ["LocalChain", "Settings", "fetch_program", "open_market"]

RECORD = "devchain.json"
CHAIN_IDS = {False: 31337, True: 65535}
# A chain whose last block lies further ahead of the clock than this belongs to another time.
AHEAD_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is deployed; *native* keeps the escrow in the chain's own coin. A port of 0 means a free one."""

    native: bool = False
    port: int = 0
    free_gas: bool = True
    categories: tuple[Category, ...] = CATEGORIES

    @property
    def chain_id(self) -> int:
        """The id that both kinds of chain are known by."""
        return CHAIN_IDS[self.native]


def fetch_program(cache: Path, say: Callable[[str], None], machine: str) -> Program:
    """Return anvil where the registry has it for this *machine*, else Hardhat. Blocks.

    Raises:
        MarketError: neither can be had.
    """
    package = ANVIL.get(machine)
    try:
        if package is not None:
            return Anvil(fetch(package, cache, say) / "bin/anvil")
    except MarketError as error:
        if "E404" not in error.message:
            raise
    return Hardhat(fetch_hardhat(cache, say))


def open_market(folder: Path, cache: Path) -> Market:
    """Return the market of a chain that another process runs in *folder*. Blocks.

    Raises:
        MarketError: none was ever started there.
        ChainError: it does not run now.
    """
    deployment = Deployment.load(folder / RECORD)
    rpc = Rpc(int(deployment.rpc_url.rpartition(":")[2]))
    if rpc("eth_getCode", deployment.hub, "latest") == "0x":
        raise ChainError(f"another chain answers at {rpc.url}", hint="`edgepi iexec devchain` starts ours")
    return Market(rpc, fetch(CONTRACTS, cache), deployment)


class LocalChain:
    """One chain in a folder of its own; every method blocks and raises ChainError or MarketError.

    *begun* says whether `start` began it anew: what others know of an earlier one is void.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        settings: Settings,
        *,
        say: Callable[[str], None] = lambda _: None,
        program: Program | None = None,
    ) -> None:
        self._folder = folder
        self._cache = cache
        self._settings = settings
        self._say = say
        self._program = program
        self._process: ChainProcess | None = None
        self._market: Market | None = None
        self._lock: TextIO | None = None
        self.begun = False

    @property
    def file(self) -> Path:
        """Where the deployment is written down."""
        return self._folder / RECORD

    @property
    def process(self) -> ChainProcess:
        """The node's process."""
        if self._process is None:
            raise ChainError("the local chain is not started")
        return self._process

    @property
    def rpc(self) -> Rpc:
        """The way to ask the node."""
        return self.process.rpc

    @property
    def market(self) -> Market:
        """The accounts' acts on this chain."""
        if self._market is None:
            raise ChainError("the local chain is not started")
        return self._market

    @property
    def deployment(self) -> Deployment:
        """Addresses and accounts."""
        return self.market.deployment

    def start(self, now_s: int) -> Deployment:
        """Continue the chain that was kept, or begin one at *now_s* (seconds since 1970)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._hold()
        package = fetch(CONTRACTS, self._cache, self._say)
        program = self._program or fetch_program(self._cache, self._say, platform.machine())
        options = ChainOptions(
            chain_id=self._settings.chain_id,
            begin_s=now_s,
            port=self._settings.port,
            free_gas=self._settings.free_gas,
        )
        self._process = ChainProcess(program, options, self._folder)
        kept = self._continue(now_s)
        self.begun = kept is None
        deployment = kept or self._begin(package)
        deployment.save(self._folder / RECORD)
        self._market = Market(self.rpc, package, deployment)
        return deployment

    def _hold(self) -> None:
        """Keep others out of the folder until `stop`; a process that dies lets go."""
        lock = (self._folder / ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ChainError(f"another local chain runs in {self._folder}") from None
        self._lock = lock

    def _let_go(self) -> None:
        self._market = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _continue(self, now_s: int) -> Deployment | None:
        """Start what was kept, if it is whole and what was asked for."""
        kept = self._kept()
        if kept is None:
            return None
        with contextlib.suppress(ChainError):
            rpc = self.process.start()
            if rpc.latest_time_s() <= now_s + AHEAD_S and rpc("eth_getCode", kept.hub, "latest") != "0x":
                return replace(kept, rpc_url=rpc.url, scheduler_url="")
        self.process.kill()
        return None

    def _kept(self) -> Deployment | None:
        if not self.process.kept:
            return None
        with contextlib.suppress(MarketError):
            kept = Deployment.load(self._folder / RECORD)
            wanted = (VERSION, self._settings.native, self._settings.chain_id, self._settings.categories)
            if (kept.version, kept.native, kept.chain_id, kept.categories) == wanted:
                return kept
        return None

    def _begin(self, package: Path) -> Deployment:
        self.process.forget()
        rpc = self.process.start()
        self._say("deploying the contracts")
        deployment = self._deploy(rpc, package)
        self.process.save()
        return deployment

    def _deploy(self, rpc: Rpc, package: Path) -> Deployment:
        settings = self._settings
        return deploy(rpc, Library(package), native=settings.native, categories=settings.categories)

    def record(self, *, app: str | None = None, scheduler_url: str | None = None) -> Deployment:
        """Write down, for those who read the file, which app there is or where the scheduler answers."""
        known = self.deployment
        changed = replace(
            known,
            app=known.app if app is None else app,
            scheduler_url=known.scheduler_url if scheduler_url is None else scheduler_url,
        )
        changed.save(self._folder / RECORD)
        self.market.deployment = changed
        return changed

    def pass_time(self, seconds: int) -> None:
        """Move the chain's time on, and mine a block that shows it."""
        self.rpc("evm_setNextBlockTimestamp", self.rpc.latest_time_s() + seconds)
        self.rpc("evm_mine")

    def revive(self) -> None:
        """Start the node again, at the same address, with what was kept last or else with fresh contracts."""
        self.process.kill()
        rpc = self.process.start()
        if rpc("eth_getCode", self.deployment.hub, "latest") == "0x":
            self._deploy(rpc, fetch(CONTRACTS, self._cache, self._say))
        rpc("evm_setNextBlockTimestamp", rpc.latest_time_s() + 1)  # not back to when it was begun

    def stop(self) -> None:
        """Keep the chain and end its node."""
        if self._process is not None:
            self._process.stop()
        self._let_go()

    def kill(self) -> None:
        """End its node at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
        self._let_go()

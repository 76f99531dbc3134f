"""What the commands about money share: which wallet, its password, which chain."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edgepi.errors import EdgePiError, MarketError, WalletError
from edgepi.plugin import CommandContext, common_arguments
from edgepi_iexec.config import IexecConfig

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from edgepi_iexec.chain.client import ChainClient
    from edgepi_iexec.chain.settings import ChainSettings

__all__ = [
    "RLC",
    "Place",
    "amount",
    "ask",
    "chain_arguments",
    "doubt_of_hub",
    "find_place",
    "new_password",
    "old_password",
    "open_chain",
    "wallet_arguments",
]

RLC = 10**9
GWEI = 10**9
PLUGIN = "iexec"
BLOCK_S = 5.0
NO_CHAIN = "set up `iexec` in the configuration, or name --rpc and --hub"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a wallet is, or would be; *config* None where none is set up, *problem* why it was not read."""

    wallet: Path
    config: IexecConfig | None
    problem: EdgePiError | None = None


def wallet_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which wallet is meant."""
    common_arguments(parser)
    add = parser.add_argument
    add("--wallet", type=Path, metavar="FILE", help="another wallet than the configuration's")
    add("--instance", metavar="NAME", help="of which worker, where several are set up")
    add("--password-file", type=Path, metavar="FILE", help="a file with the password; left out: asked for")


def chain_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which chain is meant, too."""
    wallet_arguments(parser)
    add = parser.add_argument
    add("--rpc", metavar="URL", help="another node of the chain than the configuration's or the pool's")
    add("--hub", metavar="ADDRESS", help="another hub than the configuration's or the pool's")


def find_place(args: argparse.Namespace, context: CommandContext) -> Place:
    """Read the configuration, if there is one; raises MarketError when it is not clear who is meant."""
    from edgepi_iexec.station import DEVCHAIN_WALLET, wallet_path

    configs: dict[str, IexecConfig] = {}
    problem: EdgePiError | None = None
    try:
        configs = dict(context.configs())
    except EdgePiError as error:  # who makes a wallet first has no configuration yet
        problem = error
    instance = _instance(args.instance, tuple(configs), read=problem is None)
    config = configs.get(instance)
    folder = context.folder_of(instance)
    if args.wallet is not None:
        return Place(args.wallet, config, problem)
    if config is not None and config.devchain is not None:
        return Place(config.wallet or config.devchain.parent / DEVCHAIN_WALLET, config)
    return Place(wallet_path(config or IexecConfig(), folder), config, problem)


def _instance(named: str | None, known: tuple[str, ...], *, read: bool) -> str:
    if named is not None:
        if read and known and named not in known:
            raise MarketError(f"there is no worker {named}", hint=f"there are {', '.join(known)}")
        return named
    if len(known) > 1:
        raise MarketError("several workers are set up", hint=f"--instance: {', '.join(known)}")
    return known[0] if known else PLUGIN


def old_password(args: argparse.Namespace, place: Place) -> str:
    """Return what opens a wallet that is there; raises WalletError."""
    from edgepi_iexec.wallet.keystore import read_password

    config = place.config
    if args.password_file is not None:
        return read_password(args.password_file)
    if config is not None and args.wallet is None:
        if config.password_file is not None:
            return read_password(config.password_file)
        if config.password is not None or config.devchain is not None:
            return config.password or ""
    return ask(f"password of {place.wallet}: ")


def new_password(args: argparse.Namespace) -> str:
    """Return what a new wallet is to be opened with: asked for twice; raises WalletError."""
    from edgepi_iexec.wallet.keystore import read_password

    if args.password_file is not None:
        return read_password(args.password_file)
    password = ask("password for the new wallet: ")
    if ask("the same again: ") != password:
        raise WalletError("the two passwords differ", hint="nothing was written; try again")
    return password


def ask(prompt: str) -> str:
    """Ask for what nobody should see; raises WalletError where there is no terminal."""
    if not sys.stdin.isatty():
        raise WalletError("there is no terminal to ask for the password", hint="name a --password-file")
    return getpass.getpass(prompt)


def amount(text: str) -> int:
    """Read an amount of RLC, in nRLC."""
    try:
        given = Decimal(text) * RLC
    except InvalidOperation:
        given = Decimal(-1)
    if not given.is_finite() or given <= 0 or given != given.to_integral_value() or given > 10**18:
        raise argparse.ArgumentTypeError("an amount of RLC such as 2.5 is expected, nine decimals at most")
    return int(given)


@asynccontextmanager
async def open_chain(
    args: argparse.Namespace, context: CommandContext, place: Place, password: str | None
) -> AsyncIterator[ChainClient]:
    """Reach the chain with a wallet, whose key is opened when it is needed; without *password* only to look.

    Raises:
        WalletError: there is no wallet.
        MarketError: nobody says which chain; or the scheduler, who would, cannot be asked.
    """
    from edgepi_iexec.chain.client import ChainClient
    from edgepi_iexec.commands.program import shared_session
    from edgepi_iexec.station import read_key

    key = None if password is None else await asyncio.to_thread(read_key, place.wallet, password)
    async with context.clock() as clock, shared_session() as session:
        settings = await _settings(args, place.config, session)
        chain = ChainClient(settings, key=key, child=context.child(clock), session=session, clock=clock)
        try:
            yield chain
        finally:
            await chain.close()


async def doubt_of_hub(
    args: argparse.Namespace, config: IexecConfig | None, chain: ChainClient
) -> str | None:
    """Return what to say where nobody but the scheduler named the hub; raises ChainError."""
    from edgepi_iexec.wallet.advice import hub_on_trust

    if args.hub or config is None or config.hub or config.devchain:
        return None
    return hub_on_trust(chain.hub, await chain.chain_id())


async def _settings(
    args: argparse.Namespace,
    config: IexecConfig | None,
    session: Callable[[], Awaitable[ClientSession]],
) -> ChainSettings:
    from edgepi_iexec.chain.settings import ChainSettings

    limits = config or IexecConfig()
    rpc = (args.rpc,) if args.rpc else limits.rpc
    hub, free_gas, block_time_s = args.hub or limits.hub, False, BLOCK_S
    if not rpc or not hub:
        if config is None:
            raise MarketError("it is not known which chain", hint=NO_CHAIN)
        told = await _told(config, session)
        rpc, hub = rpc or (told.rpc,), hub or told.hub
        free_gas, block_time_s = told.free_gas, told.block_time_s
    return ChainSettings(
        rpc_urls=rpc,
        hub=hub.lower(),
        free_gas=free_gas,
        block_time_s=block_time_s,
        gas_price_cap_wei=int(limits.gas_price_cap_gwei * GWEI),
        gas_price_factor=limits.gas_price_factor,
        confirmations=limits.confirmations,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    rpc: str
    hub: str
    free_gas: bool
    block_time_s: float


async def _told(config: IexecConfig, session: Callable[[], Awaitable[ClientSession]]) -> _Told:
    """Which chain a local chain's record or the pool's scheduler names."""
    if config.devchain is not None:
        from edgepi_iexec.devchain.deployment import Deployment

        there = await asyncio.to_thread(Deployment.load, config.devchain)
        return _Told(there.rpc_url, there.hub, free_gas=False, block_time_s=0.5)
    from edgepi_iexec.worker.client import SchedulerClient
    from edgepi_iexec.worker.guard import Guard

    assert config.scheduler is not None
    trusted = frozenset({urlsplit(config.scheduler).hostname or ""})
    guard = Guard(allow_private=config.allow_private_urls, trusted=trusted)
    scheduler = SchedulerClient(config.scheduler, session, guard)
    chain = await scheduler.chain_configuration((await scheduler.configuration()).config_server_url)
    return _Told(chain.chain_node_url, chain.iexec_hub_contract_address, chain.sidechain, chain.block_time_s)

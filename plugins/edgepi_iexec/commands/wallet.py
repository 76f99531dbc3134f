"""``edgepi iexec wallet``: makes a wallet, imports one, shows what it has and what it lacks."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgepi.errors import ChainError, MarketError, WalletError
from edgepi.plugin import CommandContext
from edgepi_iexec.commands.purse import (
    RLC,
    Place,
    amount,
    ask,
    chain_arguments,
    doubt_of_hub,
    find_place,
    new_password,
    open_chain,
    wallet_arguments,
)
from edgepi_iexec.config import IexecConfig

if TYPE_CHECKING:
    from edgepi_iexec.chain.client import ChainClient
    from edgepi_iexec.wallet.advice import Needs, Purse

__all__ = ["add_arguments", "run"]

STDIN = Path("-")
MOST_BYTES = 1 << 20
KEEP = "keep a copy of this file, and its password, somewhere else: whoever has both has the money"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="wallet_action", required=True, metavar="ACTION")
    wallet_arguments(actions.add_parser("new", help="make a wallet"))
    importing = actions.add_parser("import", help="take a wallet over from a key or another program's file")
    wallet_arguments(importing)
    importing.add_argument(
        "source",
        type=Path,
        metavar="FILE",
        help="with a private key or a keystore; -: it is typed or piped",
    )
    importing.add_argument(
        "--source-password-file", type=Path, metavar="FILE", help="what opens that keystore, if not the same"
    )
    showing = actions.add_parser("show", help="address, stake, RLC, gas, and what is lacking")
    chain_arguments(showing)
    showing.add_argument(
        "--price", type=amount, metavar="RLC", help="what tasks pay, to tell what stake they need"
    )


def run(args: argparse.Namespace, context: CommandContext) -> int:
    """Make, import or show; raises WalletError."""
    if args.wallet_action == "show":
        return _show(args, context, find_place(args, context))
    place = find_place(args, context)
    if place.wallet.exists():
        raise WalletError(
            f"{place.wallet} is a wallet already", hint="move it away first: its key may hold money"
        )
    made = _import(args) if args.wallet_action == "import" else _new(args)
    return _save(args, context, place, made)


def _new(args: argparse.Namespace) -> str:
    from edgepi_iexec.wallet.keystore import create

    return create(new_password(args))


def _import(args: argparse.Namespace) -> str:
    from edgepi_iexec.wallet.keystore import import_key, read_password

    source = _source(args.source)
    opens = args.source_password_file
    return import_key(source, new_password(args), file_password=read_password(opens) if opens else None)


def _source(path: Path) -> str:
    try:
        if path == STDIN:
            return ask("private key: ") if sys.stdin.isatty() else sys.stdin.read(MOST_BYTES)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise WalletError(f"{path} cannot be read: {reason}") from None


def _save(args: argparse.Namespace, context: CommandContext, place: Place, made: str) -> int:
    from edgepi_iexec.chain.link import address_of
    from edgepi_iexec.wallet.keystore import save

    save(place.wallet, made)
    address = address_of(made)
    if args.json:
        context.out.json({"address": address, "file": place.wallet})
        return 0
    context.out.line(f"wallet {address}, in {place.wallet}")
    context.out.line(KEEP)
    if place.problem is not None and args.wallet is None:
        context.out.line(f"(the configuration does not say where: {place.problem})")
    return 0


@dataclass(frozen=True, slots=True)
class _Shown:
    address: str
    file: Path
    stake_rlc: float | None = None
    locked_rlc: float | None = None
    wallet_rlc: float | None = None
    gas_wei: int | None = None
    score: int | None = None
    advice: tuple[str, ...] = ()
    problem: str | None = None


def _show(args: argparse.Namespace, context: CommandContext, place: Place) -> int:
    from edgepi_iexec.station import read_key

    address = read_key(place.wallet, "").address  # nothing is opened to look
    try:
        shown = asyncio.run(_look(args, context, place, address))
    except MarketError as error:
        shown = _Shown(address, place.wallet, problem=str(place.problem or error))
    if args.json:
        context.out.json(asdict(shown))
    else:
        _tell(context, shown)
    return int(shown.problem is not None)


async def _look(args: argparse.Namespace, context: CommandContext, place: Place, address: str) -> _Shown:
    from edgepi_iexec.wallet.advice import advise

    async with open_chain(args, context, place, None) as chain:
        purse, needs = await _purse(chain, address), await _needs(args, place.config, chain)
        return _Shown(
            address=purse.address,
            file=place.wallet,
            stake_rlc=purse.stake_nrlc / RLC,
            locked_rlc=purse.locked_nrlc / RLC,
            wallet_rlc=purse.wallet_nrlc / RLC,
            gas_wei=purse.gas_wei,
            score=await chain.score(purse.address),
            advice=(*filter(None, [await doubt_of_hub(args, place.config, chain)]), *advise(purse, needs)),
        )


async def _purse(chain: ChainClient, address: str) -> Purse:
    from edgepi_iexec.wallet.advice import Purse

    account = await chain.account(address)
    return Purse(
        address=address,
        stake_nrlc=account.stake_nrlc,
        locked_nrlc=account.locked_nrlc,
        wallet_nrlc=await chain.rlc_balance(address),
        gas_wei=await chain.balance_wei(address),
    )


async def _needs(args: argparse.Namespace, config: IexecConfig | None, chain: ChainClient) -> Needs:
    from edgepi_iexec.wallet.advice import Needs

    price_nrlc = args.price or int((config.min_price if config else 0.0) * RLC)
    return Needs(
        tasks=config.tasks if config else 1,
        stake_per_task_nrlc=price_nrlc * await _stake_ratio(config, chain) // 100,
        gas_price_wei=await chain.gas_price_wei(),
        free_gas=chain.free_gas,
    )


async def _stake_ratio(config: IexecConfig | None, chain: ChainClient) -> int:
    """What part of a task's price the pool asks for as stake, in percent."""
    if config is None or config.pool is None:
        return 30
    try:
        return (await chain.workerpool(config.pool)).worker_stake_ratio
    except ChainError:
        return 30


def _tell(context: CommandContext, shown: _Shown) -> None:
    line = context.out.line
    line(f"wallet {shown.address}, in {shown.file}")
    if shown.problem is not None:
        line(f"what it has is not known: {shown.problem}")
        return
    line(f"stake   {shown.stake_rlc:g} RLC free, {shown.locked_rlc:g} RLC locked by tasks")
    line(f"wallet  {shown.wallet_rlc:g} RLC, {(shown.gas_wei or 0) / 1e18:g} of the chain's coin for gas")
    line(f"score   {shown.score}")
    for sentence in shown.advice:
        line(f"- {sentence}")

"""``edgepi compute``: how this machine stands as one that runs jobs, and the walls around them."""

from __future__ import annotations

import argparse
import asyncio
import os
from ipaddress import IPv4Network
from pathlib import Path

from edgepi.cli.compute_steps import boots_with_systemd, find_nft, install_steps, remove_steps
from edgepi.cli.output import paint, print_json, print_table
from edgepi.cli.service_steps import Step
from edgepi.compute.engine import DEFAULT_URL, Engine
from edgepi.compute.firewall import REFUSED, read_rules, rules, uncovered
from edgepi.compute.model import Readiness
from edgepi.compute.probe import premises
from edgepi.compute.survey import Survey, survey
from edgepi.errors import EdgePiError, SandboxError

__all__ = ["add_arguments", "run"]

MB = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    engine = argparse.ArgumentParser(add_help=False)
    engine.add_argument("--engine", default=DEFAULT_URL, metavar="URL", help="the container engine")
    change = argparse.ArgumentParser(add_help=False)
    change.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    change.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)
    parts = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    parts.add_parser("status", parents=[common, engine], help="engine, limits, images, what is missing")
    firewall = parts.add_parser("firewall", help="the walls around jobs that may use the internet")
    actions = firewall.add_subparsers(dest="action", metavar="ACTION", required=True)
    install = actions.add_parser("install", parents=[common, change], help="put the rules in force, as root")
    install.add_argument(
        "--refuse",
        action="append",
        default=[],
        type=_network,
        metavar="NETWORK",
        help="one more network that no job may reach, such as 198.51.100.0/24",
    )
    actions.add_parser("status", parents=[common, engine], help="try whether the walls stand")
    actions.add_parser("remove", parents=[common, change], help="take the rules away, as root")


def run(args: argparse.Namespace) -> int:
    """Show or change; `status` is 1 if jobs cannot be run or, for the firewall, get no internet."""
    if args.what == "status":
        return _status(args)
    return {"install": _install, "status": _firewall_status, "remove": _remove}[args.action](args)


def _network(text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no IPv4 network ({error})") from None


async def _look(url: str) -> Survey:
    engine = Engine(url)
    try:
        return await survey(engine)
    finally:
        await engine.close()


def _status(args: argparse.Namespace) -> int:
    found = asyncio.run(_look(args.engine))
    if args.json:
        print_json(
            {
                "engine": {"url": found.url, "version": found.version},
                "limits": found.limits,
                "firewall": found.walls,
                "images": found.images,
                "missing": found.missing,
            }
        )
    else:
        print(f"{paint('engine  ', 'dim')} Docker {found.version} at {found.url}")
        _show("limits", found.limits)
        _show("firewall", found.walls)
        if found.images:
            print()
            print_table(["image", "MB"], [(i.reference, round(i.size_bytes / MB, 1)) for i in found.images])
    return 0 if found.limits.ok else 1


def _firewall_status(args: argparse.Namespace) -> int:
    walls = asyncio.run(_look(args.engine)).walls
    if args.json:
        print_json(walls)
    else:
        _show("firewall", walls)
    return 0 if walls.ok else 1


def _show(name: str, found: Readiness) -> None:
    print(f"{paint(f'{name:8}', 'dim')} {paint(found.sentence, 'green' if found.ok else 'yellow')}")
    if not found.ok and found.hint:
        print(f"         -> {found.hint}")


def _install(args: argparse.Namespace) -> int:
    here = premises()
    installed = read_rules(here.rules)
    kept = uncovered(installed.refused, REFUSED) if installed else ()
    more = (*args.refuse, *kept, *uncovered(here.networks, REFUSED))
    systemd = boots_with_systemd(args.root)
    if args.dry_run:
        nft = _nft_or_usual()
        steps = install_steps(more, nft, args.root, systemd=systemd)
        return _carry_out(steps, args, text=rules(more), note=_note(systemd))
    return _carry_out(install_steps(more, find_nft(), args.root, systemd=systemd), args, note=_note(systemd))


def _remove(args: argparse.Namespace) -> int:
    try:
        nft = find_nft()
    except SandboxError:
        nft = None
    return _carry_out(remove_steps(nft, args.root, systemd=boots_with_systemd(args.root)), args)


def _nft_or_usual() -> Path:
    try:
        return find_nft()
    except SandboxError:
        return Path("/usr/sbin/nft")


def _note(systemd: bool) -> str:
    if systemd:
        return ""
    return "this machine does not run systemd: install again after every boot, before jobs"


def _carry_out(steps: list[Step], args: argparse.Namespace, *, text: str = "", note: str = "") -> int:
    if not args.dry_run and args.root == Path("/") and os.geteuid() != 0:
        raise EdgePiError(
            "only root may do this", hint=f"sudo edgepi compute firewall {args.action}, or add --dry-run"
        )
    for step in steps:
        if not args.json:
            print(f"would {step.text}" if args.dry_run else step.text)
        if not args.dry_run:
            step.do()
    if args.json:
        said = {"rules": text} if text else {}
        print_json({"dry_run": args.dry_run, "steps": [step.text for step in steps], "note": note, **said})
    elif note or text:
        print("\n".join(part for part in (note, text) if part).rstrip())
    return 0

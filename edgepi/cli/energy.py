"""``edgepi energy``: how energy stands, what is planned, why, and a report as a page."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from pathlib import Path

from edgepi.cli.client import NodeClient
from edgepi.cli.output import print_json
from edgepi.cli.paths import add_state_argument, node_dir_of

__all__ = ["add_arguments", "run"]

_WIDEST = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    common = argparse.ArgumentParser(add_help=False)
    add_state_argument(common)
    common.add_argument("--json", action="store_true", help="print JSON")
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    commands.add_parser("status", parents=[common], help="show battery, sun, price, who runs, today's books")
    commands.add_parser("plan", parents=[common], help="show the coming days as the node expects them")
    commands.add_parser("explain", parents=[common], help="say in sentences why things are as they are")
    report = commands.add_parser("report", parents=[common], help="write a page with pictures")
    report.add_argument(
        "--out", type=Path, metavar="FILE", help="file to write (edgepi-energy.html); - for standard output"
    )
    report.add_argument(
        "--days", type=_days, default=7, metavar="N", help="how many days the courses show (7)"
    )
    report.add_argument("--open", action="store_true", help="show it in the browser")


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 366:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to 366")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Ask the running node."""
    client = NodeClient(node_dir_of(args))
    return {"status": _status, "plan": _plan, "explain": _explain, "report": _report}[args.action](
        client, args
    )


def _status(client: NodeClient, args: argparse.Namespace) -> int:
    energy = client.get("energy")
    if args.json:
        print_json(energy)
        return 0
    from edgepi.cli.energy_status import show_status

    show_status(energy, client.get("status"))
    return 0


def _plan(client: NodeClient, args: argparse.Namespace) -> int:
    energy = client.get("energy")
    if args.json:
        print_json(energy.get("plan"))
        return 0
    from edgepi.cli.energy_plan import show_plan

    show_plan(energy, client.get("status")["node"]["time_zone"])
    return 0


def _explain(client: NodeClient, args: argparse.Namespace) -> int:
    told = client.get("energy/explain")
    if args.json:
        print_json(told)
        return 0
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    print("\n".join(textwrap.fill(sentence, width) for sentence in told["sentences"]))
    return 0


def _report(client: NodeClient, args: argparse.Namespace) -> int:
    from edgepi.cli.energy_report import report

    return report(client, args)

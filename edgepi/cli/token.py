"""``edgepi token``: make, list and revoke tokens; print a login link."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepi.cli.client import NodeClient
from edgepi.cli.output import print_json, print_table
from edgepi.cli.paths import add_state_argument, node_dir_of
from edgepi.clock import Clock, SystemClock
from edgepi.web.tokens import Scope, TokenStore

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    new = commands.add_parser("new", help="make a token and show it, once")
    new.add_argument("name", help="what it is for; tokens are listed and revoked by it")
    new.add_argument("--scope", choices=[s.value for s in Scope], default=Scope.READ.value)
    listing = commands.add_parser("list", help="list tokens")
    revoke = commands.add_parser("revoke", help="make a token invalid; a running node notices at once")
    revoke.add_argument("name")
    link = commands.add_parser("link", help="print a one-time link that logs a browser in")
    for command in (new, listing, revoke, link):
        add_state_argument(command)
        command.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    directory = node_dir_of(args)
    if args.what == "link":
        return _link(directory, as_json=args.json)
    store = TokenStore(directory / "tokens.json")
    if args.what == "new":
        return _new(store, args, SystemClock())
    if args.what == "revoke":
        store.revoke(args.name)
        return _said(f"revoked {args.name}", {"revoked": args.name}, as_json=args.json)
    return _list(store, as_json=args.json)


def _new(store: TokenStore, args: argparse.Namespace, clock: Clock) -> int:
    secret = store.create(args.name, Scope(args.scope), now_utc=clock.now())
    if args.json:
        print_json({"name": args.name, "scope": args.scope, "token": secret})
    else:
        print(secret)
        print("It is shown only now. Send it as `Authorization: Bearer TOKEN`, or paste it into the page.")
    return 0


def _list(store: TokenStore, *, as_json: bool) -> int:
    store.refresh()
    rows = [(t.name, t.scope.value, t.created_utc.isoformat(timespec="seconds")) for t in store.tokens]
    if as_json:
        keys = ("name", "scope", "created_utc")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    elif rows:
        print_table(("name", "scope", "made"), rows)
    else:
        print("no tokens; make one with `edgepi token new NAME`")
    return 0


def _link(directory: Path, *, as_json: bool) -> int:
    url = NodeClient(directory).post("login-links")["url"]
    return _said(url, {"url": url}, as_json=as_json)


def _said(text: str, data: dict[str, str], *, as_json: bool) -> int:
    if as_json:
        print_json(data)
    else:
        print(text)
    return 0

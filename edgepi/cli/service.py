"""``edgepi service``: a hardened systemd unit, a user of its own, and the right to halt."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from edgepi.cli.output import print_json
from edgepi.cli.paths import SYSTEM_CONFIG, add_config_argument, find_config
from edgepi.cli.service_files import POLKIT_PATH, SERVICE, UNIT_PATH, USER, ServiceOptions, polkit_rule, unit
from edgepi.cli.service_steps import Step, install_steps, present_groups, uninstall_steps
from edgepi.errors import EdgePiError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("install", "uninstall", "show"), help="what to do")
    add_config_argument(parser)
    parser.add_argument("--user", default=USER, help=f"the user it runs as (default {USER}, made if missing)")
    parser.add_argument(
        "--group", action="append", default=[], metavar="GROUP", help="one more group (`docker` is like root)"
    )
    parser.add_argument("--no-start", action="store_true", help="install only, do not start it now")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    parser.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Install, uninstall or show the service."""
    options = ServiceOptions(
        program=_program(),
        config=SYSTEM_CONFIG,
        user=args.user,
        groups=present_groups(args.group),
    )
    if args.action == "show":
        return _show(options, as_json=args.json)
    if args.action == "install":
        _refuse_hidden(options.program)
        steps = install_steps(options, _config_to_copy(args), args.root, start=not args.no_start)
    else:
        steps = uninstall_steps(args.root)
    return _carry_out(steps, args)


def _show(options: ServiceOptions, *, as_json: bool) -> int:
    files = {str(UNIT_PATH): unit(options), str(POLKIT_PATH): polkit_rule(options.user)}
    if as_json:
        print_json({"service": SERVICE, "files": files})
    else:
        print("\n".join(f"# {path}\n{text}" for path, text in files.items()), end="")
    return 0


def _refuse_hidden(program: Path) -> None:
    if program.is_relative_to("/home") or program.is_relative_to("/root"):
        raise EdgePiError(
            f"the service may not look below /home and /root, where {program} is",
            hint="`make install` puts EdgePi into /opt/edgepi",
        )


def _program() -> Path:
    return Path(sys.executable).parent / "edgepi"


def _config_to_copy(args: argparse.Namespace) -> Path | None:
    """Return the configuration that the service will get a copy of; None if it has its own."""
    if not args.config and (args.root / SYSTEM_CONFIG.relative_to("/")).is_file():
        return None
    found = find_config(args.config, os.environ, Path.cwd())
    if found.resolve() == SYSTEM_CONFIG:
        return None
    if "!include" in found.read_text(encoding="utf-8"):
        raise EdgePiError(f"{found} includes other files", hint=f"move all of them to {SYSTEM_CONFIG.parent}")
    return found


def _carry_out(steps: list[Step], args: argparse.Namespace) -> int:
    if args.json:
        print_json({"dry_run": args.dry_run, "steps": [step.text for step in steps]})
    if not args.dry_run and args.root == Path("/") and os.geteuid() != 0:
        raise EdgePiError(
            "only root may do this", hint=f"sudo {_program()} service {args.action}, or add --dry-run"
        )
    for step in steps:
        if not args.json:
            print(f"would {step.text}" if args.dry_run else step.text)
        if not args.dry_run:
            step.do()
    return 0

"""``edgepi run``: the node itself."""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from edgepi.cli.output import print_json
from edgepi.cli.paths import add_config_argument, add_state_argument, config_of, state_dir_of
from edgepi.errors import EdgePiError

if TYPE_CHECKING:
    from edgepi.config import Settings
    from edgepi.node.node import Launch
    from edgepi.runtime.lastrun import LastRun
    from edgepi.runtime.records import PluginRecord
    from edgepi.runtime.registry import PluginRegistry

__all__ = ["add_arguments", "run"]

RELOAD = "the configuration is read at the start only: restart the node to apply what has changed"
log = logging.getLogger("edgepi.node")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_config_argument(parser)
    add_state_argument(parser)
    parser.add_argument("--world", type=Path, metavar="SOCKET", help="the simulated world to live in")
    parser.add_argument(
        "--no-safe-mode", action="store_true", help="start every plugin even if the last start crashed"
    )
    parser.add_argument("--json", action="store_true", help="say everything as JSON lines")


class _Ended(KeyboardInterrupt):
    """A signal asked for the end before the node could listen for one."""


def run(args: argparse.Namespace) -> int:
    """Run until a signal, or until the machine halts."""
    from edgepi.cli.installed import installed
    from edgepi.node.lock import locked

    config, state_dir = config_of(args), state_dir_of(args)
    try:
        with _early_signals(), locked(state_dir):
            registry = installed()
            return _start(args, config, state_dir, registry)
    except _Ended:
        return 0


@contextmanager
def _early_signals() -> Iterator[None]:
    """End in order, whatever plugin is being imported, when a signal comes before the node runs."""

    def end(number: int, _frame: object) -> None:
        raise _Ended(number)

    handlers = {signal.SIGTERM: end, signal.SIGHUP: end if _has_terminal() else signal.SIG_IGN}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _watch_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if _has_terminal():  # its terminal has gone
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, stop)
    else:
        loop.add_signal_handler(signal.SIGHUP, log.warning, RELOAD)


def _blocked_s() -> float:
    text = os.environ.get("EDGEPI_BLOCKED_S", "20")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds < math.inf:
        raise EdgePiError(f"EDGEPI_BLOCKED_S is {text!r}: it must be a number of seconds from 0.1 on")
    return seconds


def _start(args: argparse.Namespace, config: Path, state_dir: Path, registry: PluginRegistry) -> int:
    from edgepi.clock import SystemClock
    from edgepi.config import check
    from edgepi.runtime.haste import hurried
    from edgepi.runtime.lastrun import review
    from edgepi.runtime.safemode import StartFlag, boot_id
    from edgepi.runtime.tolerant import TolerantCatalog

    flag = StartFlag(state_dir, os.environ.get("EDGEPI_BOOT_ID") or boot_id())
    last = review(
        state_dir=state_dir,
        registry=registry,
        clock=SystemClock(),
        flag=flag,
        allow_safe_mode=not args.no_safe_mode,
    )
    try:
        report = check(config, TolerantCatalog(registry, wanted=_lives_here), os.environ, leave_out=True)
        if report.settings is None:
            from edgepi.cli.check_config import show

            return show(config, report, as_json=args.json)
        with hurried() as settled:

            def on_ready() -> None:
                flag.lower()
                settled()

            return _live(args, report.settings, registry, last, on_ready)
    finally:
        flag.lower()


def _lives_here(record: PluginRecord) -> bool:
    return record.manifest is None or not record.manifest.own_process


def _live(
    args: argparse.Namespace,
    settings: Settings,
    registry: PluginRegistry,
    last: LastRun,
    on_ready: Callable[[], None],
) -> int:
    from edgepi.node.logs import set_up_logging
    from edgepi.node.node import Launch
    from edgepi.node.systemd import Notifier, watchdog_interval_s
    from edgepi.runtime.containment import run as run_contained

    def say(line: str) -> None:
        if args.json:
            print_json({"line": line})
        else:
            print(line, flush=True)

    handler = set_up_logging(settings, journal="JOURNAL_STREAM" in os.environ)
    for note in last.notes:
        say(note)
    for finding in settings.warnings:
        log.warning("%s", str(finding).replace("warning: ", "", 1))
    launch = Launch(
        settings=settings,
        registry=registry,
        state_dir=state_dir_of(args),
        say=say,
        notifier=Notifier(os.environ.get("NOTIFY_SOCKET")),
        watchdog_interval_s=watchdog_interval_s(os.environ, os.getpid()),
        notes=last.notes,
        on_ready=on_ready,
        blocked_s=_blocked_s(),
        world=args.world,
    )
    run_contained(_node(launch, handler))
    return 0


async def _node(launch: Launch, handler: logging.Handler) -> None:
    from edgepi.hardware import open_hardware
    from edgepi.node.logs import follow_clock
    from edgepi.node.node import Node

    async with open_hardware(launch.world, allow_halt=launch.settings.energy.allow_halt) as machine:
        if machine.simulated:
            follow_clock(handler, machine.clock)
        node = Node(launch, machine)
        _watch_signals(node.stop)
        await node.run()

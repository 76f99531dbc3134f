"""``edgepi power`` where no node runs: opens the board itself, under the lock of the state directory."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.cli.installed import installed
from edgepi.cli.output import plain
from edgepi.cli.paths import config_of
from edgepi.config import load
from edgepi.hardware import Machine, open_hardware
from edgepi.node.board import LoneBoard, has_a_board, open_board
from edgepi.node.lock import locked
from edgepi.runtime.quarantine import Quarantine
from edgepi.runtime.tolerant import TolerantCatalog

__all__ = ["BoardClient", "alone"]


class BoardClient:
    """Answers what ``edgepi power`` asks of a node's API."""

    def __init__(self, board: LoneBoard, machine: Machine, node: object, runner: asyncio.Runner) -> None:
        self._board, self._machine, self._node, self._runner = board, machine, node, runner

    def get(self, path: str) -> Any:
        """Return the board's status, or what is known of the node that does not run."""
        if path == "power/status":
            return plain(self._runner.run(self._board.status()))
        return plain({"time_utc": self._machine.clock.now(), "node": self._node})

    def post(self, path: str, body: Any = None) -> Any:
        """Arm a wake, or switch the machine off."""
        wake = datetime.fromisoformat(body["wake_utc"]) if body and "wake_utc" in body else None
        if path == "power/wake-at" and wake is not None:
            return plain(self._runner.run(self._board.wake_at(wake)))
        return plain(self._runner.run(self._board.off(wake)))


@contextmanager
def alone(args: argparse.Namespace, state_dir: Path) -> Iterator[BoardClient]:
    """Open the configured power board for as long as the block lasts.

    Raises:
        EdgePiError: no configuration, another node that is just starting, or no board that answers.
    """
    config = config_of(args)
    with locked(state_dir), asyncio.Runner() as runner, ExitStack() as stack:
        registry = installed()
        Quarantine(state_dir).mark(registry)
        settings = load(config, TolerantCatalog(registry, wanted=has_a_board), os.environ, leave_out=True)
        hardware = open_hardware(args.world, allow_halt=settings.energy.allow_halt)
        machine = runner.run(hardware.__aenter__())
        stack.callback(lambda: runner.run(hardware.__aexit__(None, None, None)))
        opened = open_board(settings, registry, machine, state_dir)
        board = runner.run(opened.__aenter__())
        stack.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
        yield BoardClient(board, machine, settings.node, runner)

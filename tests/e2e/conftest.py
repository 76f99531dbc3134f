"""A whole node in a whole world, each in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli.client import NodeClient
from edgepi.errors import EdgePiError

from .living import Living, blind_demo, world

PATIENCE_S = 60.0


class Simulated:
    """``edgepi sim`` in its own process, and ways to look at it from outside."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.state_dir = directory / "state"
        self.config = directory / "edgepi.yaml"
        if not self.config.exists():
            self.config.write_text(blind_demo() + "\nhttp:\n  port: 0\n")
        self.log = directory / "sim.log"
        self.client = NodeClient(self.state_dir)
        self.env = {**os.environ, "EDGEPI_STATE_DIR": str(self.state_dir), "NO_COLOR": "1"}
        self._sink = self.log.open("ab")
        self.process = subprocess.Popen(
            [*self.command, "sim", "--config", str(self.config), *arguments],
            stdout=self._sink,
            stderr=subprocess.STDOUT,
            env=self.env,
        )

    command = (sys.executable, "-m", "edgepi.cli.main")

    def edgepi(self, *arguments: str) -> Any:
        """Run a command against it and return what it prints as JSON."""
        done = subprocess.run(
            [*self.command, *arguments, "--json"], capture_output=True, text=True, env=self.env, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def until(self, what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """Ask again and again until the answer is true; a node that is not up yet is no answer."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with contextlib.suppress(EdgePiError, OSError, AssertionError, KeyError, ValueError, TypeError):
                if found := look():
                    return found
            assert self.process.poll() is None, f"the simulation ended:\n{self.said()}"
            time.sleep(0.1)
        pytest.fail(f"never happened: {what}\n{self.said()}")

    def said(self) -> str:
        return self.log.read_text()

    def states(self) -> dict[str, dict[str, Any]]:
        return {state["entity_id"]: state for state in self.client.get("states")}

    def value(self, entity_id: str) -> Any:
        return self.client.get(f"states/{entity_id}")["value"]

    def truth(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.edgepi("sim", "status")
        return answer

    def node_pid(self) -> int:
        return int((self.state_dir / "node.lock").read_text())

    def end(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(60)
        finally:
            self._sink.close()


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Living]:
    with world() as socket:
        node = Living(tmp_path, socket)
        yield node
        if node.process is not None and node.process.poll() is None:
            node.process.kill()
            node.process.wait()


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Callable[..., Simulated]]:
    started: list[Simulated] = []

    def start(*arguments: str) -> Simulated:
        started.append(Simulated(tmp_path, *arguments))
        return started[-1]

    yield start
    for simulated in started:
        simulated.end()

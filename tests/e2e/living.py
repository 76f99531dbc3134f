"""``edgepi run`` in a process of its own, in a world that outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli.client import NodeClient
from edgepi.errors import EdgePiError
from edgepi.sim.build import demo_config
from edgepi.testing.world import build_simulation, served_world

PATIENCE_S = 60.0
COMMAND = (sys.executable, "-m", "edgepi.cli.main")


def blind_demo() -> str:
    """The demo's configuration without its camera, which would only cost time where nobody looks at it."""
    text, cameras = re.subn(r"(?ms)^  camera:.*?(?=^  \w)", "", demo_config().read_text())
    assert cameras == 1
    return text


@contextlib.contextmanager
def world(rate: float = 1.0) -> Iterator[Path]:
    """Serve a world from a thread; yields its socket."""
    loop = asyncio.new_event_loop()
    up: list[Path] = []
    ready, end = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with served_world(build_simulation(rate=rate)) as path:
            up.append(path)
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_S)
    try:
        yield up[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(PATIENCE_S)
        loop.close()


class Living:
    """A node's state, configuration and plugins; it may live several times."""

    def __init__(self, directory: Path, socket: Path) -> None:
        self.state_dir = directory / "state"
        self.site = directory / "site"
        self.config = directory / "edgepi.yaml"
        self.log = directory / "node.log"
        self.client = NodeClient(self.state_dir, timeout_s=5.0)
        self.socket = socket
        self.env = {
            **os.environ,
            "EDGEPI_STATE_DIR": str(self.state_dir),
            "NO_COLOR": "1",
            "PYTHONPATH": str(self.site),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.configure("")

    def configure(self, plugins: str) -> None:
        """Take the demo's configuration with some more plugins, and no port that others may have."""
        text = blind_demo().rstrip() + "\n" + plugins
        self.config.write_text(f"{text}\nhttp:\n  port: 0\n")

    def start(self, *arguments: str, **env: str) -> None:
        """Run the node."""
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [*COMMAND, "run", "--config", self.config, "--world", self.socket, *arguments],
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self.env | env,
            )

    def said(self) -> str:
        """What it has printed and logged in this life."""
        return self.log.read_text(errors="replace")

    def until(self, what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """Ask again and again until the answer is true."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            with contextlib.suppress(EdgePiError, OSError, KeyError, TypeError):
                if found := look():
                    return found
            assert self.process is not None
            assert self.process.poll() is None, f"the node ended, waiting for {what}:\n{self.said()}"
            time.sleep(0.05)
        pytest.fail(f"never happened: {what}\n{self.said()}")

    def measures_weather(self) -> None:
        """Wait until the weather plugin works as if nothing else were there."""
        self.until(
            "a temperature", lambda: self.client.get("states/weather.temperature")["value"] is not None
        )

    def unavailable(self, entity_id: str) -> dict[str, Any]:
        """Wait until an entity cannot be measured and return its state."""

        def state() -> dict[str, Any] | None:
            found: dict[str, Any] = self.client.get(f"states/{entity_id}")
            return found if found["availability"] == "unavailable" else None

        seen: dict[str, Any] = self.until(f"{entity_id} is unavailable", state)
        return seen

    def edgepi(self, *arguments: str, code: int = 0) -> Any:
        """Run a command and return what it prints as JSON."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--json"],
            capture_output=True,
            text=True,
            env=self.env,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def plugin(self, name: str) -> tuple[str, str]:
        """Status and sentence of an instance or plugin, as `edgepi plugins list` says them."""
        rows = self.edgepi("plugins", "list")
        (row,) = [row for row in rows if (row["instance"] or row["name"]) == name]
        return row["status"], row["reason"]

    def ended(self, within_s: float = PATIENCE_S) -> int:
        """Wait for the end of this life and return its exit code."""
        assert self.process is not None
        return self.process.wait(within_s)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End this life in order."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.ended()

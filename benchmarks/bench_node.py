"""How long a node takes until it is ready, and what it costs when nothing happens."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from table import show

from edgepi.cli.client import NodeClient
from edgepi.errors import EdgePiError

STARTS = 7
IDLE_S = 20.0
EDGEPI = (sys.executable, "-m", "edgepi.cli.main")
CONFIG = "node: {name: bench, latitude: 39.74, longitude: -105.18, time_zone: America/Denver}\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "edgepi.yaml"
        config.write_text(_config())
        world = subprocess.Popen(
            [*EDGEPI, "sim", "--config", str(config), "--rate", "1", "--state-dir", f"{folder}/world"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(Path(folder) / "world")
            rows = _measure(config, Path(folder), Path(folder) / "world" / "world.sock")
        finally:
            world.send_signal(signal.SIGINT)
            world.wait()
    show("node, two plugins on the simulated board", rows)


def _config() -> str:
    return CONFIG + "http: {port: 0}\nplugins: {weather: {}, wittypi: {}}\n"


def _wait_for(state_dir: Path) -> float:
    client = NodeClient(state_dir)
    given_up = time.perf_counter() + 60.0
    while time.perf_counter() < given_up:
        try:
            client.get("health")
        except EdgePiError:
            time.sleep(0.002)
        else:
            return time.perf_counter()
    raise TimeoutError(f"no node came up in {state_dir}")


def _measure(config: Path, folder: Path, socket: Path) -> list[tuple[str, str, str]]:
    starts = [_start(config, folder / f"n{i}", socket) for i in range(STARTS)]
    node = _spawn(config, folder / "idle", socket)
    _wait_for(folder / "idle")
    process = psutil.Process(node.pid)
    time.sleep(3)
    before = process.cpu_times()
    time.sleep(IDLE_S)
    after = process.cpu_times()
    rss_mb = process.memory_info().rss / 1e6
    _end(node)
    cpu = (after.user + after.system - before.user - before.system) / IDLE_S
    return [
        ("process start to ready, median", f"{statistics.median(starts):.2f} s", "0.8 s"),
        ("process start to ready, worst", f"{max(starts):.2f} s", ""),
        ("idle memory (resident)", f"{rss_mb:.0f} MB", "60 MB"),
        ("idle processor share", f"{cpu:.2%}", ""),
    ]


def _start(config: Path, state_dir: Path, socket: Path) -> float:
    begun = time.perf_counter()
    node = _spawn(config, state_dir, socket)
    took = _wait_for(state_dir) - begun
    _end(node)
    return took


def _spawn(config: Path, state_dir: Path, socket: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*EDGEPI, "run", "--config", str(config), "--state-dir", str(state_dir), "--world", str(socket)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
    )


def _end(node: subprocess.Popen[bytes]) -> None:
    node.send_signal(signal.SIGTERM)
    node.wait()


if __name__ == "__main__":
    main()

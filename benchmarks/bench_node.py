"""How long a node takes until it is ready, and what it costs when nothing happens."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from table import show

from edgepi.cli.client import NodeClient
from edgepi.errors import EdgePiError
from edgepi.web.unix_socket import SOCKET_NAME

STARTS = 15
SETTLE_S = 5.0
IDLE_S = 40.0
SENSORS = 20
EDGEPI = (sys.executable, "-m", "edgepi.cli.main")
CONFIG = """\
node: {name: bench, latitude: 39.74, longitude: -105.18, time_zone: America/Denver}
http: {port: 0}
"""
TWO = CONFIG + "plugins: {weather: {}, wittypi: {}}\n"
MANY = CONFIG + "plugins:\n  wittypi: {}\n  weather:\n"
MANY += "".join(f"    - {{name: s{number}, interval: 10s}}\n" for number in range(SENSORS))


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of the process to its first good answer, and what it cost."""

    wall_s: float
    cpu_s: float


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        two, many = folder / "two.yaml", folder / "many.yaml"
        two.write_text(TWO)
        many.write_text(MANY)
        with _world(two, folder / "world") as socket:
            _start(two, folder / "first", socket)  # fills the caches of bytecode and disk
            starts = [_start(two, folder / f"n{number}", socket) for number in range(STARTS)]
            memory_mb, share = _idle(two, folder / "two", socket)
            _, busier = _idle(many, folder / "many", socket)
    wall, cpu = [start.wall_s for start in starts], [start.cpu_s for start in starts]
    show(
        "node, two plugins on the simulated board",
        [
            (f"process start to ready, median of {STARTS}", f"{statistics.median(wall):.2f} s", "0.8 s"),
            ("process start to ready, best and worst", f"{min(wall):.2f} s, {max(wall):.2f} s", ""),
            ("processor time until ready, median", f"{statistics.median(cpu):.2f} s", ""),
            ("idle memory (resident)", f"{memory_mb:.0f} MB", "60 MB"),
            ("idle processor share", f"{share:.2%}", ""),
            (f"the same with {SENSORS} sensors each 10 s", f"{busier:.2%}", "0.5 %"),
        ],
    )


@contextmanager
def _world(config: Path, state_dir: Path) -> Iterator[Path]:
    command = [*EDGEPI, "sim", "--config", str(config), "--rate", "1", "--state-dir", str(state_dir)]
    world = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(state_dir)
        yield state_dir / "world.sock"
    finally:
        world.send_signal(signal.SIGTERM)  # an interrupt is ignored in the background
        world.wait()


def _wait_for(state_dir: Path) -> float:
    client, socket = NodeClient(state_dir), state_dir / SOCKET_NAME
    given_up = time.perf_counter() + 60.0
    while time.perf_counter() < given_up:
        if socket.exists():  # asking before takes time from the node
            with suppress(EdgePiError):
                client.get("health")
                return time.perf_counter()
        time.sleep(0.002)
    raise TimeoutError(f"no node came up in {state_dir}")


def _idle(config: Path, state_dir: Path, socket: Path) -> tuple[float, float]:
    """Resident MB and share of a processor of a node that is left alone."""
    node = _spawn(config, state_dir, socket)
    _wait_for(state_dir)
    time.sleep(SETTLE_S)
    process = psutil.Process(node.pid)
    before = _cpu_s(process)
    time.sleep(IDLE_S)
    share = (_cpu_s(process) - before) / IDLE_S
    memory_mb = process.memory_info().rss / 1e6
    _end(node)
    return memory_mb, share


def _start(config: Path, state_dir: Path, socket: Path) -> Start:
    begun = time.perf_counter()
    node = _spawn(config, state_dir, socket)
    ready = _wait_for(state_dir)
    start = Start(ready - begun, _cpu_s(psutil.Process(node.pid)))
    _end(node)
    return start


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


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

"""Measures the memory of a real node with the iExec worker: idle, after a paid task, and idle again.

PSS is counted of node and children: each page that several processes share is shared out among them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from table import show

from tests.devchain import CACHE
from tests.engine import running_engine

MB = 1_000_000
TARGET = "<= 120 MB"
START_S, IDLE_S = 60.0, 75.0
EDGEPI = (sys.executable, "-m", "edgepi.cli.main")
CONFIG = """\
node:
  name: bench
  latitude: 48.1
  longitude: 11.6
http:
  port: 0
plugins:
  iexec:
    devchain: {devchain}
    docker: {engine}
    memory_mb: 64
    disk_mb: 16
"""


@contextmanager
def running(*command: str, folder: Path) -> Iterator[psutil.Process]:
    """Run a command of EdgePi until the block ends."""
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = subprocess.Popen([*EDGEPI, *command], stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30.0)


def used_mb(node: psutil.Process) -> dict[str, float]:
    """Return megabytes by process, the node's own first."""
    found = {}
    for each in (node, *node.children(recursive=True)):
        command = each.cmdline()
        name = (
            "node"
            if each == node
            else command[3]
            if command[2:3] == ["edgepi.runtime.child_main"]
            else command[0]
        )
        found[name] = each.memory_full_info().pss / MB
    return found


def asked(folder: Path, *command: str) -> str:
    """Return what a command says."""
    common = ("-c", str(folder / "edgepi.yaml"), "--state-dir", str(folder / "state"))
    done = subprocess.run([*EDGEPI, "iexec", *command, *common], capture_output=True, text=True, check=True)
    return done.stdout


def until_asking(folder: Path) -> None:
    """Wait until the worker asks its pool for work."""
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        with_node = (folder / "state" / "api.sock").exists()
        if with_node and json.loads(asked(folder, "status", "--json"))["state"] == "asking_for_work":
            return
        time.sleep(1.0)
    raise SystemExit("the worker does not come to ask for work")


def measure(folder: Path, engine: str) -> list[tuple[str, str, str]]:
    """Run chain, pool and node; returns rows."""
    chain = folder / "chain"
    rows = []
    with ExitStack() as stack:
        ports = ("--port", "0", "--pool-port", "0")
        devchain = ("iexec", "devchain", "--dir", str(chain), "--cache", str(CACHE), *ports)
        stack.enter_context(running(*devchain, folder=folder))
        end_s = time.monotonic() + START_S
        while (
            not (chain / "devchain.json").exists()
            or not json.loads((chain / "devchain.json").read_text())["scheduler_url"]
        ):
            if time.monotonic() > end_s:
                raise SystemExit("the chain does not start")
            time.sleep(1.0)
        (folder / "edgepi.yaml").write_text(CONFIG.format(devchain=chain / "devchain.json", engine=engine))
        node = stack.enter_context(
            running(
                "run", "-c", str(folder / "edgepi.yaml"), "--state-dir", str(folder / "state"), folder=folder
            )
        )
        until_asking(folder)
        rows.append(row("just begun, with the chain's process", used_mb(node), TARGET))
        paid = asked(folder, "run", "--dir", str(chain), "--cache", str(CACHE), "--args", "1000000 7")
        if "completed" not in paid:
            raise SystemExit(paid)
        rows.append(row("right after a paid task", used_mb(node), TARGET))
        time.sleep(IDLE_S)
        rows.append(row("idle, a minute later", used_mb(node), TARGET))
    return rows


def row(what: str, used: dict[str, float], target: str) -> tuple[str, str, str]:
    """Return a line of the table."""
    parts = " + ".join(f"{mb:.0f}" for mb in used.values())
    return what, f"{sum(used.values()):.0f} MB ({parts})", target


def main() -> None:
    """Measure and print."""
    with TemporaryDirectory(prefix="edgepi-bench-") as name, running_engine() as engine:
        Path(name).chmod(0o755)
        show("iExec: memory of node and children, PSS", measure(Path(name), engine))


if __name__ == "__main__":
    main()

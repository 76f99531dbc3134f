"""What one and ten viewers of a live picture cost a whole node."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import psutil
from aiohttp import ClientSession, ClientTimeout, UnixConnector

from edgepi.web.unix_socket import SOCKET_NAME

__all__ = ["viewers"]

READY_S, WARM_S = 90.0, 6.0
FPS = 5
LIMIT = 1.3
MB = 1_000_000
CONFIG = """\
node: {{name: bench, latitude: 48.1, longitude: 11.6}}
http: {{port: 0}}
plugins:
  camera: {{source: "{url}"}}
"""


async def viewers(url: str, folder: Path, rounds: int, seconds: float) -> list[tuple[str, str, str]]:
    """Rows: a node with a camera at `full`, and nobody, one and ten who look at it, in turns."""
    used: dict[int, list[float]] = defaultdict(list)
    frames: dict[int, list[float]] = defaultdict(list)
    async with _node(url, folder) as (node, session):
        for _ in range(rounds):
            for count in (0, 1, 10):
                cost, seen = await _watched(node, session, count, seconds)
                used[count].append(cost)
                frames[count].append(seen)
        child = next(each for each in node.children() if "edgepi.runtime.child_main" in each.cmdline())
        memory = {"node": node.memory_full_info(), "child": child.memory_full_info()}
    share = {count: median(each) for count, each in used.items()}
    ratio = share[10] / share[1]
    rows = [
        (f"{count} viewers, {FPS} pictures a second", f"{share[count]:.2%} of a core", "")
        for count in sorted(share)
    ]
    rows.append(("ten of one", f"{ratio:.2f}", f"<= {LIMIT}" + ("" if ratio <= LIMIT else ", missed")))
    got = min(frames[10]) / 10
    rows.append(("pictures a second that each of ten got, worst round", f"{got:.1f}", f"{FPS}"))
    rows += [
        (f"memory of the {name}", f"{each.rss / MB:.0f} MB (PSS {each.pss / MB:.0f} MB)", "")
        for name, each in memory.items()
    ]
    return rows


@asynccontextmanager
async def _node(url: str, folder: Path) -> AsyncIterator[tuple[psutil.Process, ClientSession]]:
    config, state = folder / "node.yaml", folder / "state"
    config.write_text(CONFIG.format(url=url), encoding="utf-8")
    command = [sys.executable, "-m", "edgepi.cli.main", "run", "-c", str(config), "--state-dir", str(state)]
    with (folder / "node.log").open("wb") as log:
        process = await asyncio.to_thread(subprocess.Popen, command, stdout=log, stderr=log)
    connector = UnixConnector(str(state / SOCKET_NAME), limit=0)
    try:
        async with ClientSession("http://node", connector=connector, timeout=ClientTimeout()) as session:
            async with asyncio.timeout(READY_S):
                while not await _runs(session):  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(0.5)
            yield psutil.Process(process.pid), session
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30.0)


async def _runs(session: ClientSession) -> bool:
    try:
        async with session.get("/api/v1/plugins/camera/status") as answer:
            status = (await answer.json())["data"] if answer.status == 200 else {}
    except OSError:
        return False
    return bool(status.get("link") == "running" and status.get("level") == "full")


async def _watched(
    node: psutil.Process, session: ClientSession, count: int, seconds: float
) -> tuple[float, float]:
    """Processor time of node and child as a share of a core, and pictures a second that viewers got."""
    seen = [0] * count
    tasks = [asyncio.create_task(_view(session, seen, number)) for number in range(count)]
    await asyncio.sleep(WARM_S)
    before, first = _cpu_s(node), sum(seen)
    await asyncio.sleep(seconds)
    share, rate = (_cpu_s(node) - before) / seconds, (sum(seen) - first) / seconds
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return share, rate


async def _view(session: ClientSession, seen: list[int], number: int) -> None:
    async with session.get("/api/v1/plugins/camera/live.mjpg", params={"fps": str(FPS)}) as answer:
        async for chunk in answer.content.iter_any():
            seen[number] += chunk.count(b"--frame")


def _cpu_s(node: psutil.Process) -> float:
    return sum(
        each.cpu_times().user + each.cpu_times().system for each in (node, *node.children(recursive=True))
    )

"""Who watches the camera of the benchmarks: EdgePi's child process at a level, or Debian's `motion`."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from camera_debian import SETTINGS

from edgepi.clock import SystemClock
from edgepi.plugin import Message
from edgepi.runtime.child import Child
from edgepi_camera.model import CameraSettings, SourceSettings

__all__ = ["Cost", "Watcher", "debian", "edgepi", "measured"]

MB = 1_000_000
ASK_S = 40.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time as a share of one core; memory at the end in MB."""

    share: float
    rss_mb: float
    pss_mb: float


@dataclass(frozen=True, slots=True)
class Watcher:
    """A process that watches."""

    process: psutil.Process
    child: Child | None = None

    async def ask(self, kind: str, **fields: object) -> Message:
        """Ask EdgePi's child."""
        assert self.child is not None
        return await self.child.ask(Message(kind, fields), timeout_s=ASK_S)


@asynccontextmanager
async def edgepi(url: str, folder: Path, level: str) -> AsyncIterator[Watcher]:
    """EdgePi's child, as the node starts it."""
    log = logging.getLogger("camera")
    child = Child("edgepi_camera.child.main:handle", name="camera", clock=SystemClock(), log=log)
    settings = CameraSettings(source=SourceSettings(url=url), folder=str(folder))
    try:
        await child.ask(Message("open", {"settings": settings.to_fields()}), timeout_s=ASK_S)
        await child.ask(Message("level", {"level": level}), timeout_s=ASK_S)
        assert child.pid is not None
        yield Watcher(psutil.Process(child.pid), child)
    finally:
        await child.stop()


@asynccontextmanager
async def debian(url: str, folder: Path, settings: str) -> AsyncIterator[Watcher]:
    """Debian's `motion` with *settings* besides those that both need."""
    config = folder / "motion.conf"
    own = f"{SETTINGS}target_dir {folder}\nnetcam_url {url}\nwidth 640\nheight 480\n{settings}\n"
    config.write_text(own, encoding="utf-8")
    with (folder / "motion.log").open("wb") as log:
        command = ["motion", "-n", "-c", str(config)]
        process = await asyncio.to_thread(subprocess.Popen, command, stderr=log, stdout=log)
    try:
        yield Watcher(psutil.Process(process.pid))
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20.0)


async def measured(watcher: Watcher, warm_s: float, seconds: float) -> Cost:
    """What it costs for *seconds*, after *warm_s* in which it starts."""
    await asyncio.sleep(warm_s)
    before = watcher.process.cpu_times()
    await asyncio.sleep(seconds)
    after = watcher.process.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    memory = watcher.process.memory_full_info()
    return Cost(used_s / seconds, memory.rss / MB, memory.pss / MB)

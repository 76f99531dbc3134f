"""A process for what takes files apart or puts them together; it lives only while it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import EdgePiError
from edgepi.plugin import Message, StartChild
from edgepi_camera.status import number_of

__all__ = ["Probe", "Workshop"]

TARGET = "edgepi_camera.child.files:handle"
PROBE_S = 30.0
FILM_S = 600.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What a clip is."""

    playable: bool
    clip_s: float


class Workshop:
    """One question at a time."""

    def __init__(self, child: StartChild) -> None:
        self._child = child(TARGET, name="files")
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Workshop]:
        """Have it to oneself; the process ends at the end."""
        async with self._turn:
            try:
                yield self
            finally:
                await self._child.stop()

    async def probe(self, file: Path) -> Probe | None:
        """Look into a clip; None if the process did not outlive it, or cannot be had."""
        try:
            answer = await self._child.ask(Message("probe", {"file": str(file)}), timeout_s=PROBE_S)
        except (EdgePiError, OSError, TimeoutError):
            return None
        clip_s = number_of(answer.fields.get("clip_s"), high=1e6) or 0.0
        return Probe(answer.fields.get("playable") is True, clip_s)

    async def film(self, files: Sequence[Path], out: Path, fps: float) -> None:
        """Make a film of stills; raises PluginError, TimeoutError."""
        fields = {"files": [str(file) for file in files], "out": str(out), "fps": fps}
        await self._child.ask(Message("timelapse", fields), timeout_s=FILM_S)

"""What all tasks of one worker share."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

from edgepi.clock import Clock
from edgepi_iexec.chain.interface import Chain
from edgepi_iexec.protocol.models import PublicConfiguration
from edgepi_iexec.worker.parts import Boxes, Peers, WorkerParts
from edgepi_iexec.worker.settings import WorkerSettings

__all__ = ["Desk"]


@dataclass(slots=True)
class Desk:
    """The chain, the peers, the sandbox at its first use, and what the pool says of itself."""

    parts: WorkerParts
    chain: Chain
    peers: Peers
    configuration: PublicConfiguration
    sidechain: bool = False
    _boxes: Boxes | None = None
    pulling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def settings(self) -> WorkerSettings:
        """What the owner says."""
        return self.parts.settings

    @property
    def clock(self) -> Clock:
        """The node's time."""
        return self.parts.clock

    @property
    def log(self) -> logging.Logger:
        """The plugin's log."""
        return self.parts.log

    @property
    def me(self) -> str:
        """The worker's address."""
        return self.chain.address

    async def boxes(self) -> Boxes:
        """The sandbox; loads it, in a thread: its library is large."""
        async with self._loading:
            if self._boxes is None:
                self._boxes = await asyncio.to_thread(self.parts.boxes)
            return self._boxes

    def folder(self, task_id: str) -> Path:
        """Where a task's files lie."""
        return self.parts.folder / "tasks" / task_id

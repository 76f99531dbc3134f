from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edgepi.config.settings import RecorderSettings
from edgepi.model import Availability, State, StateChanged, Value
from edgepi.recorder import Recorder, Sample
from edgepi.recorder.writer import Writer
from edgepi.runtime.bus import EventBus
from edgepi.testing.clock import START, ManualClock


@dataclass
class Life:
    """A recorder with its bus and clock, which can lose its power."""

    path: Path
    clock: ManualClock
    settings: RecorderSettings
    bus: EventBus = field(default_factory=EventBus)
    capacity: int = 200_000
    recorder: Recorder = field(init=False)

    async def start(self) -> Recorder:
        self.bus = EventBus()
        self.recorder = Recorder(
            self.path, self.settings, self.clock, self.bus, capacity=self.capacity, log=logging.getLogger("t")
        )
        await self.recorder.start()
        return self.recorder

    async def die(self) -> None:
        """End as in a power cut: nothing is flushed, nothing marked as clean."""
        for task in self.recorder._tasks:
            task.cancel()
        await self.recorder._in_thread(self.recorder._writer._close_quietly)
        self.recorder._running = False
        self.recorder._thread.shutdown()

    def say(self, value: Value | None, entity_id: str = "a.b", **changes: object) -> None:
        known = Availability.UNKNOWN if value is None else Availability.KNOWN
        now = self.clock.now()
        fields = {"availability": known, "updated_utc": now, "changed_utc": now, "source": "t"} | changes
        self.bus.publish(StateChanged(None, State(entity_id, value, **fields)))  # type: ignore[arg-type]

    async def history(self, entity_id: str = "a.b", **options: object) -> list[Sample]:
        span = {"start_utc": START - timedelta(days=4000), "end_utc": START + timedelta(days=4000)}
        return await self.recorder.history(entity_id, **(span | {"tier": "raw"} | options))  # type: ignore[arg-type]

    async def values(self, entity_id: str = "a.b", **options: object) -> list[Value | None]:
        return [sample.value for sample in await self.history(entity_id, **options)]


@pytest.fixture
async def life(tmp_path: Path, manual_clock: ManualClock) -> AsyncIterator[Life]:
    life = Life(tmp_path / "history.db", manual_clock, RecorderSettings())
    await life.start()
    yield life
    await life.recorder.stop()


@pytest.fixture
def writer(tmp_path: Path) -> Callable[..., Writer]:
    def make(now: datetime = START, **settings: object) -> Writer:
        made = Writer(tmp_path / "w.db", RecorderSettings(**settings), logging.getLogger("t"))  # type: ignore[arg-type]
        made.open(now)
        return made

    return make

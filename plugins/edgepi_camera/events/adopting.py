"""Ends what a cut left without an end: a clip is as long as it can be played."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from edgepi.errors import EdgePiError
from edgepi.plugin import PluginContext
from edgepi_camera.config import CameraConfig
from edgepi_camera.events.diary import Diary
from edgepi_camera.events.event import Event, clip_name
from edgepi_camera.events.store import EventStore
from edgepi_camera.events.survey import CutOff, adopted, lost_files, survey, with_files
from edgepi_camera.events.workshop import Workshop

__all__ = ["Adopter"]

MOST_TRIALS = 2


class _Kept(Protocol):
    @property
    def folder(self) -> Path: ...
    @property
    def store(self) -> EventStore: ...
    @property
    def diary(self) -> Diary: ...
    @property
    def workshop(self) -> Workshop: ...


class Adopter:
    """Works on the keeper's folder; a file that its reader does not outlive twice stays as it is."""

    def __init__(self, kept: _Kept, context: PluginContext[CameraConfig]) -> None:
        self._kept = kept
        self._before_s = context.config.before
        self._run = context.run_blocking
        self._clock = context.clock
        self._log = context.log

    async def find(self) -> list[CutOff]:
        """Go through the whole folder for what has no end; raises RecorderError, OSError."""
        await self._reconcile()
        return await self._run(self._survey, self._clock.now())

    async def finish(self, found: Sequence[CutOff]) -> None:
        """End what was found; failures are said, what they leave is found at the next start."""
        try:
            await self._each(found)
        except (EdgePiError, OSError) as error:
            self._log.warning("what was cut off cannot be put in order: %s", error)

    async def adopt(self, events: Sequence[Event]) -> None:
        """End these, whose process is gone."""
        now_utc = self._clock.now()
        await self.finish([CutOff(event.event_id, event, now_utc) for event in events])

    def _survey(self, now_utc: datetime) -> list[CutOff]:
        kept = self._kept
        return list(survey(kept.folder, kept.store, tuple(kept.diary.open), now_utc))

    async def _reconcile(self) -> None:
        kept = self._kept
        changed, gone = await self._run(lost_files, kept.folder, kept.store)
        if changed:
            await self._run(kept.store.put, changed)
        if gone:
            await self._run(kept.store.forget, gone)
            self._log.warning("%d events are forgotten: their files are gone", len(gone))

    async def _each(self, cut: Sequence[CutOff]) -> None:
        if not cut:
            return
        self._log.info("%d events that were cut off are looked into", len(cut))
        async with self._kept.workshop.open() as workshop:
            for each in cut:
                await self._one(each, workshop)
        await self._kept.diary.settle()

    async def _one(self, cut: CutOff, workshop: Workshop) -> None:
        kept = self._kept
        clip = clip_name(kept.folder, cut.event_id)
        clip_s = 0.0
        if cut.event_id in kept.diary.open:
            return
        if await self._run(clip.is_file):
            trials = await self._run(kept.store.tried, cut.event_id)
            probe = await workshop.probe(clip)
            if probe is None and trials < MOST_TRIALS:
                return
            if probe is None:
                self._log.warning(
                    "the clip %s was cut off and cannot be looked into: kept as it is", clip.name
                )
            elif not probe.playable:
                await self._run(clip.unlink, True)
                self._log.warning("the clip %s was cut off and cannot be played: removed", clip.name)
            else:
                clip_s = probe.clip_s
        event = adopted(cut, clip_s, before_s=self._before_s, rate=self._clock.rate)
        event = await self._run(with_files, event, kept.folder)
        if event.bytes:
            kept.diary.put(event)
        else:
            await kept.diary.settle()
            await self._run(kept.store.forget, [cut.event_id])

"""Keeps what a camera saw: takes it in, finds what a cut left behind, and makes room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.errors import EdgePiError, NotFoundError
from edgepi.files import remove_drafts
from edgepi.plugin import PluginContext
from edgepi_camera.config import CameraConfig
from edgepi_camera.events.adopting import Adopter
from edgepi_camera.events.dating import Times
from edgepi_camera.events.diary import Diary
from edgepi_camera.events.event import Event, clip_name, is_event_id, picture_name
from edgepi_camera.events.retention import Rules
from edgepi_camera.events.stills import Still, Stills
from edgepi_camera.events.storage import Round, Storage, megabytes
from edgepi_camera.events.store import EventStore
from edgepi_camera.events.timelapse import Timelapse
from edgepi_camera.events.workshop import Workshop

__all__ = ["Keeper"]

UPKEEP_S = 3600.0
LOOK_S = 60.0


class Keeper:
    """One camera's events, stills and films; *on_change* hears of each event that begins or ends."""

    def __init__(
        self, context: PluginContext[CameraConfig], folder: Path, on_change: Callable[[Event], None]
    ) -> None:
        keep = context.config.keep
        self.folder = folder
        self.rules = Rules(keep.days, keep.size, keep.free)
        self.stored_bytes = self.free_bytes = 0
        self.full = False
        self.last_still: Still | None = None
        self.last_event_utc: datetime | None = None
        self._context = context
        self._run = context.run_blocking
        self.store = EventStore(folder / "events.sqlite")
        self.stills = Stills(folder / "stills", context.node.time_zone)
        self.workshop = Workshop(context.child)
        self.films = Timelapse(folder / "timelapse", self.stills, self.workshop, self._run)
        self.storage = Storage(folder, self.store, self.stills, self.films, self.rules)
        self.diary = Diary(
            self.store,
            folder,
            Times(context.clock),
            run_blocking=self._run,
            log=context.log,
            on_change=on_change,
        )
        self._adopter = Adopter(self, context)
        self._turn = asyncio.Lock()
        self._adopting: asyncio.Task[None] | None = None
        self._ready = False
        self._complained = False

    @property
    def note(self) -> str:
        """What the owner should know of the storage, or nothing."""
        if self.full:
            return (
                f"storage full: {megabytes(self.free_bytes)} free, {megabytes(self.rules.free)} are left to"
                " others, and nothing of the camera is left to remove; clips are not kept"
            )
        return self.diary.trouble or ""

    async def prepare(self) -> None:
        """Look once at what is there; what cannot be done now is tried again by the upkeep."""
        async with self._turn:
            if self._ready:
                return
            try:
                aside = await self._run(self._open)
                events = await self._run(self.store.page, None, 1)
                self.last_still = await self._run(self.stills.latest)
                found = await self._adopter.find()
            except (EdgePiError, OSError) as error:
                self._fails(error)
                return
            self._ready = True
        self._tell_damage(aside)
        self.last_event_utc = events[0].began_utc if events else None
        if found:
            self._adopting = asyncio.create_task(self._adopter.finish(found), name="camera cut off")

    async def _mend(self) -> None:
        """Begin a new index if this one is damaged, with what the folder has."""
        async with self._turn:
            try:
                aside = await self._run(self.store.file.mend)
            except (EdgePiError, OSError):  # which is said already
                return
        if aside is not None:
            self._tell_damage(aside)
            self._ready = False
            await self.prepare()

    def _tell_damage(self, aside: Path | None) -> None:
        if aside is not None:
            self._context.log.warning("the camera's events were damaged and lie in %s now; clips stay", aside)

    def _open(self) -> Path | None:
        _ = self.stills.zone  # read from the disk once, here where that may block
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_drafts(self.folder)
        self.stills.tidy()
        self.films.tidy()
        return self.store.file.mend()

    async def stop(self) -> None:
        """Write what waits; what was being looked into is looked into at the next start."""
        task, self._adopting = self._adopting, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.diary.settle()

    def take(self, fields: Mapping[str, Any]) -> None:
        """Take one message of an event."""
        self.diary.take(fields)

    async def cut(self) -> None:
        """The process is gone: what was in progress ends where its clip does."""
        if cut := self.diary.cut():
            await self._adopter.adopt(cut)

    async def upkeep(self) -> None:
        """Write what waits, make room, make the films that are due."""
        await self.prepare()
        if self._adopting is not None:
            await asyncio.wait({self._adopting})
        await self.diary.write()
        await self.make_room()
        if self._context.config.timelapse is not None and not self.full:
            try:
                await self.films.make_due(self.today())
            except (EdgePiError, OSError, TimeoutError) as error:
                self._context.log.warning("the film of a day cannot be made: %s", error)

    async def look(self) -> None:
        """Make room if the disk ran low since the last time."""
        try:
            self.free_bytes = await self._run(self.storage.free_bytes)
        except OSError as error:
            self._fails(error)
            return
        if self.free_bytes < self.rules.free or self.full or self.diary.trouble is not None:
            if self.diary.trouble is not None:
                await self._mend()
            await self.diary.write()
            await self.make_room()

    async def make_room(self) -> None:
        """Remove what has to go, and say what went."""
        clock = self._context.clock
        now_utc = clock.now() if clock.trusted else None
        async with self._turn:
            try:
                done: Round = await self._run(self.storage.tidy, now_utc, tuple(self.diary.open))
            except (EdgePiError, OSError) as error:
                self._fails(error)
                return
        self._complained = False
        self.stored_bytes, self.free_bytes = done.stored_bytes, done.free_bytes
        if (sentence := done.sentence(self.rules)) is not None:
            self._context.log.warning("%s", sentence)
        full = done.free_bytes < self.rules.free
        if full and not self.full:
            self.full = True
            self._context.log.error("%s", self.note)
        self.full = full

    def _fails(self, error: Exception) -> None:
        if not self._complained:
            self._context.log.warning("the camera's storage fails: %s (said once)", error)
        self._complained = True

    # What is asked for

    def today(self) -> str:
        """The local day."""
        return self._context.clock.now().astimezone(self.stills.zone).date().isoformat()

    async def events_today(self) -> int:
        """How many events began this local day."""
        now = self._context.clock.now().astimezone(self.stills.zone)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return await self._run(self.store.since, midnight.astimezone(self._context.clock.now().tzinfo))

    async def page(self, before: str | None, limit: int) -> tuple[list[Event], bool]:
        """The newest events, or those before one, and whether there are more."""
        found = await self._run(self.store.page, before, limit + 1)
        return found[:limit], len(found) > limit

    async def file_of(self, event_id: str, kind: str) -> Path:
        """Where its ``clip`` or ``picture`` lies; raises NotFoundError."""
        name = clip_name if kind == "clip" else picture_name
        if not is_event_id(event_id):
            raise NotFoundError("there is no such event")
        path = name(self.folder, event_id)
        if not await self._run(path.is_file):
            raise NotFoundError(f"this event has no {kind}")
        return path

    async def remove(self, event_id: str) -> None:
        """Remove one; raises NotFoundError, also while it is in progress."""
        if event_id in self.diary.open:
            raise NotFoundError("this event is still in progress", hint="remove it when it is over")
        if not is_event_id(event_id) or await self._run(self.store.get, event_id) is None:
            raise NotFoundError("there is no such event")
        await self._run(self.storage.remove_event, event_id)
        await self.make_room()

    async def keep(self, event_id: str, kept: bool) -> None:
        """Mark one to be removed last, or no more; raises NotFoundError."""
        if not is_event_id(event_id) or not await self._run(self.store.keep, event_id, kept):
            raise NotFoundError("there is no such event")

    def days_with_stills(self) -> list[tuple[str, int]]:
        """Days and how many stills they have; blocks."""
        counted = [(day, len(self.stills.of(day))) for day in self.stills.days()]
        return [(day, count) for day, count in counted if count]

    async def save_still(self, jpeg: bytes) -> Still | None:
        """Keep a still, unless the disk is full; raises OSError."""
        if self.full:
            return None
        still = await self._run(self.stills.save, jpeg, self._context.clock.now())
        self.last_still = still
        self.stored_bytes += still.bytes
        return still

"""Takes what the camera's process says of events, dates it, and writes it as soon as the disk takes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgepi.errors import RecorderError
from edgepi.plugin import RunBlocking
from edgepi_camera.events.dating import Span, Times
from edgepi_camera.events.event import Event, is_event_id
from edgepi_camera.events.store import EventStore
from edgepi_camera.events.survey import with_files
from edgepi_camera.model import UNWANTED
from edgepi_camera.status import number_of, text_of

__all__ = ["Diary"]

MOST_WAITING = 500
MOST_WORDS = 20
STEP_S = 1.0


class Diary:
    """*open* are the events in progress; *on_change* hears of each that begins or ends."""

    def __init__(
        self,
        store: EventStore,
        folder: Path,
        times: Times,
        *,
        run_blocking: RunBlocking,
        log: logging.Logger,
        on_change: Callable[[Event], None],
    ) -> None:
        self.open: dict[str, Event] = {}
        self.trouble: str | None = None
        self._store = store
        self._folder = folder
        self._times = times
        self._run_blocking = run_blocking
        self._log = log
        self._on_change = on_change
        self._spans: dict[str, Span] = {}
        self._waiting: dict[str, Event] = {}
        self._writing: asyncio.Task[None] | None = None

    def take(self, fields: Mapping[str, Any]) -> None:
        """Take one message; what makes no sense is left out."""
        event_id, phase = fields.get("id"), fields.get("phase")
        if not is_event_id(event_id) or phase not in {"began", "best", "ended"}:
            self._log.debug("the camera's process told of an event that is none: %r", fields)
            return
        assert isinstance(event_id, str)
        ago_s = number_of(fields.get("ago_s"), high=1e6) or 0.0
        event = self.open.get(event_id) or self._begun(event_id, fields, ago_s, ended=phase == "ended")
        event = _told(event, fields)
        if phase == "ended":
            self.open.pop(event_id, None)
            event = self._ended(event, fields, ago_s)
        else:
            self.open[event_id] = event
        self._put(event)
        if phase != "best":
            self._on_change(event)

    def cut(self) -> list[Event]:
        """The process is gone: nothing is in progress any more. Returns what was."""
        cut = list(self.open.values())
        self.open.clear()
        for event in cut:
            self._spans.pop(event.event_id, None)
            self._on_change(event)
        return cut

    def put(self, event: Event) -> None:
        """Write down one that is over."""
        self._put(event)

    async def settle(self) -> None:
        """Wait until all is written that can be."""
        while self._writing is not None:
            await asyncio.wait({self._writing})

    async def write(self) -> None:
        """Try again to write what waits, and date what was not dated right."""
        if self._times.trusted:
            await self._date()
        self._begin_writing()
        await self.settle()

    def _begun(self, event_id: str, fields: Mapping[str, Any], ago_s: float, *, ended: bool) -> Event:
        began_s = self._times.moment_s(ago_s)
        if ended:  # its beginning was not heard
            lasted_s = number_of(fields.get("motion_s"), high=1e6) or number_of(fields.get("clip_s")) or 0.0
            began_s -= self._times.span_s(lasted_s)
        self._spans[event_id] = Span(began_s)
        return Event(event_id=event_id, began_utc=self._times.utc(began_s), dated=self._times.trusted)

    def _ended(self, event: Event, fields: Mapping[str, Any], ago_s: float) -> Event:
        span = self._spans[event.event_id]
        span = self._spans[event.event_id] = Span(
            span.began_s, max(span.began_s, self._times.moment_s(ago_s))
        )
        event = replace(event, clip_s=number_of(fields.get("clip_s"), high=1e6))
        event = self._dated(event, span)
        if event.dated:
            del self._spans[event.event_id]
        return event

    def _dated(self, event: Event, span: Span) -> Event:
        assert span.ended_s is not None
        began_utc, ended_utc = self._times.utc(span.began_s), self._times.utc(span.ended_s)
        if abs((began_utc - event.began_utc).total_seconds()) < STEP_S:
            began_utc = event.began_utc  # the clock was not set: only its reading differs a little
        trusted = self._times.trusted
        return replace(event, began_utc=began_utc, ended_utc=max(began_utc, ended_utc), dated=trusted)

    async def _date(self) -> None:
        spans = {key: span for key, span in self._spans.items() if span.ended_s is not None}
        for event_id, span in spans.items():
            event = self._waiting.get(event_id) or await self._known(event_id)
            if event is not None and event_id in self._spans:
                self._put(self._dated(event, span))
            self._spans.pop(event_id, None)

    async def _known(self, event_id: str) -> Event | None:
        try:
            return await self._run_blocking(self._store.get, event_id)
        except RecorderError:
            return None

    def _put(self, event: Event) -> None:
        self._waiting.pop(event.event_id, None)
        self._waiting[event.event_id] = event
        while len(self._waiting) > MOST_WAITING:  # their files are found again at the next start
            self._waiting.pop(next(iter(self._waiting)))
        self._begin_writing()

    def _begin_writing(self) -> None:
        if self._writing is None and self._waiting:
            self._writing = asyncio.create_task(self._write_all(), name="camera events")

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch = list(self._waiting.values())
                try:
                    await self._run_blocking(self._write, batch)
                except Exception as error:  # noqa: BLE001 (tried again, with all there is)
                    self._fails(error)
                    return
                self._works()
                for event in batch:
                    if self._waiting.get(event.event_id) is event:
                        del self._waiting[event.event_id]
        finally:
            self._writing = None

    def _write(self, batch: list[Event]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        known = [event if event.ended_utc is None else with_files(event, self._folder) for event in batch]
        unwanted = [event.event_id for event in known if event.reason == UNWANTED and not event.bytes]
        self._store.put(event for event in known if event.event_id not in unwanted)
        if unwanted:
            self._store.forget(unwanted)

    def _fails(self, error: Exception) -> None:
        if self.trouble is None:
            self._log.warning("%s; it is tried again", error)
        self.trouble = str(error)

    def _works(self) -> None:
        if self.trouble is not None:
            self._log.info("the camera's events can be written again")
        self.trouble = None


def _told(event: Event, fields: Mapping[str, Any]) -> Event:
    score = number_of(fields.get("score"), high=1.0) or 0.0
    return replace(
        event,
        score=max(event.score, score),
        zones=_joined(event.zones, fields.get("zones")),
        labels=_joined(event.labels, fields.get("labels")),
        clip=event.clip or fields.get("clip") is not None,
        picture=event.picture or fields.get("picture") is not None,
        reason=text_of(fields.get("reason")) or event.reason,
    )


def _joined(known: tuple[str, ...], told: object) -> tuple[str, ...]:
    words = [text_of(word, 60) for word in told] if isinstance(told, list | tuple) else []
    return tuple(dict.fromkeys((*known, *filter(None, words))))[:MOST_WORDS]

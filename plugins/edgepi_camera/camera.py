"""One camera as a whole: its process, what is kept of it, and whom it is shown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from edgepi.errors import EdgePiError, NotFoundError, PluginError
from edgepi.model import Reading
from edgepi.plugin import Message, PluginContext, TimerHandle, VideoFeed
from edgepi_camera.address import Kind
from edgepi_camera.config import CameraConfig
from edgepi_camera.events.event import Event
from edgepi_camera.events.keeper import LOOK_S, UPKEEP_S, Keeper
from edgepi_camera.events.stills import Still
from edgepi_camera.link import FULL, OFF, SAVER, SNAPSHOT, TROUBLE, ChildLink, Heard
from edgepi_camera.live import WIDTH, Hub
from edgepi_camera.model import CameraSettings, Link
from edgepi_camera.settings import settings_of
from edgepi_camera.status import Status

__all__ = ["DETECTOR", "FPS_KEY", "PICTURE", "WATCHING", "Camera", "camera_of"]

PICTURE, DETECTOR = "picture", "detector"
WATCHING = frozenset({SAVER, FULL})
FPS_KEY = "frames_per_second"
PREPARE_S = 5.0
FILM_S = 25.0


class Camera:
    """What duty, sensors and routes of one instance share."""

    def __init__(self, context: PluginContext[CameraConfig]) -> None:
        config = context.config
        self.context = context
        self._feed: VideoFeed | None = None
        self._folder = (
            context.state_dir / "clips" if config.folder is None else config.folder / context.instance
        )
        self.keeper = Keeper(context, self._folder, self._event_changed)
        heard = Heard(
            status=self._status_changed, event=self.keeper.take, frame=self._frame, ended=self._ended
        )
        self.link = ChildLink(
            child=context.child,
            settings=self._settings,
            clock=context.clock,
            log=context.log,
            hide=self._hide,
            heard=heard,
        )
        self.hubs = {
            PICTURE: Hub(PICTURE, want=self.link.view, latest=self._latest, clock=context.clock),
            DETECTOR: Hub(DETECTOR, want=self.link.view, latest=self._latest_tuning, clock=context.clock),
        }
        self._timers: list[TimerHandle] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._still_turn = asyncio.Lock()
        self._still_fails = False
        self._still_waits = False
        self._reported: dict[str, Any] = {}

    # The life of the duty

    async def start(self) -> None:
        """Look at what is stored, and begin to mind it."""
        every, config = self.context.timers.every, self.context.config
        if not self._timers:
            self._timers = [
                every(UPKEEP_S, self._upkeep, name="camera upkeep", at_once=True),
                every(LOOK_S, self._look, name="camera storage"),
                every(config.snapshot_every, self._each_still, name="camera still"),
            ]
            if config.timelapse is not None:
                self._timers.append(every(config.timelapse, self._each_film_still, name="camera timelapse"))
        prepare = asyncio.ensure_future(self.keeper.prepare())
        await asyncio.wait({prepare}, timeout=PREPARE_S)  # a disk that hangs is no reason not to watch

    async def go(self, level: str) -> None:
        """Go over to a level."""
        self._still_waits = level == SNAPSHOT
        await self.link.go(level)
        if level not in WATCHING:
            for hub in self.hubs.values():
                hub.forget()
        self.report()

    async def stop(self) -> None:
        """End the watch, and write what is not yet written."""
        timers, self._timers = self._timers, []
        for timer in timers:
            timer.cancel()
        await self.link.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.keeper.stop()

    async def _settings(self) -> CameraSettings:
        config = self.context.config
        feed: VideoFeed | None = None
        if config.source.kind is Kind.DEVICE:
            feed = await self.context.hardware.video(config.source.url)
        self._feed = feed
        return settings_of(config, self._folder, feed)

    @property
    def label(self) -> str:
        """What the picture is, where it is not of a camera."""
        return "" if self._feed is None else self._feed.label

    def _hide(self, text: str) -> str:
        config = self.context.config
        if self._feed is not None:
            text = text.replace(self._feed.url, str(config.source))
        text = config.source.hide(text)
        return text if config.detect is None else config.detect.hide(text)

    # What comes out of the process

    def _status_changed(self, status: Status) -> None:
        if status.link is Link.LOST:
            self._still_waits = True
        elif self._still_waits and self.link.level == SNAPSHOT and self.link.ready:
            self._still_waits = False
            self._each_still()
        self.report()

    def _event_changed(self, event: Event) -> None:
        self.keeper.last_event_utc = event.began_utc
        self.report()
        if event.ended_utc is not None:
            self._spawn(self.keeper.make_room(), "camera make room")

    def _frame(self, message: Message) -> None:
        hub = self.hubs.get(str(message.fields.get("what", PICTURE)))
        if hub is not None and message.data:
            hub.push(message.data)

    def _ended(self) -> None:
        for hub in self.hubs.values():
            hub.forget()
        if self.keeper.diary.open:
            self._spawn(self.keeper.cut(), "camera cut off")

    # Stills

    async def take_still(self) -> Still | None:
        """Take and keep one picture now, at any level: at off the camera is on for a moment.

        Raises:
            PluginError: the camera gives none.
        """
        async with self._still_turn:
            try:
                message = await (self.link.wake_for_still() if self.link.level == OFF else self.link.still())
                if not message.data:
                    raise PluginError("the camera gave no picture")
                return await self.keeper.save_still(message.data)
            except TROUBLE as error:
                text = self._hide(getattr(error, "message", "") or str(error) or "it did not answer")
                raise PluginError(f"no picture can be had: {text}") from error

    async def _still_due(self) -> None:
        if self.link.level == SNAPSHOT and self.link.ready:  # if not, that is said already
            await self._try_still()

    def _each_still(self) -> None:
        if not self._still_turn.locked():  # a camera that hangs is asked again only once it has answered
            self._spawn(self._still_due(), "camera still")

    def _each_film_still(self) -> None:
        if self.watching and not self._still_turn.locked():
            self._spawn(self._try_still(), "camera timelapse still")

    async def _try_still(self) -> None:
        try:
            await self.take_still()
        except EdgePiError as error:
            known = self._still_fails or self.link.status.link is Link.LOST  # which is said already
            self.context.log.log(
                logging.DEBUG if known else logging.WARNING, "%s (said once until it works again)", error
            )
            self._still_fails = True
        else:
            self._still_fails = False

    async def _latest(self) -> bytes | None:
        if not self.watching:
            return await self._last_still()
        with contextlib.suppress(*TROUBLE):
            return (await self.link.still(width=WIDTH)).data or None
        return None

    async def _latest_tuning(self) -> bytes | None:
        if self.watching:
            with contextlib.suppress(*TROUBLE):
                return (await self.link.still(what=DETECTOR)).data or None
        return None

    async def _last_still(self) -> bytes | None:
        await self.keeper.prepare()
        still = self.keeper.last_still
        with contextlib.suppress(OSError):
            return None if still is None else await self.context.run_blocking(still.path.read_bytes)
        return None

    async def picture(self, width: int | None, what: str) -> bytes:
        """The picture of now, or the last still at levels without one; raises NotFoundError."""
        if self.watching:
            with contextlib.suppress(*TROUBLE):
                if live := (await self.link.still(width=width, what=what)).data:
                    return live
        if what == PICTURE and (last := await self._last_still()):
            return last
        raise NotFoundError("there is no picture now", hint=self.problem or "nobody watches at this level")

    async def film(self, day: str) -> Path:
        """The film of a day; raises NotFoundError, PluginError if it takes longer than one can wait."""
        making = asyncio.ensure_future(self.keeper.films.make(day))
        making.add_done_callback(_noted)
        self._tasks.add(making)
        making.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait({making}, timeout=FILM_S)
        if not done:
            raise PluginError("the film is still being made", hint="ask again in a minute")
        return making.result()

    # Keeping the house in order

    async def _upkeep(self) -> None:
        await self.keeper.upkeep()
        self._room_changed()

    async def _look(self) -> None:
        await self.keeper.look()
        self._room_changed()

    def _room_changed(self) -> None:
        if self.link.recording is self.keeper.full:
            self.link.record(not self.keeper.full)
        self.report()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.context.log.error("%s failed", task.get_name(), exc_info=error)

    # What is seen

    @property
    def watching(self) -> bool:
        """Whether it is known if anything moves."""
        return self.link.level in WATCHING and self.link.status.link is Link.RUNNING

    def seen(self) -> list[Reading]:
        """What is to be seen now; nothing to say where nobody looks."""
        known = self.watching
        return [*self._motion(), Reading(FPS_KEY, round(self.link.status.fps, 1) if known else None)]

    def _motion(self) -> list[Reading]:
        moving = self.link.status.moving or bool(self.keeper.diary.open)
        zones = {zone for event in self.keeper.diary.open.values() for zone in event.zones}
        known = self.watching
        return [
            Reading("motion", moving if known else None),
            *(
                Reading(f"motion_{zone.name}", zone.name in zones if known else None)
                for zone in self.context.config.zones
            ),
        ]

    @property
    def problem(self) -> str:
        """What is wrong, in a sentence, or nothing."""
        lost = self.link.status.reason or "the camera cannot be reached"
        return lost if self.link.status.link is Link.LOST else self.keeper.note

    def report(self) -> None:
        """Publish what has changed at once; while the camera is lost the sensors say so, with the reason."""
        readings = [Reading("problem", bool(self.problem))]
        if self.link.status.link is not Link.LOST:
            readings += self._motion()
            if not self.watching:
                readings.append(Reading(FPS_KEY, None))
        if self.keeper.last_event_utc is not None:
            readings.append(Reading("last_motion", self.keeper.last_event_utc))
        news = [each for each in readings if self._reported.get(each.key, _NEVER) != each.value]
        self._reported = {each.key: each.value for each in readings}
        if news:
            self.context.report(news)


def _noted(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()  # whoever asked may be gone


_NEVER = object()
_cameras: dict[str, Camera] = {}


def camera_of(context: PluginContext[CameraConfig]) -> Camera:
    """Return the camera of an instance: one for all hooks that are called with the same context."""
    found = _cameras.get(context.instance)
    if found is None or found.context is not context:
        found = _cameras[context.instance] = Camera(context)
    return found

"""The node's end of the process that reads a camera: it is opened, told, asked how it is, and replaced."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import EdgePiError, NotFoundError, PluginError
from edgepi.plugin import Message, StartChild
from edgepi_camera.health import Health
from edgepi_camera.model import CameraSettings, Link
from edgepi_camera.status import Status

__all__ = ["FULL", "OFF", "SAVER", "SNAPSHOT", "ChildLink", "Heard"]

OFF, SNAPSHOT, SAVER, FULL = "off", "snapshot", "saver", "full"
TARGET = "edgepi_camera.child.main:handle"
OPEN_S = 15.0
ASK_S = 5.0
STILL_S = 25.0  # the camera may have to be opened for it, or be away: the process says so by then
WATCHED_STILL_S = 12.0
WAKE_S = 14.0
END_EVENT_S = 8.0
END_S = 12.0
CHECK_S = 5.0
TOLD_S = 6.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 120.0
TROUBLE = (EdgePiError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Heard:
    """Who is told what comes out of the process: how it is, events, pictures, and that it ended."""

    status: Callable[[Status], None]
    event: Callable[[Mapping[str, Any]], None]
    frame: Callable[[Message], None]
    ended: Callable[[], None]


class ChildLink:
    """Keeps one process at the wished level; its times are real seconds, at whatever rate the clock runs."""

    def __init__(
        self,
        *,
        child: StartChild,
        settings: Callable[[], Awaitable[CameraSettings]],
        clock: Clock,
        log: logging.Logger,
        hide: Callable[[str], str],
        heard: Heard,
    ) -> None:
        self.level = OFF
        self.status = Status()
        self.recording = True
        self._child = child(TARGET, name="eye", on_push=self._pushed, on_end=self._ended)
        self._settings = settings
        self._clock = clock
        self._log = log
        self._hide = hide
        self._heard = heard
        self._begun = self._opened = False
        self._told: dict[str, Mapping[str, Any]] = {}
        self._views: dict[str, Mapping[str, Any]] = {}
        self._health = Health()
        self._changed = asyncio.Event()
        self._up_to_date = asyncio.Event()
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._complained = False

    @property
    def opened(self) -> bool:
        """Whether the process runs and knows its camera."""
        return self._opened and self._child.alive

    @property
    def ready(self) -> bool:
        """Whether it was told its level, too."""
        return self.opened and self._told.get("level", {}).get("level") == self.level

    async def go(self, level: str) -> None:
        """Go over to a level, within 20 s also if the process hangs; an event in progress is ended first."""
        async with self._turn:
            old, self.level = self.level, level
            if level == OFF:
                await self._halt(end_event=old in {SAVER, FULL})
                return
            if level == SNAPSHOT and old in {SAVER, FULL} and self.opened:
                with contextlib.suppress(*TROUBLE):
                    await self._ask("end_event", END_EVENT_S)
            self._wake()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._watch(), name="camera process")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TOLD_S):
                    await self._up_to_date.wait()

    def record(self, on: bool) -> None:
        """Say whether clips may be written."""
        self.recording = on
        self._wake()

    def view(self, what: str, fields: Mapping[str, Any] | None) -> None:
        """Ask for pictures all the time, or for no more."""
        if fields is None:
            self._views.pop(what, None)
        else:
            self._views[what] = {"on": True, "what": what, **fields}
        self._wake()

    async def still(self, *, width: int | None = None, what: str = "picture") -> Message:
        """Ask for one picture; raises what asking may, and NotFoundError while there is no process."""
        if not self.ready:
            raise NotFoundError("the camera gives no pictures now", hint=self.status.reason or None)
        timeout_s = STILL_S if self.level == SNAPSHOT else WATCHED_STILL_S
        return await self._ask("snapshot", timeout_s, width=width, what=what)

    async def sight(self) -> Mapping[str, Any]:
        """Ask what the detector made of the last picture; raises as `still`."""
        if not self.opened:
            raise NotFoundError("the camera gives no pictures now")
        return (await self._ask("sight", ASK_S)).fields

    async def wake_for_still(self) -> Message:
        """Start the process for one picture while the level is off."""
        async with self._turn:
            if self.level != OFF:
                return await self.still()
            try:
                async with asyncio.timeout(WAKE_S):
                    await self._open()
                    await self._ask("level", ASK_S, level=SNAPSHOT)
                    return await self._ask("snapshot", WAKE_S, width=None, what="picture")
            finally:
                await self._end_process()

    async def stop(self) -> None:
        """End it as `go` to off does."""
        await self.go(OFF)

    async def _watch(self) -> None:
        failures = 0
        while True:
            begun_s = self._clock.monotonic()
            try:
                await self._open()
                await self._mind()
            except Exception as error:  # noqa: BLE001 (whatever it is, the camera is tried again)
                if not isinstance(error, TROUBLE):
                    self._log.exception("the camera's process was not understood")
                await self._failed(error)
            lasted_s = (self._clock.monotonic() - begun_s) / self._clock.rate
            failures = 1 if lasted_s > STEADY_S else failures + 1
            await self._clock.sleep(min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S) * self._clock.rate)

    async def _open(self) -> None:
        settings = await self._settings()
        self._told.clear()
        self._health = Health()
        self._begun = self._opened = True  # before the question: the process may end while it answers
        await self._ask("open", OPEN_S, settings=settings.to_fields())

    async def _mind(self) -> None:
        while True:
            self._changed.clear()
            await self._tell()
            self._take(Status.of((await self._ask("status", ASK_S)).fields, self._hide))
            now_s = self._clock.monotonic() / self._clock.rate
            if (why := self._health.ailing(self.status, self.level, now_s)) is not None:
                raise PluginError(why)
            self._up_to_date.set()
            await self._nap()
            if not self.opened:
                raise PluginError("the process that reads the camera ended")

    async def _tell(self) -> None:
        wanted: dict[str, Mapping[str, Any]] = {"level": {"level": self.level, "wait": False}}
        if not self.recording or "record" in self._told:
            wanted["record"] = {"on": self.recording}
        views = {f"view {what}": fields for what, fields in self._views.items()}
        gone = {
            key: {"on": False, "what": key.partition(" ")[2]}
            for key, fields in self._told.items()
            if key.startswith("view ") and key not in views and fields["on"]
        }
        for key, fields in {**wanted, **gone, **views}.items():
            if self._told.get(key) != fields:
                self._told[key] = fields
                await self._say(key.partition(" ")[0], fields)

    async def _say(self, kind: str, fields: Mapping[str, Any]) -> None:
        try:
            await self._ask(kind, ASK_S, **fields)
        except EdgePiError:
            if kind == "level" or not self.opened:
                raise
            self._log.debug("the camera's process refuses %r", kind, exc_info=True)

    async def _nap(self) -> None:
        nap = asyncio.ensure_future(self._clock.sleep(CHECK_S * self._clock.rate))
        change = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((nap, change), return_when=asyncio.FIRST_COMPLETED)
        finally:
            nap.cancel()
            change.cancel()

    async def _failed(self, error: Exception) -> None:
        self._complained |= self._begun and not self._child.alive  # whoever keeps the process logs its end
        await self._end_process()
        text = self._hide(getattr(error, "message", "") or str(error) or type(error).__name__)
        self._take(self.status.lost(text))
        self._up_to_date.set()

    async def _halt(self, *, end_event: bool) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self.opened:
            with contextlib.suppress(*TROUBLE):
                async with asyncio.timeout(END_S):
                    if end_event:
                        await self._ask("end_event", END_EVENT_S)
                    await self._ask("close", ASK_S)
        await self._end_process()
        self._complained = False
        self._take(Status())

    async def _end_process(self) -> None:
        self._begun = self._opened = False
        await self._child.stop()

    async def _ask(self, kind: str, timeout_s: float, **fields: Any) -> Message:
        # A question that is cancelled takes its process along, and whoever asks may go at any time.
        asking = asyncio.ensure_future(self._child.ask(Message(kind, fields), timeout_s=timeout_s))
        asking.add_done_callback(_noted)
        return await asyncio.shield(asking)

    def _wake(self) -> None:
        self._up_to_date.clear()
        self._changed.set()

    def _pushed(self, message: Message) -> None:
        if message.kind == "push.status":
            self._take(Status.of(message.fields, self._hide))
        elif message.kind == "push.event":
            self._heard.event(message.fields)
        elif message.kind == "push.frame":
            self._heard.frame(message)

    def _take(self, status: Status) -> None:
        if status.link is Link.LOST and not self._complained:
            self._complained = True
            self._log.warning("the camera fails: %s (said once until it works again)", status.reason)
        elif self._complained and status.link is Link.RUNNING:
            self._complained = False
            self._log.info("the camera works again")
        self.status = status
        self._heard.status(status)

    def _ended(self) -> None:
        self._opened = False
        self._changed.set()
        self._heard.ended()


def _noted(asking: asyncio.Future[Message]) -> None:
    if not asking.cancelled():
        asking.exception()  # whoever asked may be gone

"""Listens to a scheduler's notifications: STOMP over SockJS or a WebSocket, again whenever it breaks."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from aiohttp import ClientSession

from edgepi.clock import Clock
from edgepi.errors import EdgePiError, PeerError, ProtocolError
from edgepi_iexec.protocol import stomp
from edgepi_iexec.protocol.notifications import TaskNotification
from edgepi_iexec.protocol.reading import read_json
from edgepi_iexec.worker.transports import (
    Transport,
    WebSocketTransport,
    XhrTransport,
    websocket_offered,
)

__all__ = ["Listener", "backed_off"]

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 60.0
CONNECT_S = 20.0
LINGER_S = 30.0
HEART_BEAT_MS = 10_000


def backed_off(attempt: int, first_s: float = FIRST_RETRY_S, last_s: float = LAST_RETRY_S) -> float:
    """How long to wait after so many failures in a row."""
    return float(min(first_s * 2 ** min(attempt, 30), last_s))


class Listener:
    """Holds one connection while anybody listens to a task; none otherwise.

    *notify* gets each notification, perhaps twice; *lost_and_found* is awaited after a connection that
    had broken stands again, because something may have been said meanwhile.
    """

    def __init__(
        self,
        url: str,
        http: Callable[[], Awaitable[ClientSession]],
        *,
        clock: Clock,
        log: logging.Logger,
        notify: Callable[[TaskNotification], None],
        lost_and_found: Callable[[], Awaitable[None]],
    ) -> None:
        self._url = url.rstrip("/")
        self._http = http
        self._clock = clock
        self._log = log
        self._notify = notify
        self._lost_and_found = lost_and_found
        self._ids = itertools.count()
        self._topics: dict[str, str] = {}
        self._wanted = asyncio.Event()
        self._connected = asyncio.Event()
        self._transport: Transport | None = None
        self._work: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._no_websocket = False

    @property
    def connected(self) -> bool:
        """Whether notifications can arrive now."""
        return self._connected.is_set()

    async def start(self) -> None:
        """Begin to listen as soon as there is a task."""
        if self._work is None:
            self._work = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let go of the connection."""
        work, self._work = self._work, None
        for task in (*self._errands, *((work,) if work else ())):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._connected.clear()

    async def listen(self, task_id: str) -> None:
        """Hear of a task from now on, and after every new connection."""
        if task_id in self._topics:
            return
        self._topics[task_id] = str(next(self._ids))
        self._wanted.set()
        await self._say(_subscribe(task_id, self._topics[task_id]))

    async def forget(self, task_id: str) -> None:
        """Hear of a task no more."""
        topic = self._topics.pop(task_id, None)
        if topic is not None:
            await self._say(stomp.Frame("UNSUBSCRIBE", {"id": topic}))
        if not self._topics:
            self._wanted.clear()

    async def ready(self, within_s: float) -> bool:
        """Wait until notifications can arrive, but not for ever."""
        if self.connected:
            return True
        waits = asyncio.ensure_future(self._connected.wait())
        limit = asyncio.ensure_future(self._clock.sleep(within_s))
        try:
            await asyncio.wait((waits, limit), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waits.cancel()
            limit.cancel()
        return self.connected

    async def _say(self, frame: stomp.Frame) -> None:
        if self._transport is not None and self.connected:
            with suppress(PeerError):  # a new connection subscribes to everything again
                await self._transport.send(stomp.encode(frame))

    async def _run(self) -> None:
        failures, was_up = 0, False
        while True:
            await self._wanted.wait()
            try:
                await self._session(after_loss=was_up or failures > 0)
                failures = 0
            except EdgePiError as error:
                failures = 1 if self._was_connected else failures + 1
                self._log.debug("notifications: %s", error)
            was_up = was_up or self._was_connected
            if not self._wanted.is_set():
                failures, was_up = 0, False
                continue
            await self._clock.sleep(backed_off(max(failures - 1, 0)))

    _was_connected = False

    async def _session(self, *, after_loss: bool) -> None:
        """One connection from its beginning to its end."""
        self._was_connected = False
        self._transport = transport = await self._choose()
        helpers: list[asyncio.Task[None]] = []
        try:
            await transport.open()
            helpers.append(asyncio.create_task(self._until_unwanted()))
            reading = asyncio.create_task(self._read(transport, helpers, after_loss=after_loss))
            helpers.append(reading)
            helpers.append(asyncio.create_task(self._too_slow()))
            done, _ = await asyncio.wait(helpers[:3], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except PeerError:
            self._no_websocket |= isinstance(transport, WebSocketTransport) and not self._was_connected
            raise
        finally:
            self._connected.clear()
            self._transport = None
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await transport.close()

    async def _choose(self) -> Transport:
        offered = await websocket_offered(self._url, self._http)
        if offered and not self._no_websocket:
            return WebSocketTransport(self._url)
        self._no_websocket = False
        return XhrTransport(self._url, self._http)

    async def _until_unwanted(self) -> None:
        while self._topics:
            await self._clock.sleep(LINGER_S)

    async def _too_slow(self) -> None:
        await self._clock.sleep(CONNECT_S)
        if not self.connected:
            raise PeerError("the scheduler's notifications do not answer")
        await asyncio.Event().wait()

    async def _read(
        self, transport: Transport, helpers: list[asyncio.Task[None]], *, after_loss: bool
    ) -> None:
        decoder = stomp.Decoder()
        async for text in transport.texts():
            if not text:
                await transport.send(stomp.encode(_connect(self._url)))
                continue
            for frame in decoder.feed(text):
                if frame.command == "CONNECTED":
                    await self._settled(transport, frame, helpers, after_loss=after_loss)
                elif frame.command == "MESSAGE":
                    self._hear(frame)
                elif frame.command == "ERROR":
                    raise PeerError("the scheduler ended the notifications")

    async def _settled(
        self, transport: Transport, frame: stomp.Frame, helpers: list[asyncio.Task[None]], *, after_loss: bool
    ) -> None:
        every_s = _wants_beats_s(frame)
        if every_s:
            helpers.append(asyncio.create_task(self._beat(transport, every_s)))
        await self._agree(transport)
        self._was_connected = True
        self._connected.set()
        if after_loss:
            errand = asyncio.ensure_future(self._lost_and_found())
            self._errands.add(errand)
            errand.add_done_callback(partial(_finish, self._errands, self._log))

    async def _agree(self, transport: Transport) -> None:
        """Subscribe to what is wanted, also to what changes while that goes on."""
        known: dict[str, str] = {}
        while known != (wanted := dict(self._topics)):
            for task_id, topic in wanted.items() - known.items():
                await transport.send(stomp.encode(_subscribe(task_id, topic)))
            for _, topic in known.items() - wanted.items():
                await transport.send(stomp.encode(stomp.Frame("UNSUBSCRIBE", {"id": topic})))
            known = wanted

    async def _beat(self, transport: Transport, every_s: float) -> None:
        while True:
            await self._clock.sleep(every_s)
            await transport.send(stomp.HEART_BEAT)

    def _hear(self, frame: stomp.Frame) -> None:
        try:
            said = read_json(frame.body, TaskNotification.from_json, "a notification")
        except ProtocolError as error:
            self._log.warning("a notification makes no sense: %s", error)
            return
        if said.task_id in self._topics:
            self._notify(said)


def _finish(errands: set[asyncio.Task[None]], log: logging.Logger, errand: asyncio.Task[None]) -> None:
    errands.discard(errand)
    if not errand.cancelled() and (error := errand.exception()) is not None:
        log.warning("looking for what was missed failed: %s", error)


def _connect(url: str) -> stomp.Frame:
    host = url.split("://", 1)[-1].split("/", 1)[0]
    beat = f"{HEART_BEAT_MS},{HEART_BEAT_MS}"
    return stomp.Frame("CONNECT", {"accept-version": "1.1,1.2", "host": host, "heart-beat": beat})


def _subscribe(task_id: str, topic: str) -> stomp.Frame:
    return stomp.Frame("SUBSCRIBE", {"id": topic, "destination": f"/topic/task/{task_id}"})


def _wants_beats_s(frame: stomp.Frame) -> float:
    """How often the server wants a sign of life, in seconds; 0 never."""
    try:
        wanted_ms = int(frame.headers.get("heart-beat", "0,0").split(",")[1])
    except (IndexError, ValueError):
        return 0.0
    return max(wanted_ms, HEART_BEAT_MS) / 1000.0 if wanted_ms > 0 else 0.0

"""Plays a film over a Unix socket as fast as it was taken, to everybody who listens."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edgepi.errors import WorldError
from edgepi.sim.film.player import Player, Shot, torn
from edgepi.sim.film.ts import Film

__all__ = ["Ailment", "Feed"]

LARGEST_BACKLOG = 1 << 20  # a listener that is slower loses pictures, as with a real camera
LATEST_S = 2.0  # a world that was held up for longer goes on from there instead of hurrying
ABSENT_S = 0.05
LONGEST_PATH = 100  # of a Unix socket, less than the kernel's 108


class Ailment(StrEnum):
    """What can be wrong with a camera."""

    UNPLUGGED = "unplugged"
    HANGS = "hangs"
    TORN = "torn"
    RESIZED = "resized"


@dataclass(slots=True, eq=False)
class _Listener:
    writer: asyncio.StreamWriter
    begun: bool = False  # it has got a picture that can be begun with


class Feed:
    """Listens at *path* while `present` says so, and hangs up otherwise; *ails* asks for an ailment."""

    def __init__(
        self,
        path: Path,
        film: Film,
        *,
        present: Callable[[], bool],
        ails: Callable[[Ailment], bool],
    ) -> None:
        self.path = path
        self.resized = self._film = film  # the other is played while the camera ails so
        self._present, self._ails = present, ails
        self._player = Player(film)
        self._listeners: set[_Listener] = set()
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._rng = random.Random(1)  # noqa: S311 (no secret)

    async def start(self) -> None:
        """Begin to play; raises WorldError if that is not possible."""
        if len(str(self.path)) > LONGEST_PATH:
            raise WorldError(f"{self.path} is too long for a socket", hint="choose a shorter --state-dir")
        self._task = asyncio.create_task(self._play(), name="world camera")

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._hang_up()

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def _open(self) -> bool:
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self.path.unlink, missing_ok=True)
            self._server = await asyncio.start_unix_server(self._connected, str(self.path))
            await asyncio.to_thread(self.path.chmod, 0o600)
        return self._server is not None

    async def _hang_up(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for listener in tuple(self._listeners):
            listener.writer.transport.abort()
        self._listeners.clear()
        await asyncio.to_thread(self.path.unlink, missing_ok=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # it went while this one came in
            writer.transport.abort()
            return
        listener = _Listener(writer)
        self._listeners.add(listener)
        try:
            with contextlib.suppress(ConnectionError):
                await reader.read()  # until the other side hangs up
        finally:
            self._listeners.discard(listener)
            writer.close()

    async def _play(self) -> None:
        clock = asyncio.get_running_loop().time
        began_s = clock() - self._player.next_s
        while True:
            if not self._present():
                await self._hang_up()
                await asyncio.sleep(ABSENT_S)
                began_s = clock() - self._player.next_s
                continue
            if self._server is None and not await self._open():
                await asyncio.sleep(ABSENT_S)
                continue
            late_s = clock() - began_s - self._player.next_s
            if late_s > LATEST_S:
                began_s += late_s
            await asyncio.sleep(max(0.0, -late_s))
            self._send_next()

    def _send_next(self) -> None:
        self._player.change(self.resized if self._ails(Ailment.RESIZED) else self._film)
        shot = self._player.shot()
        if self._ails(Ailment.HANGS):
            return
        data = torn(shot.data, self._rng) if self._ails(Ailment.TORN) else shot.data
        for listener in tuple(self._listeners):
            self._send(listener, shot, data)

    def _send(self, listener: _Listener, shot: Shot, data: bytes) -> None:
        if listener.writer.transport.get_write_buffer_size() > LARGEST_BACKLOG:
            listener.begun = False
        elif listener.begun or shot.key:
            listener.begun = True
            listener.writer.write(data)

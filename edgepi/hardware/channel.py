"""Connections to the world: one that waits in the event loop, one that blocks a thread."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgepi.errors import WorldError
from edgepi.hardware.wire import error_from_wire, pack, read_frame, receive

__all__ = ["BlockingChannel", "Channel"]

ANSWER_WITHIN_S = 10.0


def _unreachable(path: Path, error: OSError) -> WorldError:
    return WorldError(
        f"no world answers at {path}: {error.strerror or error}", hint="start one with `edgepi sim`"
    )


class Channel:
    """Requests, posts and pushes over one connection, from the event loop's thread."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_push: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._reader, self._writer, self._on_push = reader, writer, on_push
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._task = self._loop.create_task(self._listen(), name="world channel")
        self.closed = asyncio.Event()

    @classmethod
    async def open(cls, path: Path, on_push: Callable[[Mapping[str, Any]], None]) -> Channel:
        """Connect; raises WorldError if no world answers."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(path))
        except OSError as error:
            raise _unreachable(path, error) from error
        return cls(reader, writer, on_push)

    async def ask(self, do: str, **arguments: Any) -> Any:
        """Send a request and wait for its answer."""
        if self.closed.is_set():
            raise WorldError("the world has gone away")
        number = next(self._numbers)
        answer = self._waiting[number] = self._loop.create_future()
        try:
            self._writer.write(pack({"id": number, "do": do, "with": arguments}))
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await answer
        except TimeoutError as error:
            raise WorldError(f"the world did not answer {do!r} within {ANSWER_WITHIN_S:g} s") from error
        finally:
            del self._waiting[number]

    def post(self, do: str, **arguments: Any) -> None:
        """Send a request that wants no answer; from any thread, in order."""
        frame = pack({"do": do, "with": arguments})
        if threading.get_ident() == self._thread:
            self._write(frame)
        else:
            self._loop.call_soon_threadsafe(self._write, frame)

    def _write(self, frame: bytes) -> None:
        if not self.closed.is_set():
            self._writer.write(frame)

    async def _listen(self) -> None:
        try:
            while (message := await read_frame(self._reader)) is not None:
                self._take(message)
        except WorldError as error:
            self._fail(error)
        finally:
            self.closed.set()
            self._fail(WorldError("the world has gone away"))
            self._writer.close()

    def _take(self, message: Mapping[str, Any]) -> None:
        if "push" in message:
            self._on_push(message)
            return
        answer = self._waiting.get(message.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(error_from_wire(message["error"]))
        else:
            answer.set_result(message.get("result"))

    def _fail(self, error: WorldError) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)

    async def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


class BlockingChannel:
    """One request at a time from any thread; connects at the first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def ask(self, do: str, **arguments: Any) -> Any:
        """Send a request and wait for its answer; raises what the world raised, or WorldError."""
        with self._lock:
            message = self._exchange(pack({"id": 1, "do": do, "with": arguments}))
        if "error" in message:
            raise error_from_wire(message["error"])
        return message.get("result")

    def _exchange(self, frame: bytes) -> dict[str, Any]:
        try:
            connection = self._connected()
            connection.sendall(frame)
            return receive(connection)
        except (OSError, WorldError) as error:
            self._drop()
            if isinstance(error, OSError):
                raise _unreachable(self._path, error) from error
            raise

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(ANSWER_WITHIN_S)
            self._socket.connect(str(self._path))
        return self._socket

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            self._drop()

"""Serves a simulation on a Unix socket and keeps it in step with its clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgepi.errors import EdgePiError, WorldError
from edgepi.hardware.wire import error_to_wire, pack, read_frame
from edgepi.sim.desk import Desk
from edgepi.sim.simulation import Simulation

__all__ = ["WorldServer"]

FAST_TICK_S, SLOW_TICK_S = 0.025, 0.05  # real seconds; at 60x a fast tick is 1.5 world seconds
LONGEST_PATH = 100  # of a Unix socket, less than the kernel's 108
LARGEST_BACKLOG = 1 << 20


class WorldServer:
    """Listens at *path*, for this user only."""

    def __init__(self, simulation: Simulation, path: Path) -> None:
        self._simulation = simulation
        self._path = path
        self._desk = Desk(simulation)
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; raises WorldError if that is not possible or another world is there."""
        if len(str(self._path)) > LONGEST_PATH:
            raise WorldError(f"{self._path} is too long for a socket", hint="choose a shorter --state-dir")
        await self._clear_the_way()
        try:
            self._server = await asyncio.start_unix_server(self._connected, str(self._path))
        except OSError as error:
            raise WorldError(f"the world cannot listen at {self._path}: {error.strerror}") from error
        await asyncio.to_thread(self._path.chmod, 0o600)
        await self._simulation.cameras.start(self._path.parent)
        self._ticker = asyncio.create_task(self._tick(), name="world ticks")

    async def _clear_the_way(self) -> None:
        try:
            _, writer = await asyncio.open_unix_connection(str(self._path))
        except FileNotFoundError:
            return
        except OSError:
            await asyncio.to_thread(self._path.unlink, missing_ok=True)
        else:
            writer.close()
            raise WorldError(
                f"another world runs at {self._path}", hint="stop it, or give this one its own --state-dir"
            )

    async def stop(self) -> None:
        """Hang up on everybody."""
        tasks = [*self._connections, *([self._ticker] if self._ticker else [])]
        if self._server is not None:
            self._server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._simulation.cameras.stop()
        if self._server is not None:
            await asyncio.to_thread(self._path.unlink, missing_ok=True)

    async def _tick(self) -> None:
        while True:
            self._simulation.advance()
            self._simulation.push_pulses()
            await asyncio.sleep(FAST_TICK_S if self._simulation.keeper.rate > 1.0 else SLOW_TICK_S)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        connection = _Connection(self._simulation, self._desk, reader, writer)
        try:
            await connection.serve()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            connection.close()
            self._connections.discard(task)


class _Connection:
    def __init__(
        self,
        simulation: Simulation,
        desk: Desk,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._simulation, self._desk = simulation, desk
        self._reader, self._writer = reader, writer
        self._watches_pulses = False
        self._unlisten = contextlib.ExitStack()

    async def serve(self) -> None:
        """Answer until the other side hangs up or talks nonsense."""
        try:
            while (message := await read_frame(self._reader)) is not None:
                self._answer(message)
                await self._writer.drain()
        except WorldError as error:
            self._send({"id": 0, "error": error_to_wire(error)})
            await self._writer.drain()

    def close(self) -> None:
        """Hang up."""
        self._unlisten.close()
        self._writer.close()

    def _answer(self, message: Mapping[str, Any]) -> None:
        number, do = message.get("id"), message.get("do")
        reply: dict[str, Any] = {"id": number}
        try:
            reply["result"] = self._desk.answer(do, message.get("with", {}))
        except (EdgePiError, ValueError) as error:
            reply["error"] = error_to_wire(error)
        else:
            self._note(do, message)
        if number is not None:
            self._send(reply)

    def _note(self, do: object, message: Mapping[str, Any]) -> None:
        if do == "hello" and message["with"]["role"] == "node":
            self._unlisten.close()
            self._unlisten.callback(self._simulation.listen(self._push))
            for told in self._simulation.everything():
                self._push(told)
        elif do == "hello" and message["with"]["role"] == "beside":
            self._unlisten.close()
            self._unlisten.callback(self._simulation.listen(self._push_time))
            self._send(self._simulation.true_clock())
        elif do == "pulses.watch":
            self._watches_pulses = True
            self._send(self._simulation.pulses())

    def _push(self, message: Mapping[str, Any]) -> None:
        if message["push"] == "pulses" and not self._watches_pulses:
            return
        self._send(message)

    def _push_time(self, message: Mapping[str, Any]) -> None:
        if message["push"] == "clock":
            self._send(self._simulation.true_clock())

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > LARGEST_BACKLOG:
            self._writer.transport.abort()
            return
        self._writer.write(pack(message))

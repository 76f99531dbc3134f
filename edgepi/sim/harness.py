"""Owns a world and the node it powers: starts the node when the board gives power, kills it at the cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edgepi.errors import EdgePiError, WorldError
from edgepi.hardware import Phase
from edgepi.sim.chips import BoardEvent
from edgepi.sim.draw import NodeState
from edgepi.sim.process import NodeProcess
from edgepi.sim.server import WorldServer
from edgepi.sim.simulation import Simulation
from edgepi.sim.store import save, snapshot
from edgepi.sim.world import TXD

__all__ = ["Beside", "Harness", "HarnessTimes"]

Say = Callable[[str], None]
REFUSED = frozenset({1, 2, 4})  # exit codes of a command that has said why; a second start would end the same


@dataclass(frozen=True, slots=True)
class Beside:
    """A program on another machine of the world, which no cut of the node's power reaches."""

    name: str
    command: tuple[str, ...]
    say: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessTimes:
    """How patient the harness is; real seconds unless said."""

    save_every_s: float = 60.0
    boot_within_s: float = 30.0
    end_within_s: float = 30.0
    after_halt_s: float = 5.0
    restart_world_s: float = 5.0
    restart_beside_s: float = 5.0
    failed_starts: int = 5


class Harness:
    """Runs until `stop` is called, the node gives up, or the world has lasted *last_s* world seconds.

    *cut_jobs* blocks until nothing that the node boxed runs any more: containers are no children of its.
    """

    def __init__(
        self,
        simulation: Simulation,
        command: Sequence[str],
        *,
        directory: Path,
        env: Mapping[str, str],
        say: Say,
        node_says: Say,
        times: HarnessTimes | None = None,
        beside: Sequence[Beside] = (),
        cut_jobs: Callable[[], None] | None = None,
    ) -> None:
        self._simulation = simulation
        self._command = tuple(command)
        self._file = directory / "world.json"
        self._server = WorldServer(simulation, directory / "world.sock")
        self._env = dict(env)
        self._say, self._node_says = say, node_says
        self._times = times or HarnessTimes()
        self._beside = tuple(beside)
        self._cut_jobs = cut_jobs
        self._cutting: asyncio.Task[None] | None = None
        self._node: NodeProcess | None = None
        self._life: asyncio.Task[None] | None = None
        self._done = asyncio.Event()
        self._halt_asked = asyncio.Event()
        self._ready = asyncio.Event()
        self._failed_starts = 0
        self._trouble: str | None = None

    def stop(self) -> None:
        """End the node orderly, then the world."""
        self._done.set()

    async def run(self, *, last_s: float | None = None) -> None:
        """Run to the end; raises WorldError if the node never comes up."""
        simulation = self._simulation
        simulation.world.on_rail = self._rail
        simulation.on_board = self._board
        simulation.on_halt = lambda _reason: self._halt_asked.set()
        simulation.on_phase = self._phase
        await self._server.start()
        chores = [
            asyncio.create_task(self._save_now_and_then(), name="world saver"),
            asyncio.create_task(self._tell_of_loops(), name="world loops"),
            *(asyncio.create_task(self._keep(each), name=each.name) for each in self._beside),
        ]
        if last_s is not None:
            chores.append(asyncio.create_task(self._end_after(last_s), name="world end"))
        try:
            await self._done.wait()
        finally:
            await self._wind_up(chores)
        if self._trouble:
            raise WorldError(self._trouble)

    async def _wind_up(self, chores: Sequence[asyncio.Task[None]]) -> None:
        await _cancel(*([self._life] if self._life else []))
        if self._node is not None and self._node.alive:
            self._simulation.node_is(Phase.STOPPING)
            self._say("stopping the node")
            await self._node.end(self._times.end_within_s)
        await _cancel(*chores, *([self._cutting] if self._cutting else []))
        await self._server.stop()
        if await self._save():
            self._say(f"the world rests at {self._clock()}; the next start goes on from here")

    async def _keep(self, beside: Beside) -> None:
        """Run a program beside the node, and again when it ends; the world goes on without it."""
        env = {**self._env, "EDGEPI_WORLD": str(self._file.with_name("world.sock"))}
        while True:
            process = await NodeProcess.start(beside.command, env, beside.say)
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                await process.end(self._times.end_within_s)
                raise
            self._say(f"{self._clock()}: {beside.name} ended with exit code {code}; it is started again")
            await asyncio.sleep(self._times.restart_beside_s)

    async def _save_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._times.save_every_s)
            await self._save()

    async def _save(self) -> bool:
        """Save the world; a failure is said, for a node's end is worth more than a world's."""
        try:
            await asyncio.to_thread(save, self._file, snapshot(self._simulation))
        except OSError as error:
            self._say(f"{self._clock()}: the world cannot be saved: {error.strerror or error}")
            return False
        return True

    async def _tell_of_loops(self) -> None:
        world = self._simulation.world
        loops = world.measured.loops(world.wall_s)
        while True:
            await asyncio.sleep(1.0)
            if world.measured.loops(world.wall_s) > loops:
                loops = world.measured.loops(world.wall_s)
                self._say(f"{self._clock()}: the measured weather starts over (time {loops + 1})")

    async def _end_after(self, last_s: float) -> None:
        await self._world_seconds(last_s)
        self.stop()

    async def _world_seconds(self, seconds: float) -> None:
        keeper = self._simulation.keeper
        until_s = keeper.monotonic_s + seconds
        while True:
            left_s = until_s - keeper.monotonic_s
            if left_s <= 0.0:
                return
            await asyncio.sleep(min(0.05, left_s / keeper.rate))

    def _clock(self) -> str:
        now = datetime.fromtimestamp(self._simulation.world.wall_s, UTC)
        return f"{now:%Y-%m-%d %H:%M} UTC"

    # -- what happens in the world ------------------------------------------------------------

    def _rail(self, on: bool) -> None:
        if on:
            self._say(f"{self._clock()}: the board gives power ({self._simulation.world.board.reason()})")
            self._life = asyncio.create_task(self._live(), name="node life")
            return
        self._simulation.power_went()
        self._say(f"{self._clock()}: the power is cut")
        if self._node is not None and self._node.alive:
            self._node.kill()
        if self._cut_jobs is not None:
            self._cutting = asyncio.create_task(self._cut(self._cut_jobs), name="containers")
        if self._life is not None:
            self._life.cancel()

    async def _cut(self, cut_jobs: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(cut_jobs)
        except EdgePiError as error:
            self._say(f"{self._clock()}: the node's containers may run on: {error}")

    def _board(self, event: BoardEvent) -> None:
        if event.kind == "request":
            self._say(f"{self._clock()}: the board asks for shut-down and will cut whatever happens")
        elif event.kind == "watchdog":
            self._say(f"{self._clock()}: the board has not heard of the node and switches it off and on")
        elif event.kind == "alarm_lost":
            self._say(f"{self._clock()}: the board let its wake alarm pass")

    def _phase(self, phase: Phase) -> None:
        if phase is Phase.READY:
            self._failed_starts = 0
            self._ready.set()

    # -- what happens to the node -------------------------------------------------------------

    async def _live(self) -> None:
        world = self._simulation.world
        self._env["EDGEPI_BOOT_ID"] = f"world at {world.time_s:.3f} s"
        self._simulation.power_came()
        if self._cutting is not None:
            await self._cutting  # what the last life left must be dead before the next begins
        world.node = NodeState.BOOTING
        await self._world_seconds(world.draw.board.boot_s)
        world.set_line(TXD, high=True)
        while await self._run_once():
            await self._world_seconds(self._times.restart_world_s)

    async def _run_once(self) -> bool:
        """Run the node's process to its end; return whether it is to be started again."""
        self._halt_asked.clear()
        self._ready.clear()
        self._node = await NodeProcess.start(self._command, self._env, self._node_says)
        self._simulation.node_started()
        watchers = [
            asyncio.create_task(self._watch_boot(), name="node boot"),
            asyncio.create_task(self._carry_out_halt(self._node), name="node halt"),
        ]
        try:
            code = await self._node.wait()
        finally:
            await _cancel(*watchers)
        was_ready = self._ready.is_set()
        self._simulation.node_ended(NodeState.UP)
        if self._simulation.halting is not None:
            await self._halted()
            return False
        return self._crashed(code, was_ready=was_ready)

    async def _watch_boot(self) -> None:
        try:
            await asyncio.wait_for(self._ready.wait(), self._times.boot_within_s)
        except TimeoutError:
            self._say(f"the node is not ready after {self._times.boot_within_s:g} s; the world goes on")
            self._simulation.node_is(Phase.READY)

    async def _carry_out_halt(self, node: NodeProcess) -> None:
        await self._halt_asked.wait()
        self._say(f"{self._clock()}: the node halts ({self._simulation.halting})")
        await asyncio.sleep(self._times.after_halt_s)
        await node.end(self._times.end_within_s)

    async def _halted(self) -> None:
        world = self._simulation.world
        await self._world_seconds(world.draw.board.halt_s)
        world.node_ended(NodeState.HALTED)
        world.set_line(TXD, high=False)
        if not world.board.asks_to_go:
            self._say("halted, but the board has not seen it and does not cut: power stays on")

    def _crashed(self, code: int, *, was_ready: bool) -> bool:
        self._failed_starts += not was_ready
        if not was_ready and code in REFUSED:
            self._trouble = f"the node could not start (exit code {code}); it says why above"
            self.stop()
            return False
        if self._failed_starts >= self._times.failed_starts:
            self._trouble = f"the node ended {self._failed_starts} times before it was ready"
            self.stop()
            return False
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        self._say(f"{self._clock()}: the node {how} without halting; it is started again")
        return True


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

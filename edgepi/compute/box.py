"""One container that runs or ran: its time, disk and end are watched, whether anybody waits for it or not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from edgepi.clock import Clock
from edgepi.compute import containers, storage
from edgepi.compute.engine import Engine
from edgepi.compute.firewall import HINT
from edgepi.compute.limits import SIGKILLED, Ending, verdict
from edgepi.compute.lookout import EVERY_S, Look, until_breached
from edgepi.compute.model import ExitReason, Outcome
from edgepi.compute.probe import Breach
from edgepi.compute.record import BoxRecord, Place
from edgepi.compute.settling import drop_disk, settle
from edgepi.errors import EngineError, SandboxError

__all__ = ["Box", "Surroundings"]

T = TypeVar("T")

WATCH_S = 1.0
SAMPLE_S = 2.0
LOOK_S = 0.25
LOOK_SHARE = 20
AWAY_S = 60.0
"""How long the engine may be away, in real seconds, before a container counts as lost."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every container of a node shares."""

    engine: Engine
    clock: Clock
    log: logging.Logger


class Box:
    """A container of this node; it ends at the latest when its time is up.

    *look* finds what is wrong with the walls around it; None where it has no network.
    """

    def __init__(
        self,
        around: Surroundings,
        container_id: str,
        record: BoxRecord,
        place: Place,
        *,
        attended: bool,
        look: Look | None = None,
    ) -> None:
        self.job_id = record.job_id
        self._around = around
        self._id = container_id
        self._record = record
        self._place = place
        self._attended = attended
        self._look_at_walls = look
        self._paused = False
        self._run_s = record.run_s
        self._since_s: float | None = None
        self._cpu_s = 0.0
        self._peak_bytes = 0
        self._decided: tuple[ExitReason, str] | None = None
        if record.decided is not None:
            self._decided = (ExitReason(record.decided[0]), record.decided[1])
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._life: asyncio.Task[Outcome] | None = None

    @property
    def run_s(self) -> float:
        """How long it has run, in the clock's seconds, without pauses."""
        running = self._around.clock.monotonic() - self._since_s if self._since_s is not None else 0.0
        return self._run_s + running

    async def begin(self, *, paused: bool = False) -> None:
        """Watch over it from now on."""
        self._paused = paused
        if not paused:
            self._since_s = self._around.clock.monotonic()
            await self._keep(self._record.running(self._run_s, self._around.clock.now()))
        self._life = asyncio.create_task(self._live(), name=f"box {self.job_id}")

    async def wait(self) -> Outcome:
        """Wait until it has ended and return how; its files are then in the job's outputs folder.

        Raises:
            EngineError: the engine went away for good while the end was written down.
        """
        if self._life is None:
            raise SandboxError("this container was never watched")
        return await asyncio.shield(self._life)

    async def pause(self) -> None:
        """Freeze it; its time limit does not run on. Nothing happens when it has ended or is paused."""
        async with self._lock:
            if not self._paused and await self._tell(containers.pause):
                self._paused = True
                self._run_s, self._since_s = self.run_s, None
                self._signal()
                await self._keep(self._record.stopped(self._run_s))

    async def resume(self) -> None:
        """Let it go on. Nothing happens when it has ended or runs."""
        async with self._lock:
            if self._paused and await self._tell(containers.resume):
                self._paused = False
                self._since_s = self._around.clock.monotonic()
                self._signal()
                await self._keep(self._record.running(self._run_s, self._around.clock.now()))

    async def set_cpus(self, cpus: float) -> None:
        """Give it more or less of the processor while it runs. Nothing happens when it has ended."""
        async with self._lock:
            await self._tell(lambda client, name: containers.set_cpus(client, name, cpus))

    async def kill(self, reason: ExitReason = ExitReason.KILLED, sentence: str = "") -> None:
        """End it at once, for *reason*; the first reason stays. Nothing happens when it has ended.

        Raises:
            EngineError: the engine cannot be reached.
        """
        if self._decided is None and not self.ended:
            self._decided = (reason, sentence or "the job was ended")
            decided = (reason.value, self._decided[1])
            await self._keep(replace(self._record, decided=decided))
        await self._tell(containers.kill)

    @property
    def ended(self) -> bool:
        """Whether all is over."""
        return self._life is not None and self._life.done()

    @property
    def failed(self) -> bool:
        """Whether its end could not be written down, so that it must be found anew."""
        life = self._life
        return life is not None and life.done() and (life.cancelled() or life.exception() is not None)

    async def leave(self) -> None:
        """Stop watching; the container goes on."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError, EngineError, SandboxError, OSError):
                await self._life

    async def _tell(self, action: Callable[[Any, str], bool]) -> bool:
        return await self._around.engine.call(lambda client: action(client, self._id))

    def _signal(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _keep(self, record: BoxRecord) -> None:
        self._record = record
        await asyncio.to_thread(self._place.write, record)

    async def _live(self) -> Outcome:
        known = self._record.known_outcome()
        if known is not None:
            return await self._with_logs(known)
        watchers = [asyncio.create_task(each) for each in (self._count_down(), self._look(), self._guard())]
        try:
            there = await self._until_it_ends()
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
        self._run_s, self._since_s = self.run_s, None
        return await self._conclude(there=there)

    async def _until_it_ends(self) -> bool:
        """Wait for the end; whether the container is still there to be asked."""
        away_since: float | None = None
        while True:
            try:
                found = await self._around.engine.call(
                    lambda client: containers.wait(client, self._id), long=True
                )
            except EngineError as error:
                now_s = asyncio.get_running_loop().time()
                away_since = now_s if away_since is None else away_since
                self._attended = False  # what happens meanwhile is seen by nobody
                if now_s - away_since > AWAY_S:
                    self._around.log.warning("job %s is lost: %s", self.job_id, error)
                    return False
                await self._second()
            else:
                away_since = None
                if found is not containers.Presence.RUNNING:
                    return found is containers.Presence.ENDED

    async def _second(self) -> None:
        """Wait one real second, whatever the clock's rate."""
        await self._around.clock.sleep(WATCH_S * max(1.0, self._around.clock.rate))

    async def _count_down(self) -> None:
        while (left_s := self._record.time_s - self.run_s) > 0 or self._paused:
            changed = asyncio.ensure_future(self._changed.wait())
            waiting: set[asyncio.Future[Any]] = {changed}
            if not self._paused:
                waiting.add(asyncio.ensure_future(self._around.clock.sleep(left_s)))
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waiting:
                    task.cancel()
        await self._end(ExitReason.TIMED_OUT, f"the app was ended after its {self._record.time_s:g} s")

    async def _look(self) -> None:
        clock = self._around.clock
        next_sample_s = clock.monotonic()
        looked_s = 0.0
        while True:
            begun_s = clock.monotonic()
            with contextlib.suppress(EngineError):
                if (sentence := await self._over_quota()) is not None:
                    await self._end(ExitReason.DISK_FULL, sentence)
                looked_s = clock.monotonic() - begun_s
                if begun_s >= next_sample_s:
                    await self._sample()
                    next_sample_s = begun_s + SAMPLE_S * clock.rate
            # A disk fills fast; yet large folders must not be looked at all the time.
            await clock.sleep(max(LOOK_S * max(1.0, clock.rate), LOOK_SHARE * looked_s))

    async def _guard(self) -> None:
        """End it when it is behind walls no more; one that was found may have been without for long."""
        if self._look_at_walls is None:
            return
        first_in_s = 0.0 if self._run_s else EVERY_S
        said = await until_breached(self._breaches, self._around.clock, first_in_s=first_in_s)
        self._around.log.warning("job %s loses the internet: %s; %s", self.job_id, said, HINT)
        await self._end(
            ExitReason.UNWALLED, f"the job was ended, for its walls do not stand any more: {said}"
        )

    async def _breaches(self) -> Sequence[Breach]:
        return () if self._paused or self._look_at_walls is None else await self._look_at_walls()

    async def _end(self, reason: ExitReason, sentence: str) -> None:
        while True:
            try:
                await self.kill(reason, sentence)
            except EngineError as error:
                self._around.log.warning("job %s cannot be ended yet: %s", self.job_id, error)
            await self._second()  # until the end is seen, which ends this too

    async def _sample(self) -> None:
        used = await self._around.engine.call(lambda client: containers.usage(client, self._id))
        self._cpu_s = max(self._cpu_s, used.cpu_s)
        self._peak_bytes = max(self._peak_bytes, used.memory_bytes)

    async def _over_quota(self) -> str | None:
        """Say what is used too much of, where no file system of its own holds the job."""
        most = self._record.disk_bytes
        used = 0
        if self._record.outputs is not None and not self._record.on_disk_image:
            found = await asyncio.to_thread(storage.measure, Path(self._record.outputs), stop_above=most)
            if found.too_deep:
                return "the app nests its folders too deep"
            used += found.size_bytes
        if self._record.writable_root:
            used += await self._around.engine.call(lambda client: containers.written_bytes(client, self._id))
        return "the app needed more room for its files than it may use" if used > most else None

    async def _conclude(self, *, there: bool) -> Outcome:
        state = await self._final_state() if there else None
        if state is None:
            return await self._lose()
        full, trouble = await asyncio.to_thread(settle, self._record, self._place, self._around.log)
        code = int(state.get("ExitCode", 0))
        reason, sentence = verdict(
            Ending(
                exit_code=code,
                out_of_memory=bool(state["OOMKilled"]),
                disk_full=full,
                attended=self._attended,
                decided=self._decided or trouble,
                error=str(state.get("Error") or ""),
            )
        )
        outcome = Outcome(
            reason=reason,
            exit_code=code,
            sentence=sentence,
            run_s=self._run_s,
            cpu_s=self._cpu_s,
            peak_memory_bytes=self._peak_bytes,
        )
        await self._keep(self._record.ended(outcome))
        return await self._with_logs(outcome)

    async def _lose(self) -> Outcome:
        lost = Outcome(
            reason=ExitReason.LOST, exit_code=None, sentence="its container is gone", run_s=self._run_s
        )
        await asyncio.to_thread(drop_disk, self._place)
        await self._keep(self._record.ended(lost))
        return lost

    async def _final_state(self) -> dict[str, Any] | None:
        """Ask how it ended; word of memory may come a moment after the end itself."""
        state: dict[str, Any] | None = None
        for _ in range(3):
            state = await self._patiently(containers.state)
            if state is None or state["ExitCode"] != SIGKILLED or state["OOMKilled"] or self._decided:
                break
            await self._around.clock.sleep(0.1 * max(1.0, self._around.clock.rate))
        return state

    async def _with_logs(self, outcome: Outcome) -> Outcome:
        most = self._record.log_bytes
        try:
            stdout, stderr = await self._around.engine.call(
                lambda client: containers.logs(client, self._id, most)
            )
        except EngineError as error:
            self._around.log.warning("the logs of job %s are lost: %s", self.job_id, error)
            return outcome
        return replace(outcome, stdout=stdout, stderr=stderr)

    async def _patiently(self, action: Callable[[Any, str], T]) -> T:
        """Ask the engine, and again while it is away for a moment."""
        for _ in range(round(AWAY_S / WATCH_S)):
            with contextlib.suppress(EngineError):
                return await self._around.engine.call(lambda client: action(client, self._id))
            await self._second()
        return await self._around.engine.call(lambda client: action(client, self._id))

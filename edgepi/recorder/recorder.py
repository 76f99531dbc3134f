"""The recorder: listens, commits in batches, answers questions about the past."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from edgepi.clock import Clock
from edgepi.config.settings import RecorderSettings
from edgepi.errors import RecorderError, RequestError
from edgepi.model import (
    ClockStepped,
    Decision,
    DecisionMade,
    LeaseChanged,
    LevelChanged,
    PowerGoing,
    StateChanged,
)
from edgepi.recorder.inbox import Inbox
from edgepi.recorder.samples import Sample, Tier, to_ms
from edgepi.recorder.schema import is_corrupt
from edgepi.recorder.segments import Segments
from edgepi.recorder.tiers import HOUR_MS, choose_tier
from edgepi.recorder.writer import Batch, Writer

__all__ = ["Bus", "Recorder", "RecorderStats"]

E = TypeVar("E")
T = TypeVar("T")
_FOREVER_MS = 2**53


class Bus(Protocol):
    """What the recorder needs of the event bus."""

    def listen(self, kind: type[E], callback: Callable[[E], None], *, name: str) -> Callable[[], None]:
        """Call back for each event of a type until the result is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStats:
    """Where the recorder stands; *rows* and *dropped* count since the start."""

    rows: int
    waiting: int
    dropped: int
    size_bytes: int
    last_commit_utc: datetime | None
    problems: tuple[str, ...]


class Recorder:
    """Keeps the history of states and decisions in the SQLite database at *path*."""

    def __init__(
        self,
        path: Path,
        settings: RecorderSettings,
        clock: Clock,
        bus: Bus,
        *,
        log: logging.Logger | None = None,
        capacity: int = 200_000,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._bus = bus
        self._log = log or logging.getLogger("edgepi.recorder")
        self._hurry = asyncio.Event()
        self._segments = Segments(clock)
        self._inbox = Inbox(settings, clock, self._segments, on_much=self._hurry.set, capacity=capacity)
        self._writer = Writer(path, settings, self._log)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._flushing = asyncio.Lock()
        self._unlisten: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._running = False
        self._tidied: tuple[int, int] | None = None
        self._written: tuple[object, ...] = ()
        self._failure: str | None = None
        self._rows = self._size_bytes = self._dropped_said = 0
        self._last_commit_utc: datetime | None = None

    async def start(self) -> None:
        """Open the database and begin to listen.

        A damaged database is moved aside; with a full disk rows wait in memory.

        Raises:
            RecorderError: the database is from a newer EdgePi, or cannot be opened at all.
        """
        self._running = True
        try:
            await self._call(self._measure)
        except RecorderError:
            self._running = False
            self._thread.shutdown(wait=False)
            raise
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
        self._listen()
        self._runner = self._spawn(self._run())

    async def stop(self) -> None:
        """Write what waits and close the database."""
        if not self._running:
            return
        for unlisten in self._unlisten:
            unlisten()
        if self._runner is not None:
            self._runner.cancel()
        await self.flush()
        self._running = False
        with suppress(sqlite3.Error, OSError):
            await self._in_thread(self._writer.close)
        self._thread.shutdown(wait=False)

    async def flush(self) -> None:
        """Write what waits; if that cannot be done, it goes on waiting and `stats` says why."""
        # A caller that gives up must not take the rows of a half-done commit with it.
        await asyncio.shield(self._spawn(self._flush()))

    async def _flush(self) -> None:
        async with self._flushing:
            self._segments.look()
            batch = self._inbox.take()
            try:
                await self._commit(batch)
                await self._tidy()
            except Exception as error:  # noqa: BLE001 (whatever it is, the next commit tries again)
                self._failed(error)
            else:
                self._recovered()

    async def history(
        self,
        entity_id: str,
        start_utc: datetime,
        end_utc: datetime,
        *,
        tier: Tier | Literal["auto"] = "auto",
        limit: int | None = None,
    ) -> list[Sample]:
        """Return samples in order of time, newest *limit*; "auto" takes the tier that suits the span.

        Raises:
            RequestError: times without a zone, or an end before the start.
            RecorderError: the database cannot be read.
        """
        start_ms, end_ms = _checked(start_utc), _checked(end_utc)
        if end_ms < start_ms:
            raise RequestError("the end lies before the start")
        chosen = choose_tier(end_ms - start_ms) if tier == "auto" else tier
        waiting = [point for point in self._inbox.points(entity_id) if point[0] <= end_ms]
        return await self._ask(
            lambda: self._writer.archive.history(
                entity_id, start_ms, end_ms, chosen, limit=limit, unwritten=(self._writer.boot, waiting)
            )
        )

    async def decisions(
        self,
        start_utc: datetime | None = None,
        end_utc: datetime | None = None,
        limit: int = 100,
        subject: str | None = None,
    ) -> list[Decision]:
        """Return decisions, level changes and lease changes, the newest first; None leaves an end open.

        Raises:
            RequestError: a time without a zone.
            RecorderError: the database cannot be read.
        """
        start_ms = 0 if start_utc is None else _checked(start_utc)
        end_ms = _FOREVER_MS if end_utc is None else _checked(end_utc)
        waiting = self._inbox.decided(start_ms, end_ms, subject)
        written = await self._ask(lambda: self._writer.archive.decisions(start_ms, end_ms, limit, subject))
        return [*waiting, *written][:limit]

    async def entities(self) -> list[str]:
        """Return every entity that has a history, sorted.

        Raises:
            RecorderError: the database cannot be read.
        """
        return await self._ask(self._entities)

    def stats(self) -> RecorderStats:
        """Where the recorder stands now."""
        problems = list(self._writer.problems)
        if self._failure is not None:
            problems.append(self._failure)
        if self._inbox.dropped:
            problems.append(f"{self._inbox.dropped} rows were dropped because they could not be written")
        return RecorderStats(
            rows=self._rows,
            waiting=len(self._inbox),
            dropped=self._inbox.dropped,
            size_bytes=self._size_bytes,
            last_commit_utc=self._last_commit_utc,
            problems=tuple(problems),
        )

    def _listen(self) -> None:
        heard: tuple[tuple[type, Callable[[Any], None]], ...] = (
            (StateChanged, self._inbox.add_state),
            (DecisionMade, self._inbox.add_decision),
            (LevelChanged, self._inbox.add_level),
            (LeaseChanged, self._inbox.add_lease),
            (ClockStepped, lambda _: self._segments.stepped()),
            (PowerGoing, self._power_going),
        )
        self._unlisten = [self._bus.listen(kind, call, name="recorder") for kind, call in heard]

    def _power_going(self, _: PowerGoing) -> None:
        self._spawn(self._flush())

    async def _run(self) -> None:
        with suppress(sqlite3.Error, OSError):
            await self._call(lambda: self._writer.check(self._clock.now()))
        while True:
            await self._pause()
            await self.flush()

    async def _pause(self) -> None:
        """Wait for the commit interval, or until much waits and the last commit did not fail."""
        sleep = asyncio.ensure_future(self._clock.sleep(self._settings.commit_interval_s))
        hurry = asyncio.ensure_future(self._hurry.wait())
        waits = (sleep,) if self._failure else (sleep, hurry)
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            hurry.cancel()
        self._hurry.clear()

    async def _commit(self, batch: Batch) -> None:
        if not (batch.rows or batch.decisions or batch.segments != self._written):
            return
        try:
            await self._call(lambda: self._writer.commit(batch))
        except Exception:
            self._inbox.put_back(batch)
            raise
        self._written = batch.segments
        self._rows += len(batch.rows)
        self._last_commit_utc = self._clock.now()
        await self._call(self._measure)

    async def _tidy(self) -> None:
        """Pack and purge when an hour, a segment or too many loose rows ended."""
        now_ms, index = self._segments.now_ms(), self._segments.current.index
        if now_ms is None:
            return
        hour = (index, now_ms // HOUR_MS)
        if hour != self._tidied or self._writer.crowded:
            # A wall clock that was just set may be wrong; what it lets expire could not be had back.
            sure = index == 0 or self._segments.t_ms() >= HOUR_MS
            more = await self._call(lambda: self._writer.tidy(index, now_ms, may_purge=sure))
            self._tidied = None if more else hour

    def _entities(self) -> list[str]:
        return self._writer.archive.entities()

    def _measure(self) -> None:
        self._size_bytes = self._writer.size_bytes()

    async def _call(self, work: Callable[[], T]) -> T:
        """Run in the recorder's thread with an open database; begin a new one if it proves damaged."""
        now = self._clock.now()

        def guarded() -> T:
            self._writer.open(now)
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if not is_corrupt(error):
                    raise
                self._writer.replace(now, str(error))
                return work()

        if not self._running:
            raise RecorderError("the recorder is not running")
        return await self._in_thread(guarded)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _ask(self, question: Callable[[], T]) -> T:
        try:
            return await self._call(question)
        except RecorderError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise RecorderError(f"the history cannot be read: {error}") from error

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _failed(self, error: Exception) -> None:
        sentence = f"history cannot be written ({error}); it waits in memory"
        if self._failure is None:
            self._log.error("%s", sentence)
        self._failure = sentence
        self._say_dropped()

    def _recovered(self) -> None:
        if self._failure is not None:
            self._failure = None
            self._log.info("history is written again")
        self._say_dropped()

    def _say_dropped(self) -> None:
        fresh = self._inbox.dropped - self._dropped_said
        if fresh and (self._failure is None or not self._dropped_said):
            self._log.warning("%d rows of history were dropped", fresh)
            self._dropped_said = self._inbox.dropped


def _checked(time_utc: datetime) -> int:
    if time_utc.tzinfo is None:
        raise RequestError(f"{time_utc} has no time zone")
    return to_ms(time_utc)

"""Keeps a schedule: leases that have the node awake in its windows, as far as the energy goes.

A window is kept in pieces, each a lease whose finish phase is the time awake: once committed, its energy
is set aside and the board's alarm stands before it. What the governor does not grant is not kept, and said.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgepi.errors import EnergyError
from edgepi.model import FinishPhase, LeaseState, Offer, RunPhase, WaitPhase
from edgepi.plugin import ComputeBackend, LeaseHandle, PluginContext
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.schedule.grammar import Schedule, ScheduleError, parse
from edgepi_wittypi.schedule.windows import utc, windows

__all__ = ["Piece", "ScheduleKeeper", "next_piece", "read_schedule"]

LONGEST_PIECE = timedelta(minutes=30)
# The budget wakes the node so long before a finish phase has to begin, for a boot that fails once.
MARGIN = timedelta(minutes=10)
LEAD = timedelta(minutes=5)  # a governor may have to think
SOON = timedelta(seconds=30)
LAG = timedelta(seconds=5)  # so that pieces overlap
RETRY_S = 300.0
POINTS_PER_H = 50.0  # what its owner has set a time for is vital
TINY_WH, TINY_S = 0.0002, 20.0  # an offer must run before it can promise anything


@dataclass(frozen=True, slots=True)
class Piece:
    """A time in UTC for which one lease stands; *reserve* is whether the node is to be woken for it."""

    begin: datetime
    end: datetime
    reserve: bool = True

    @property
    def name(self) -> str:
        """Which piece it is, whenever it is asked for."""
        return f"{self.begin:%Y-%m-%dT%H:%M:%SZ}"


def read_schedule(path: Path) -> Schedule:
    """Read a file. Blocks.

    Raises:
        ScheduleError: it is wrong, or not there.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ScheduleError(f"{path} cannot be read: {error}") from error


def next_piece(schedule: Schedule, now_utc: datetime, zone: tzinfo) -> Piece | None:
    """The piece of now, or the next one; None once the schedule is over."""
    local = now_utc.astimezone(zone).replace(tzinfo=None)
    for window in windows(schedule, local - timedelta(hours=3)):  # a zone may have turned its clock back
        begin, end = utc(window.begin, zone), utc(window.end, zone)
        while begin < end:
            upto = min(begin + LONGEST_PIECE, end)
            if upto > now_utc:
                return Piece(begin, upto, reserve=window.wakes or begin > utc(window.begin, zone))
            begin = upto
    return None


class ScheduleKeeper(ComputeBackend):
    """Asks for one piece after the other, some minutes before the last one ends."""

    name = "schedule"
    brings_jobs = False

    def __init__(self, context: PluginContext[WittyPiConfig], path: Path) -> None:
        self._context = context
        self._path = path
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._said: set[str] = set()

    async def start(self) -> None:
        """Read the file and begin; raises ScheduleError."""
        schedule = await self._context.run_blocking(read_schedule, self._path)
        zone = await self._context.run_blocking(_zone, self._context.node.time_zone)
        self._task = asyncio.create_task(self._keep(schedule, zone), name="wittypi schedule")

    async def stop(self) -> None:
        """Keep nothing any more; what is committed binds, for the next life."""
        tasks = [*self._ending, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._task = None

    async def _keep(self, schedule: Schedule, zone: tzinfo) -> None:
        clock = self._context.clock
        while not clock.trusted:
            await clock.sleep(SOON.total_seconds())
        after = clock.now()
        while (piece := next_piece(schedule, after, zone)) is not None:
            if not piece.reserve:
                await self._until(piece.begin)
            await self._keep_piece(piece)
            after = max(piece.end, clock.now())
        self._context.log.info("the schedule %s is over", self._path.name)

    async def _keep_piece(self, piece: Piece) -> None:
        """Have the piece committed, be awake in it; try again while it lasts."""
        clock = self._context.clock
        while clock.now() < piece.end - SOON:
            handle = await self._commit(piece)
            if handle is not None:
                await self._until(piece.begin)
                await self._begin(handle, piece.end)
                await self._until(piece.end - LEAD)
                return
            left_s = (piece.end - clock.now()).total_seconds()
            await clock.sleep(max(1.0, min(RETRY_S, left_s)))
        await self._until(piece.end)

    async def _begin(self, handle: LeaseHandle, end: datetime) -> None:
        with suppress(EnergyError):
            await handle.started()
        task = asyncio.create_task(self._finish(handle, end + LAG), name="wittypi schedule: end of a piece")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _finish(self, handle: LeaseHandle, when: datetime) -> None:
        await self._until(when)
        with suppress(EnergyError):
            await handle.give_back("its time is over")  # not finished: nothing was earned

    async def _commit(self, piece: Piece) -> LeaseHandle | None:
        """Return the committed lease, or None, and say why."""
        try:
            handle = await self._offered(piece)
            if not await self._decided(handle, max(piece.begin, self._context.clock.now() + SOON)):
                answer = await self._context.budget.would_grant(handle.lease.offer)
                self._say(piece, answer.sentence)
                await self._decided(handle, piece.end - SOON)
            if handle.lease.state is LeaseState.COMMITTED:  # in an earlier life
                return handle
            if handle.lease.state is LeaseState.GRANTED:
                answer = await handle.commit()
                self._say(piece, answer.sentence, kept=answer.yes)
                return handle if answer.yes else None
            self._say(piece, handle.lease.sentence or "its energy was not granted")
            if handle.lease.state.open:
                await handle.give_back("its time is over")
        except EnergyError as error:
            self._say(piece, error.message)
        return None

    async def _offered(self, piece: Piece) -> LeaseHandle:
        """Offer the piece, or find it committed; of one that began too long ago offer what is left."""
        budget, now = self._context.budget, self._context.clock.now()
        handle = await budget.offer(self._offer(piece, piece.begin, piece.name))
        if handle.lease.state is LeaseState.COMMITTED or now < piece.begin + MARGIN - SOON:
            return handle
        if handle.lease.state.open:
            await handle.give_back("it began too long ago")
        begin = now + SOON - MARGIN
        return await budget.offer(self._offer(piece, begin, f"{piece.name}.{now:%H%M%S}"))

    def _offer(self, piece: Piece, begin: datetime, name: str) -> Offer:
        """Be awake from *begin*; the finish phase counts later, so that the wake falls on the beginning."""
        length = piece.end - begin
        return Offer(
            offer_id=f"{self._context.instance}.schedule.{name}",
            consumer=f"{self._context.instance}.schedule",
            title=f"awake until {piece.end:%Y-%m-%d %H:%M} UTC",
            value_points=POINTS_PER_H * TINY_S / 3600.0,
            run=RunPhase(energy_wh=TINY_WH, duration_s=TINY_S),
            wait=WaitPhase(until_utc=begin),
            finish=FinishPhase(
                energy_wh=TINY_WH, duration_s=length.total_seconds(), deadline_utc=piece.end + MARGIN
            ),
            usual=False,
        )

    async def _decided(self, handle: LeaseHandle, by: datetime) -> bool:
        while handle.lease.state is LeaseState.OFFERED:
            if not await self._changes(handle, by):
                return False
        return True

    async def _changes(self, handle: LeaseHandle, by: datetime) -> bool:
        """Wait for the next state of an offer; False if it did not come in time."""
        nap = asyncio.create_task(self._until(by))
        change = asyncio.create_task(_changed(handle))
        try:
            await asyncio.wait({nap, change}, return_when=asyncio.FIRST_COMPLETED)
            return change.done()
        finally:
            nap.cancel()
            change.cancel()

    async def _until(self, when: datetime) -> None:
        clock = self._context.clock
        while (left_s := (when - clock.now()).total_seconds()) > 0.0:
            await clock.sleep(min(left_s, 60.0))

    def _say(self, piece: Piece, sentence: str, *, kept: bool = False) -> None:
        if kept:
            self._context.log.info("awake from %s: %s", piece.name, sentence)
        elif piece.name not in self._said:
            self._context.log.warning("the schedule is not kept from %s: %s", piece.name, sentence)
            self._said.add(piece.name)


async def _changed(handle: LeaseHandle) -> None:
    await handle.changed()


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC

"""Keeps node and board at one time: whoever knows it tells the other, and local time is found out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgepi.errors import HardwareError
from edgepi.files import atomic_write
from edgepi.plugin import PluginContext
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.family import CLOCK_TOLERANCE, Board
from edgepi_wittypi.link import Link

__all__ = ["TimeKeeper", "from_local", "zone_offset"]

LAST_SAFE_SECOND = 57  # while a clock is set register by register, no minute may pass
QUARTER = timedelta(minutes=15)
FARTHEST_ZONE = timedelta(hours=14)
DRIFT = timedelta(minutes=2)


def zone_offset(shown: datetime, now_utc: datetime) -> timedelta | None:
    """By what offset of a time zone a clock is off, to two minutes; None if by none or by something else."""
    off = shown - now_utc
    quarters = round(off / QUARTER)
    offset = quarters * QUARTER
    return offset if quarters and abs(offset) <= FARTHEST_ZONE and abs(off - offset) <= DRIFT else None


def from_local(shown: datetime, zone: str) -> datetime:
    """What a clock that shows the local time of *zone* means; UTC where the zone is not known."""
    try:
        return shown.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError):
        return shown


class TimeKeeper:
    """Compares the clocks. That the board's holds UTC is written down once a trusted node has seen to it."""

    def __init__(self, context: PluginContext[WittyPiConfig], link: Link) -> None:
        self._context = context
        self._link = link
        self._said = False

    async def compare(self, board: Board) -> None:
        """Take the board's time while the node's is not trusted, else correct the board's."""
        node = self._context.clock
        before = node.now()
        held = await self._link.run(board.clock)
        if not node.trusted:
            await self._ask(held)
        elif held is not None and before - CLOCK_TOLERANCE <= held <= node.now() + CLOCK_TOLERANCE:
            await self._remember()
        else:
            self._tell(held, node.now())
            await self.set(board, node.now())
            await self._remember()

    async def set(self, board: Board, now_utc: datetime) -> None:
        """Set the board's clock."""
        node = self._context.clock
        offset = now_utc - node.now()
        if (wait_s := _wait_for_safe_second(now_utc)) > 0.0:
            await node.sleep(wait_s)
        await self._link.run(board.set_clock, lambda: node.now() + offset)

    async def doubt(self) -> None:
        """Believe no longer that the board holds UTC: other software has it in its hands."""
        await self._context.run_blocking(_forget, self._note)

    @property
    def _note(self) -> Path:
        return self._context.state_dir / "board-clock.json"

    async def _ask(self, held: datetime | None) -> None:
        log, zone = self._context.log, self._context.node.time_zone
        if held is None:
            log.warning("neither the node nor its power board knows the time")
            return
        if not await self._context.run_blocking(self._note.exists):
            local = await self._context.run_blocking(from_local, held, zone)
            kept = self._context.config.board_clock
            if kept == "auto" and local != held:
                self._say_ambiguous(held)
                return
            held = local if kept == "local" else held
        await self._context.hardware.set_clock(held)
        log.info("clock set to %s from the power board", held)

    def _say_ambiguous(self, held: datetime) -> None:
        if not self._said:
            self._context.log.warning(
                "the power board shows %s; that may be UTC, or local time as the vendor's software keeps it; "
                "it is not believed until the node has seen the network once "
                "(or say `board_clock: utc` or `board_clock: local`)",
                f"{held:%Y-%m-%d %H:%M:%S}",
            )
        self._said = True

    def _tell(self, held: datetime | None, now_utc: datetime) -> None:
        offset = None if held is None else zone_offset(held, now_utc)
        if offset is None:
            self._context.log.info("the power board's clock showed %s and is set right", held or "nothing")
            return
        hours = offset / timedelta(hours=1)
        self._context.log.warning(
            "the power board's clock was %+g h off: it held local time, as the vendor's software keeps it; "
            "it is set to UTC",
            hours,
        )

    async def _remember(self) -> None:
        await self._context.run_blocking(_write_once, self._note, self._context.clock.now())


def _write_once(note: Path, now_utc: datetime) -> None:
    if note.exists():
        return
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(note, json.dumps({"in_utc_since": now_utc.isoformat()}))
    except OSError as error:
        raise HardwareError(f"{note} cannot be written: {error.strerror}") from error


def _forget(note: Path) -> None:
    note.unlink(missing_ok=True)


def _wait_for_safe_second(now_utc: datetime) -> float:
    second = now_utc.second + now_utc.microsecond / 1e6
    return 60.0 - second + 0.1 if second > LAST_SAFE_SECOND else 0.0

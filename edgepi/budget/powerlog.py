"""The latest wakes and sleeps of the node, kept over restarts in a small file."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from edgepi.clock import Clock
from edgepi.files import atomic_write
from edgepi.model import WakeReason, WakeReasonKind

__all__ = ["FILE_NAME", "PowerEvent", "PowerLog", "read_log"]

_log = logging.getLogger("edgepi.budget.powerlog")

FILE_NAME = "power-log.json"
FORMAT = "edgepi-power-log-1"
MOST = 200
LONGEST = 300
_NONSENSE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
PLANNED = (WakeReasonKind.ALARM, WakeReasonKind.GUARANTEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerEvent:
    """The node was switched *on*, went *off*, or its power was *lost* while it lived.

    *time_utc* is None where the clock was not set; of a loss it is when the node was last seen alive.
    *planned* is whether the node itself had meant it so: a sleep that it or a person chose, a wake by the
    clock. *wake_utc* is the wake that the board held when the node went.
    """

    event: Literal["on", "off", "lost"]
    time_utc: datetime | None
    reason: str
    planned: bool
    wake_utc: datetime | None = None


class PowerLog:
    """Notes what happens; `save` writes it. Only the latest are kept."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._path = directory / FILE_NAME
        self._clock = clock
        self._events: list[PowerEvent] = []
        self._going = self._unsaved = self._complained = False
        self._stopped_utc: datetime | None = None
        self._writing = asyncio.Lock()

    @property
    def events(self) -> Sequence[PowerEvent]:
        """What is known, oldest first."""
        return tuple(self._events)

    def as_data(self) -> list[dict[str, Any]]:
        """The same as JSON-able values, newest first."""
        return [_to_dict(event) for event in reversed(self._events)]

    async def load(self) -> None:
        """Take up what earlier lives left; a file that cannot be read is left out, and the log says so."""
        try:
            events, self._stopped_utc = await asyncio.to_thread(_read, self._path)
            self._events = [*events, *self._events][-MOST:]
        except (OSError, *_NONSENSE) as error:
            _log.warning("%s cannot be read and begins anew: %s", self._path.name, error)

    def lost(self, seen_utc: datetime) -> None:
        """Note that the machine's last life ended without the node's doing, if it did."""
        if not self._events or self._events[-1].event != "on":
            return
        if self._stopped_utc is None:
            said = "without power, or switched off by force; seen alive last then"
            self._add(PowerEvent(event="lost", time_utc=seen_utc, reason=said, planned=False))
        else:
            said = "EdgePi was stopped, and the machine went down or was restarted"
            self._add(PowerEvent(event="off", time_utc=self._stopped_utc, reason=said, planned=False))

    def woken(self, reason: WakeReason, *, booted: bool, seen_utc: datetime | None) -> None:
        """Note what the board says of its last wake, unless only the program was restarted since.

        *seen_utc* is when the last life was seen alive, if it did not go down as it meant to.
        """
        # Where time runs on through a cut, as in a simulated world, only the board tells of it.
        if booted or self._is_news(reason):
            if seen_utc is not None:
                self.lost(seen_utc)
            self.woke(reason)
        elif self._stopped_utc is not None:
            self._stopped_utc, self._unsaved = None, True

    def _is_news(self, reason: WakeReason) -> bool:
        last = next((event for event in reversed(self._events) if event.event == "on"), None)
        return last is not None and last.reason != reason.text[:LONGEST]

    def woke(self, reason: WakeReason) -> None:
        """Note that the node was switched on, just now or a moment ago."""
        planned = reason.kind in PLANNED
        self._add(PowerEvent(event="on", time_utc=self._now(), reason=reason.text, planned=planned))

    def goes(self, reason: str, *, planned: bool, wake_utc: datetime | None) -> None:
        """Note that the node is going down."""
        event = PowerEvent(
            event="off", time_utc=self._now(), reason=reason, planned=planned, wake_utc=wake_utc
        )
        self._add(event)
        self._going = True

    def stayed(self) -> None:
        """Take back that the node went, for it did not; nothing happens if that was not noted."""
        if self._going:
            self._going = False
            self._events.pop()
            self._unsaved = True

    def stops(self) -> None:
        """Note that the program ends, while the machine may live on."""
        self._stopped_utc, self._unsaved = self._clock.now(), True

    async def save(self) -> None:
        """Write what is new and wait until it is on disk; a failure is logged once, until it works again."""
        async with self._writing:
            if not self._unsaved:
                return
            self._unsaved = False
            events = [_to_dict(event) for event in self._events]
            stopped = self._stopped_utc.isoformat() if self._stopped_utc else None
            data = {"format": FORMAT, "stopped_utc": stopped, "events": events}
            text = json.dumps(data, separators=(",", ":"))
            try:
                await asyncio.to_thread(_write, self._path, text)
            except OSError as error:
                self._unsaved = True
                if not self._complained:
                    _log.error("wakes and sleeps cannot be noted: %s; it is tried again", error)
                self._complained = True
            else:
                self._complained = False

    def _add(self, event: PowerEvent) -> None:
        self._stopped_utc = None
        self._events = [*self._events, event][-MOST:]
        self._unsaved = True

    def _now(self) -> datetime | None:
        return self._clock.now() if self._clock.trusted else None


def read_log(directory: Path) -> list[dict[str, Any]]:
    """What the log in *directory* holds, newest first; empty if there is none to be read. Blocks."""
    try:
        return [_to_dict(event) for event in reversed(_read(directory / FILE_NAME)[0])]
    except (OSError, *_NONSENSE):
        return []


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, text, 0o600)


def _read(path: Path) -> tuple[list[PowerEvent], datetime | None]:
    """The events, and when the program was stopped since, if it was."""
    if not path.exists():
        return [], None
    data = json.loads(path.read_bytes())
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r}")
    return [_event(item) for item in data["events"]], _moment(data.get("stopped_utc"))


def _to_dict(event: PowerEvent) -> dict[str, Any]:
    data = asdict(event)
    for key in ("time_utc", "wake_utc"):
        data[key] = data[key].isoformat() if data[key] else None
    data["reason"] = event.reason[:LONGEST]
    return data


def _event(data: Mapping[str, Any]) -> PowerEvent:
    if data["event"] not in {"on", "off", "lost"}:
        raise ValueError(f"event {data['event']!r}")
    return PowerEvent(
        event=data["event"],
        time_utc=_moment(data["time_utc"]),
        reason=str(data["reason"]),
        planned=data["planned"] is True,
        wake_utc=_moment(data["wake_utc"]),
    )


def _moment(text: str | None) -> datetime | None:
    moment = None if text is None else datetime.fromisoformat(text)
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment

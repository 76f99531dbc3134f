"""Bringing an archive into records and history, month by month, and on after an interruption. Blocks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.errors import EdgePiError
from edgepi.files import atomic_write
from edgepi.plugin import HistoryWriter, Written
from edgepi_weather.importing.gathering import Gathered, Place, gather
from edgepi_weather.importing.weewx import Archive
from edgepi_weather.records.store import Store

__all__ = ["FILE", "Import", "Ledger", "Span", "span_of"]

FILE = "imported.json"
DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Span:
    """Days from *begin* to before *end*; *today* is never one of the records' days."""

    begin: date
    end: date
    today: date

    def months(self) -> Iterator[tuple[date, date]]:
        """Yield the parts of it that lie in one month each."""
        begin = self.begin
        while begin < self.end:
            following = (begin.replace(day=1) + timedelta(days=32)).replace(day=1)
            yield begin, min(following, self.end)
            begin = following


class Ledger:
    """Which days came from an import, and how far one came that was interrupted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            data = json.loads(path.read_text()) if path.exists() else {}
            self.days = {str(day) for day in data.get("days", ())}
            self.source = str(data.get("source", ""))
            self.done_to = date.fromisoformat(data["done_to"]) if data.get("done_to") else None
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise EdgePiError(
                f"{path} cannot be read: {error}", hint="move it away to import anew"
            ) from error

    def save(self) -> None:
        """Write it down, whole after any power cut."""
        done_to = None if self.done_to is None else self.done_to.isoformat()
        data = {"source": self.source, "done_to": done_to, "days": sorted(self.days)}
        atomic_write(self._path, json.dumps(data))


@dataclass(slots=True)
class Import:
    """One import; without *history* and *ledger* nothing is written, only counted."""

    archive: Archive
    store: Store
    instance: str
    place: Place
    history: HistoryWriter | None = None
    ledger: Ledger | None = None
    rows: int = 0
    days: int = 0
    own_days: int = 0
    written: Written = field(default_factory=Written)
    doubted: Counter[str] = field(default_factory=Counter)

    def month(self, begin: date, end: date, span: Span) -> None:
        """Import the days of one month; again, it does no harm."""
        begin_s, end_s = self.place.midnight(begin), self.place.midnight(end)
        rows = self.archive.rows(begin_s - DAY_S, end_s + DAY_S)
        gathered = gather(rows, begin, end, self.place)
        self.rows += gathered.rows
        self.doubted.update(gathered.doubted)
        self._keep_days(gathered, f"{begin:%Y-%m}", span)
        if self.history is not None:
            values = {f"{self.instance}.{key}": line for key, line in gathered.history.items()}
            self.written = self.written.plus(self.history.write(values))
        if self.ledger is not None:
            self.ledger.done_to = end
            self.ledger.save()

    def _keep_days(self, gathered: Gathered, month: str, span: Span) -> None:
        """Write the days that the station did not record itself, and never today's."""
        imported = set() if self.ledger is None else self.ledger.days
        own = {day for day, _ in self.store.read(month)} - imported
        found = {day for day, _ in gathered.tallies if day < span.today.isoformat()}
        fresh = found - own
        self.days += len(fresh)
        self.own_days += len(found & own)
        if self.ledger is not None and fresh:
            self.ledger.days |= fresh
            self.ledger.save()
            self.store.replace({key: tally for key, tally in gathered.tallies.items() if key[0] in fresh})

    def report(self) -> dict[str, Any]:
        """Return what was done."""
        return {
            "rows": self.rows,
            "not_understood": len(self.archive.strange),
            "not_believed": dict(self.doubted),
            "days": self.days,
            "own_days": self.own_days,
            "values": self.written.written,
            "values_recorded": self.written.recorded,
            "values_left_out": self.written.left_out,
        }


def span_of(
    archive: Archive, place: Place, begin: date | None, end: date | None, now: datetime
) -> Span | None:
    """Return the days that the archive has, from *begin* to *end*, the latter included; None without any."""
    low = float("-inf") if begin is None else place.midnight(begin)
    today = now.astimezone(place.zone).date()
    last = min(end or today, today)
    found = archive.span(max(low, 0.0), place.midnight(last + timedelta(days=1)))
    if found is None:
        return None
    first = datetime.fromtimestamp(found[0] - 1, place.zone).date()
    latest = datetime.fromtimestamp(found[1] - 1, place.zone).date()
    return Span(first, latest + timedelta(days=1), today)

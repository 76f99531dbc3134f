"""Single pictures, a folder for each local day, named by their time in UTC. Everything here blocks."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edgepi.files import atomic_write, remove_drafts

__all__ = ["DAY", "Still", "Stills"]

DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z\.jpg")
_FORM = "%Y%m%dT%H%M%SZ.jpg"


@dataclass(frozen=True, slots=True)
class Still:
    """One picture."""

    name: str
    at_utc: datetime
    path: Path
    bytes: int

    def shown(self) -> dict[str, Any]:
        """As the page is told."""
        return {
            "name": self.name,
            "at_utc": self.at_utc.isoformat(),
            "picture": f"stills/{self.name}",
            "bytes": self.bytes,
        }


class Stills:
    """The pictures below one folder."""

    def __init__(self, folder: Path, time_zone: str) -> None:
        self.folder = folder
        self._time_zone = time_zone

    @cached_property
    def zone(self) -> tzinfo:
        """Where days begin; UTC where the machine does not know the zone."""
        try:
            return ZoneInfo(self._time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC

    def save(self, jpeg: bytes, at_utc: datetime) -> Still:
        """Keep one; raises OSError."""
        name = at_utc.astimezone(UTC).strftime(_FORM)
        path = self.folder / self._day(at_utc) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, jpeg)
        return Still(name, at_utc.astimezone(UTC).replace(microsecond=0), path, len(jpeg))

    def of(self, day: str) -> list[Still]:
        """Those of a local day, in order."""
        return [still for path in sorted((self.folder / day).glob("*.jpg")) if (still := _still(path))]

    def days(self) -> list[str]:
        """Local days that have any, in order."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if DAY.fullmatch(path.name))

    def all(self) -> list[Still]:
        """All there are."""
        return [still for day in self.days() for still in self.of(day)]

    def named(self, name: str) -> Path | None:
        """Where one lies; None for what is no name or not there."""
        if _NAME.fullmatch(name) is None or (at_utc := _moment(name)) is None:
            return None
        path = self.folder / self._day(at_utc) / name
        return path if path.is_file() else None

    def latest(self) -> Still | None:
        """The newest."""
        return next((of_day[-1] for day in reversed(self.days()) if (of_day := self.of(day))), None)

    def drop(self, path: Path) -> None:
        """Remove one, and its day's folder if it was the last."""
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()

    def tidy(self) -> None:
        """Remove what a power cut left unfinished."""
        for day in self.days():
            remove_drafts(self.folder / day)

    def _day(self, at_utc: datetime) -> str:
        return at_utc.astimezone(self.zone).date().isoformat()


def _moment(name: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.strptime(name, _FORM).replace(tzinfo=UTC)
    return None


def _still(path: Path) -> Still | None:
    at_utc = _moment(path.name)
    try:
        return None if at_utc is None else Still(path.name, at_utc, path, path.stat().st_size)
    except OSError:
        return None

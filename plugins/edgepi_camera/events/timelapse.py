"""A film of each day's stills."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import NotFoundError
from edgepi.plugin import RunBlocking
from edgepi_camera.events.stills import DAY, Stills
from edgepi_camera.events.workshop import Workshop

__all__ = ["Film", "Timelapse", "rate_of"]

FEWEST = 2
FPS = 25.0
LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Film:
    """One day as a film."""

    day: str
    path: Path
    bytes: int


class Timelapse:
    """Films below one folder, made of stills when the day is over or somebody asks."""

    def __init__(self, folder: Path, stills: Stills, workshop: Workshop, run_blocking: RunBlocking) -> None:
        self.folder = folder
        self._stills = stills
        self._workshop = workshop
        self._run_blocking = run_blocking

    async def make(self, day: str) -> Path:
        """Return the film of a day, made anew if there are stills younger than it.

        Raises:
            NotFoundError: there are not enough stills.
            PluginError: it cannot be made.
        """
        if DAY.fullmatch(day) is None:
            raise NotFoundError("a day is written as 2026-11-28")
        async with self._workshop.open() as workshop:
            files, film = await self._run_blocking(self._wanted, day)
            if film is not None:
                return film
            if len(files) < FEWEST:
                raise NotFoundError(f"there are not enough stills of {day} for a film")
            draft = self.folder / f".{day}.new.mp4"
            await workshop.film(files, draft, rate_of(len(files)))
            return await self._run_blocking(self._finish, draft, day)

    async def make_due(self, today: str) -> None:
        """Make those of past days that are missing."""
        for day in await self._run_blocking(self._due, today):
            with contextlib.suppress(NotFoundError):
                await self.make(day)

    def all(self) -> list[Film]:
        """All there are, in order of days; blocks."""
        if not self.folder.is_dir():
            return []
        films = []
        for path in sorted(self.folder.glob("*.mp4")):
            with contextlib.suppress(OSError):
                if DAY.fullmatch(path.stem) is not None:
                    films.append(Film(path.stem, path, path.stat().st_size))
        return films

    def tidy(self) -> None:
        """Remove what a power cut left unfinished; blocks."""
        for draft in self.folder.glob(".*.new.mp4") if self.folder.is_dir() else ():
            draft.unlink(missing_ok=True)

    def _wanted(self, day: str) -> tuple[list[Path], Path | None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        stills, film = self._stills.of(day), self.folder / f"{day}.mp4"
        with contextlib.suppress(OSError):
            made_s = film.stat().st_mtime
            if all(still.path.stat().st_mtime <= made_s for still in stills[-1:]):
                return [], film
        return [still.path for still in stills], None

    def _finish(self, draft: Path, day: str) -> Path:
        film = self.folder / f"{day}.mp4"
        draft.replace(film)
        return film

    def _due(self, today: str) -> list[str]:
        made = {film.day for film in self.all()}
        return [
            day
            for day in self._stills.days()
            if day < today and day not in made and len(self._stills.of(day)) >= FEWEST
        ]


def rate_of(count: int) -> float:
    """Pictures a second that make a film of so many no longer than a minute."""
    return max(FPS, count / LONGEST_S)

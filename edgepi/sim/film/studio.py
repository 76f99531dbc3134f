"""Has the films rendered, once for each version of the code, in a process of low priority."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import WorldError
from edgepi.sim.film.ts import Film, film_of

__all__ = ["NEEDED", "Reel", "Studio", "can_render"]

NEEDED = ("av", "cv2", "numpy")
LAST_WORDS = 3  # lines of the renderer that an error tells
_SOURCES = ("__main__", "brush", "figures", "garden", "plot", "render", "scene", "tree")
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Reel:
    """A film by name, and what the renderer is told to make it."""

    name: str
    arguments: tuple[str, ...] = ()


def can_render() -> bool:
    """Whether the packages are installed; none of them is imported."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


class Studio:
    """Keeps films in *folder*; what another version of the code rendered has another name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def film(self, reel: Reel, progress: Progress) -> Film:
        """Return a film, rendered now if it never was; raises WorldError, percentages go to *progress*."""
        path = await asyncio.to_thread(self._path, reel)
        if not await asyncio.to_thread(path.exists):
            await _render(path, reel, progress)
        return await asyncio.to_thread(_read, path)

    def _path(self, reel: Reel) -> Path:
        digest = hashlib.sha256(repr(reel).encode())
        for source in _SOURCES:
            digest.update((Path(__file__).parent / f"{source}.py").read_bytes())
        return self._folder / f"{reel.name}-{digest.hexdigest()[:12]}.ts"


async def _render(path: Path, reel: Reel, progress: Progress) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edgepi.sim.film", str(path), *reel.arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # out of reach of the terminal's Ctrl-C
    )
    assert process.stderr is not None
    said: list[str] = []
    try:
        async for line in process.stderr:
            text = line.decode(errors="replace").strip()
            if text.isdecimal():
                progress(int(text))
            else:
                said.append(text)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        raise WorldError(
            f"the film cannot be rendered: {' '.join(said[-LAST_WORDS:]) or f'exit code {code}'}"
        )


def _read(path: Path) -> Film:
    try:
        return film_of(path.read_bytes())
    except OSError as error:
        raise WorldError(f"{path} cannot be read: {error.strerror}") from error

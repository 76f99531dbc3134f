"""How this machine stands as one that runs jobs: engine, limits, images, walls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.compute.engine import Engine
from edgepi.compute.firewall import HINT
from edgepi.compute.limits import readiness
from edgepi.compute.model import Readiness
from edgepi.compute.network import find_breaches
from edgepi.compute.probe import Breach, Premises, premises
from edgepi.errors import ComputeError

__all__ = ["KeptImage", "Survey", "judge_walls", "survey"]

_OWNER = "check"


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image that the engine keeps, by its name."""

    reference: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found; *limits* and *walls* say what to do where something is missing.

    *walls_wanted* is whether the walls were installed: without them jobs have no network, which is a choice.
    """

    url: str
    version: str
    limits: Readiness
    walls: Readiness
    walls_wanted: bool
    images: tuple[KeptImage, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """What to do, most needed first."""
        return tuple(part.hint for part in (self.limits, self.walls) if not part.ok and part.hint)


async def survey(engine: Engine, *, root: Path = Path("/")) -> Survey:
    """Ask the engine and try the walls.

    Raises:
        EngineError: the engine cannot be reached.
    """
    info: Mapping[str, Any] = await engine.call(lambda client: client.info())
    images = await engine.call(lambda client: tuple(_kept(client)))
    here, swap_bytes = await asyncio.to_thread(lambda: (premises(root), _swap_bytes(root)))
    return Survey(
        url=engine.base_url,
        version=str(info.get("ServerVersion", "")),
        limits=readiness(info, swap_bytes=swap_bytes),
        walls=await _walls(engine, here),
        walls_wanted=bool(here.rules),
        images=images,
    )


async def _walls(engine: Engine, here: Premises) -> Readiness:
    try:
        return judge_walls(await find_breaches(engine, owner=_OWNER, here=here))
    except ComputeError as error:
        return Readiness(ok=False, sentence=error.message, hint=error.hint)


def judge_walls(found: tuple[Breach, ...]) -> Readiness:
    """Say in a sentence whether jobs may have the internet."""
    if found:
        return Readiness(ok=False, sentence=f"jobs get no internet: {found[0].sentence}", hint=HINT)
    return Readiness(ok=True, sentence="jobs may reach the internet, but no host, neighbour or other job")


def _kept(client: Any) -> list[KeptImage]:
    return [
        KeptImage(tag, int(image.attrs["Size"]))
        for image in client.images.list()
        for tag in image.tags or [image.short_id]
    ]


def _swap_bytes(root: Path) -> int:
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("SwapTotal:"))

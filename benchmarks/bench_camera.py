"""What a camera costs at each level, beside Debian's `motion` on the same stream, in turns.

``--rounds N`` and ``--seconds S`` make it shorter or longer.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from statistics import median

from camera_streams import busy, quiet
from camera_viewers import viewers
from camera_watchers import Cost, Watcher, debian, edgepi, measured
from scratch import scratch
from table import show

from tests.cameras import RtspCamera

WARM_S = 8.0
MOTION = "motion, detects only"
# `motion` at its own rate of 15, at that of the stream, and keeping clips by copying packets as EdgePi does.
DEBIAN = {
    MOTION: "framerate 15",
    "motion at 25 a second": "",
    "motion, copies packets into clips": "framerate 15\nmovie_output on\nmovie_passthrough on",
}
LEVELS = ("full", "saver", "snapshot")
LIMITS = {"full": 1.2, "saver": 0.25}
MEMORY_MB = 120.0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=25.0)
    parser.add_argument("--only", choices=["busy", "quiet", "viewers"], action="append")
    asked = parser.parse_args(arguments)
    if shutil.which("motion") is None:
        print("motion is not installed")
        return 1
    wanted = asked.only or ["busy", "quiet", "viewers"]
    with scratch() as whole:
        for name in wanted:
            folder = whole / name
            folder.mkdir()
            film = quiet(folder) if name == "quiet" else busy(folder)
            with RtspCamera(main=film) as camera:
                if name == "viewers":
                    rows = asyncio.run(viewers(camera.url(), folder, asked.rounds, asked.seconds))
                    show("Live view: processor time of child and node together", rows)
                    continue
                costs = asyncio.run(_all(camera.url(), folder, asked.rounds, asked.seconds))
                show(f"25 pictures a second, 640x480 H.264 over RTSP, {name}", _rows(costs, name))
    return 0


async def _all(url: str, folder: Path, rounds: int, seconds: float) -> dict[str, list[Cost]]:
    """Costs of each, one after the other and all again."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    for number in range(rounds):
        ways = {name: partial(debian, settings=settings) for name, settings in DEBIAN.items()}
        ways |= {level: partial(edgepi, level=level) for level in LEVELS}
        for name, way in ways.items():
            own = folder / f"{number}-{name.replace(' ', '-')}"
            own.mkdir()
            costs[name].append(await _one(way(url, own), seconds))
    return costs


async def _one(way: AbstractAsyncContextManager[Watcher], seconds: float) -> Cost:
    async with way as watcher:
        return await measured(watcher, WARM_S, seconds)


def _rows(costs: dict[str, list[Cost]], stream: str) -> list[tuple[str, str, str]]:
    shares = {name: median(cost.share for cost in each) for name, each in costs.items()}
    rows = []
    for name, share in shares.items():
        said = f"{share:.2%} of a core ({share / 25 * 1000:.2f} ms a picture)"
        rows.append((f"{name}: processor time", said, ""))
    for level in LEVELS:
        ratio = shares[level] / shares[MOTION]
        # On a busy road `saver` looks at everything all the time, as it must; its target is for a quiet one.
        limit = LIMITS.get(level) if (level, stream) != ("saver", "busy") else None
        verdict = "" if limit is None else f"<= {limit}" + ("" if ratio <= limit else ", missed")
        rows.append((f"{level}: of that of {MOTION}", f"{ratio:.2f}", verdict))
    for name, each in costs.items():
        rss, pss = max(cost.rss_mb for cost in each), max(cost.pss_mb for cost in each)
        limit = MEMORY_MB if name in LEVELS else None
        verdict = "" if limit is None else f"<= {limit:.0f} MB" + ("" if rss <= limit else ", missed")
        rows.append((f"{name}: memory, most of all rounds", f"{rss:.0f} MB (PSS {pss:.0f} MB)", verdict))
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Measures what an iExec task costs beside its container: real contracts, engine, registry, pool and worker.

The time from the pool's authorisation until the pool knows that the contribution is on the chain, less the
time between the container's start and its end by the engine's own clock.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from table import show

from tests.devchain import CACHE
from tests.e2e.iexec.market import LivelyChain, Scene, script, timed_runs
from tests.engine import running_engine, running_registry

TASKS = 10
TARGET_S = 2.0
STEPS = ("CREATED", "STARTED", "APP_DOWNLOADED", "DATA_DOWNLOADED", "COMPUTED", "CONTRIBUTED")


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that the processes of containers may pass through."""
    made = Path(mkdtemp(prefix="edgepi-bench-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


async def measure(scene: Scene) -> list[dict[str, float]]:
    """Have tasks computed one after the other; returns seconds by step of each."""
    began_s = time.time()
    app = await scene.app("sum", script("echo $(($1 + $2)) >/iexec_out/result.txt"))
    await scene.worker()
    measured = []
    for n in range(TASKS + 1):
        placed_s = time.time()
        (task_id,) = (await scene.place(app, args=f"20 {n}")).task_ids
        await scene.completed(task_id)
        paid_s = time.time()
        (replicate,) = (await scene.replicates(task_id)).values()
        runs = await scene.act(timed_runs, scene.engine, began_s)
        measured.append(_figures(replicate, runs[task_id]) | {"deal to pay": paid_s - placed_s})
    return measured


def _figures(replicate: Mapping[str, list[Mapping[str, str]]], run_s: float) -> dict[str, float]:
    at = {
        each["status"]: datetime.fromisoformat(each["date"]).timestamp()
        for each in replicate["statusUpdateList"]
    }
    figures = {after: at[after] - at[before] for before, after in pairwise(STEPS)}
    figures["COMPUTED"] -= run_s
    return figures | {"container": run_s, "whole": sum(figures.values())}


def report(measured: list[dict[str, float]]) -> None:
    """Print medians; the first task, which loads everything, stands by itself."""
    first, rest = measured[0], measured[1:]

    def middle(name: str) -> str:
        return f"{median(each[name] for each in rest):.2f} s"

    worst = max(each["whole"] for each in rest)
    show(
        f"iExec: authorisation to contribution less the container's time, {len(rest)} tasks",
        [
            ("median", middle("whole"), f"<= {TARGET_S:.0f} s"),
            ("slowest", f"{worst:.2f} s", ""),
            ("the very first, which loads web3 and the image", f"{first['whole']:.2f} s", ""),
            ("... until started", middle("STARTED"), ""),
            ("... image looked up", middle("APP_DOWNLOADED"), ""),
            ("... data there", middle("DATA_DOWNLOADED"), ""),
            ("... container made and removed, result made", middle("COMPUTED"), ""),
            ("... contributed", middle("CONTRIBUTED"), ""),
            ("the container itself", middle("container"), ""),
            ("from deal to pay", middle("deal to pay"), ""),
        ],
    )


async def main() -> None:
    """Set a market up, measure, take it down."""
    logging.disable(logging.WARNING)
    with ExitStack() as stack:
        place = stack.enter_context(folder())
        chain = await asyncio.to_thread(LivelyChain, place / "chain", CACHE)
        stack.callback(chain.close)
        engine = stack.enter_context(running_engine())
        registry = stack.enter_context(running_registry())
        async with Scene(chain, engine, registry, place / "scene") as scene:
            report(await measure(scene))


if __name__ == "__main__":
    asyncio.run(main())

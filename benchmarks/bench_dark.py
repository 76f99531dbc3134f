"""Thirty days of a node that computes for others, in pure time: nothing may be lost to the dark.

Real are the worker, its journal, the budget with its governor, the pool, and the HTTP between them. Doubles
are the containers and the chain, whose rules are held to the contracts by tests. Battery, panel and measured
sun are those of the world, without its chips. The power is cut every few hours, often in the middle of
something. ``--days``, ``--seeds``, ``--cut-hours`` and ``--json`` change what is run and how it is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from time import process_time

from dark_market import Market
from dark_node import Node
from dark_tally import RLC, Counts, judged, seized
from dark_time import LoopClock, SwiftLoop
from table import show

from edgepi.runtime.threads import PluginThread
from edgepi_iexec.pool import sockjs_http
from edgepi_iexec.pool.writer import Writer
from edgepi_iexec.worker import listening

ORIGIN = datetime(2022, 1, 1, 15, 0, tzinfo=UTC)
SETTLE_S = 14 * 3600.0
"""After the last order everything must be over by then: ten times the longest category, and some more."""


async def month(loop: SwiftLoop, folder: Path, seed: int, days: float, cut_h: float) -> tuple[Counts, Node]:
    """Live so many days, then let everything come to its end."""
    market = Market(loop, LoopClock(loop, ORIGIN), ORIGIN, folder, seed, at_once=seed % 2 == 0)
    await market.open()
    node = Node(market, folder / "node", seed, cut_h * 3600.0)
    works = [asyncio.ensure_future(each) for each in (node.pass_time(), node.live(), node.cutting())]
    orders = asyncio.ensure_future(market.demand())
    if os.environ.get("DARK_WATCH"):
        works.append(asyncio.ensure_future(_watch(node)))
    await asyncio.sleep(days * 86400.0)
    orders.cancel()
    node.cuts_wanted = False
    await asyncio.sleep(SETTLE_S)
    for work in works:
        if work.done():
            work.result()
    return told(market, node), node


async def _watch(node: Node) -> None:
    """Say each hour how the node does."""
    while True:
        await asyncio.sleep(3600.0)
        inside = node.inside
        worker = inside.worker if inside else None
        why = worker.status.sentence if worker else node.state.value
        print(f"{node.clock.now():%d %H:%M} {node.battery.soc:4.0%} {why}", flush=True)


def told(market: Market, node: Node) -> Counts:
    """Count what became of everything."""
    counts, state, me = node.counts, market.ledger.state, node.chain.address
    lost = seized(state, me)
    counts.stakes_lost = len(lost)
    counts.wrong += [f"{task_id} cost a stake\n{node.story.told(task_id)}" for task_id in lost]
    counts.wanted = len(market.orders)
    for task_id in market.orders:
        record = node.records.get(task_id)
        known = record is not None
        verdict = judged(state, task_id, me, outcome=record.outcome if record else None, known=known)
        counts.taken += known
        counts.computed += bool(record and record.data.get("digest"))
        counts.contributed += verdict.contributed
        counts.revealed += verdict.revealed
        counts.completed += verdict.completed
        counts.abandoned_before += verdict.abandoned and not verdict.contributed
        after = verdict.abandoned and verdict.contributed and not verdict.revealed
        counts.no_consensus += after and not verdict.decided
        counts.abandoned_after += after and verdict.decided
        if verdict.wrong:
            counts.wrong.append(f"{task_id}: {verdict.wrong}\n{node.story.told(task_id)}")
    counts.offered = counts.taken + counts.declined
    locked = state.accounts[me].locked_nrlc
    if locked:
        counts.wrong.append(f"{locked} nRLC are still locked")
    counts.earned_nrlc = sum(
        int(each.arguments["amount"])
        for each in state.events
        if each.name == "Reward" and each.arguments["owner"] == me
    )
    return counts


def run(seed: int, days: float, cut_h: float) -> Counts:
    """Run one seed in this process."""
    logging.basicConfig(level=os.environ.get("DARK_LOG", "ERROR"), format="%(name)s %(message)s")
    loop = SwiftLoop()
    asyncio.set_event_loop(loop)
    _quicken(loop)
    memory = Path("/dev/shm")  # noqa: S108 (what a sync costs is measured elsewhere)
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        began_s = process_time()
        counts, _ = loop.run_until_complete(month(loop, Path(folder), seed, days, cut_h))
        counts.cpu_s = process_time() - began_s
    return counts


def _quicken(loop: SwiftLoop) -> None:
    """Threads of their own: the governor thinks in the loop, the pool's database is waited for."""
    ask = Writer._ask

    async def counted(self: Writer, *args: object) -> object:
        loop.outstanding += 1
        try:
            return await ask(self, *args)  # type: ignore[arg-type]
        finally:
            loop.outstanding -= 1

    async def at_once(self: PluginThread, function: object, /, *args: object) -> object:
        del self
        await asyncio.sleep(0)
        return function(*args)  # type: ignore[operator]

    Writer._ask = counted  # type: ignore[method-assign]
    PluginThread.__call__ = at_once  # type: ignore[method-assign, assignment]
    listening.HEART_BEAT_MS = 300_000
    sockjs_http._SWEEP_S = 60.0


def rows(counts: Counts) -> list[tuple[str, str, str]]:
    """The table of one seed."""
    return [
        ("tasks wanted by the market", f"{counts.wanted}", ""),
        ("offered to the node", f"{counts.offered}", ""),
        ("declined by it", f"{counts.declined}", ""),
        ("computed", f"{counts.computed}", ""),
        ("abandoned before contributing", f"{counts.abandoned_before}", ""),
        ("abandoned after, though agreed on", f"{counts.abandoned_after}", "0"),
        ("contributed, and nobody agreed in time", f"{counts.no_consensus}", ""),
        ("contributed", f"{counts.contributed}", ""),
        ("revealed in time", f"{counts.revealed}", f"{counts.contributed - counts.no_consensus}"),
        ("stakes lost", f"{counts.stakes_lost}", "0"),
        ("computed though the result was there", f"{counts.computed_twice}", "0"),
        ("paid", f"{counts.completed}", ""),
        ("earned", f"{counts.earned_nrlc / RLC:.1f} RLC", ""),
        ("energy per paid task, above the idle node", f"{counts.wh_per_task:.1f} Wh", ""),
        ("power cuts", f"{counts.cuts}, {counts.dark_cuts} by an empty battery", ""),
        ("planned sleeps", f"{counts.sleeps}", ""),
        ("up", f"{counts.up_h:.0f} h, lowest charge {counts.lowest_soc:.0%}", ""),
        ("processor time", f"{counts.cpu_s:.0f} s", ""),
        ("violations", f"{len(counts.wrong)}", "0"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cut-hours", type=float, default=4.0, help="mean hours between cuts")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with ProcessPoolExecutor(2, max_tasks_per_child=1) as pool:
        every = pool.map(run, args.seeds, repeat(args.days), repeat(args.cut_hours))
        found = dict(zip(args.seeds, every, strict=True))
    for seed, counts in found.items():
        for wrong in counts.wrong:
            print(f"\nseed {seed}: {wrong}", file=sys.stderr)
        if not args.json:
            show(f"{args.days:g} days, a cut every {args.cut_hours:g} h, seed {seed}", rows(counts))
    if args.json:
        print(json.dumps({seed: asdict(counts) for seed, counts in found.items()}))
    return 1 if any(counts.wrong for counts in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

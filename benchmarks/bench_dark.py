"""Thirty days of a node that computes for others, in pure time: nothing may be lost to the dark.

Real are the worker, its journal, the budget with its governor, the pool, and the HTTP between them. Doubles
are the containers and the chain, whose rules are held to the contracts by tests. Battery, panel and measured
sun are those of the world, without its chips. The power is cut every few hours, often in the middle of
something. The pool is restarted, and the
node's way to the chain is down for minutes, now and then. Violations are told with their task's history.
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
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from time import process_time
from typing import Any

from dark_market import CATEGORIES, Market
from dark_node import Node
from dark_tally import RLC, Counts, judged, seized
from dark_time import LoopClock, SwiftLoop
from table import show

from edgepi.compute.journal import JobJournal
from edgepi.runtime.threads import PluginThread
from edgepi_iexec.pool import sockjs_http
from edgepi_iexec.pool.writer import Writer
from edgepi_iexec.worker import listening

ORIGIN = datetime(2022, 1, 1, 15, 0, tzinfo=UTC)
PANELS_W = (40.0, 25.0, 16.0)
"""Rich, enough, and too little for the nights."""
KEPT: list[object] = []
"""What ended in the dark is never thrown away, or it would clean up after all."""


@dataclass(frozen=True)
class Plan:
    """What to live through: *categories* of tasks, *order_s* and *cut_h* are mean times between."""

    days: float = 30.0
    cut_h: float = 4.0
    order_s: float = 1500.0
    categories: int = len(CATEGORIES)

    @property
    def settle_s(self) -> float:
        """By then all is over: ten times the longest category after the last order, and an hour."""
        return 10.0 * CATEGORIES[self.categories - 1][1] + 3600.0


QUICK = Plan(days=0.4, cut_h=1.0, order_s=900.0, categories=1)


async def live(loop: SwiftLoop, folder: Path, seed: int, plan: Plan) -> tuple[Market, Node]:
    """Live so many days, then let everything come to its end."""
    market = Market(
        loop,
        LoopClock(loop, ORIGIN),
        ORIGIN,
        folder,
        seed,
        at_once=seed % 2 == 0,
        every_s=plan.order_s,
        categories=plan.categories,
    )
    await market.open()
    node = Node(market, folder / "node", seed, plan.cut_h * 3600.0, panel_w=PANELS_W[seed % len(PANELS_W)])
    begun = (node.pass_time(), node.live(), node.cutting(), node.losing_touch(), market.restarts())
    works = [asyncio.ensure_future(each) for each in begun]
    orders = asyncio.ensure_future(market.demand())
    await asyncio.sleep(plan.days * 86400.0)
    orders.cancel()
    node.cuts_wanted = False
    await asyncio.sleep(plan.settle_s)
    for work in works:
        if work.done():
            work.result()
    journal = JobJournal(node.folder / "jobs.db", keep=100_000)
    await journal.open()
    await node.read_journal(journal)
    await journal.close()
    return market, node


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


def run(seed: int, plan: Plan) -> Counts:
    """Run one seed in this process."""
    logging.basicConfig(level=os.environ.get("DARK_LOG", "ERROR"), format="%(name)s %(message)s")
    loop = SwiftLoop()
    asyncio.set_event_loop(loop)
    _quicken(loop)
    memory = Path("/dev/shm")  # what a sync costs is measured elsewhere
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        began_s = process_time()
        market, node = loop.run_until_complete(live(loop, Path(folder), seed, plan))
        KEPT.append((loop, market, node))
        counts = told(market, node)
        counts.cpu_s = process_time() - began_s
    return counts


def _quicken(loop: SwiftLoop) -> None:
    """Threads of their own: the governor thinks in the loop, the pool's database is waited for."""
    ask: Any = Writer.__dict__["_ask"]

    async def counted(self: Writer, *args: Any) -> Any:
        loop.outstanding += 1
        try:
            return await ask(self, *args)
        finally:
            loop.outstanding -= 1

    async def at_once(self: PluginThread, function: Any, /, *args: Any) -> Any:
        del self
        await asyncio.sleep(0)
        return function(*args)

    for where, name, what in (
        (Writer, "_ask", counted),
        (PluginThread, "__call__", at_once),
        (listening, "HEART_BEAT_MS", 300_000),
        (sockjs_http, "_SWEEP_S", 60.0),
    ):
        setattr(where, name, what)


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
    parser.add_argument("--days", type=float)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cut-hours", type=float, help="mean hours between cuts")
    parser.add_argument("--quick", action="store_true", help="half a day of short tasks and many cuts")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    plan = QUICK if args.quick else Plan()
    plan = replace(plan, days=args.days or plan.days, cut_h=args.cut_hours or plan.cut_h)
    with ProcessPoolExecutor(2, max_tasks_per_child=1) as pool:
        found = dict(zip(args.seeds, pool.map(run, args.seeds, repeat(plan)), strict=True))
    for seed, counts in found.items():
        for wrong in counts.wrong:
            print(f"\nseed {seed}: {wrong}", file=sys.stderr)
        if not args.json:
            panel_w = PANELS_W[seed % len(PANELS_W)]
            title = f"{plan.days:g} days, a cut every {plan.cut_h:g} h, a panel of {panel_w:g} W, seed {seed}"
            show(title, rows(counts))
    if args.json:
        print(json.dumps({seed: asdict(counts) for seed, counts in found.items()}))
    return 1 if any(counts.wrong for counts in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())

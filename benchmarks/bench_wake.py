"""A thousand nights with faults, in pure time: the node is back when energy allows, or said it might not.

Real are the budget with its governor, the driver of the board, and the simulated board, bus, battery and sun.
What counts as *in time* is written down in `wake_verdict`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

from dark_time import SwiftLoop
from table import show
from wake_draw import BOARDS, draw
from wake_faults import FAULTS, carry_out
from wake_night import Night, Spec

from edgepi.runtime.threads import PluginThread

VERDICTS = ("in time", "fall-back", "said", "no energy yet", "FAILED")
KEPT: list[object] = []
"""What ended in the dark is never thrown away, or it would clean up after all."""


@dataclass(frozen=True)
class Result:
    """What became of a night: one verdict for each time down, and its story if one failed."""

    number: int
    faults: tuple[str, ...]
    verdicts: tuple[str, ...]
    worst_late_s: float
    story: str
    cpu_s: float

    @property
    def worst(self) -> str:
        """The worst verdict of the night; staying awake is in time."""
        return max(self.verdicts, key=VERDICTS.index, default=VERDICTS[0])


def driver(board: str) -> Any:
    """What makes the controller of a board from its context."""
    if board == "pi5":
        from importlib import import_module

        return import_module("edgepi_pi5.controller").Pi5Controller
    from edgepi_wittypi.controller import WittyPiController
    from edgepi_wittypi.link import Link

    return lambda context: WittyPiController(context, Link(context))


def live(spec: Spec, *, tell: bool = False) -> Result:
    """Live through one night in this process."""
    began_s = process_time()
    loop = SwiftLoop()
    asyncio.set_event_loop(loop)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        night = Night(spec, loop, Path(folder), driver(spec.board))
        loop.run_until_complete(night.live(carry_out))
    KEPT.append((loop, night))
    late = [d.up_s - d.allowed_s for d in night.downs if d.up_s is not None and d.allowed_s is not None]
    result = Result(
        spec.number,
        spec.faults,
        tuple(down.verdict for down in night.downs),
        max(late, default=0.0),
        "",
        process_time() - began_s,
    )
    if tell or result.worst == VERDICTS[-1]:
        object.__setattr__(result, "story", told(night))
    return result


def told(night: Night) -> str:
    """The story of a night."""
    place = night.spec.place
    head = (
        f"night {night.spec.number} ({', '.join(night.spec.faults)}): {place.latitude:.0f} deg, "
        f"{place.panel_w:g} W, {place.capacity_wh:g} Wh at {place.start_soc:.0%}, "
        f"cut-off {night.spec.low_v}, network {night.spec.network}, watchdog {night.spec.watchdog}"
        f"{', old firmware' if night.spec.old_firmware else ''}"
    )
    lines = [f"  {at:%d %H:%M:%S} {what}" for at, what in night.story]
    lines += [
        f"  down {night.world.moment(d.from_s):%d %H:%M}, planned {d.planned}, "
        f"wanted {night.world.moment(d.wanted_s):%d %H:%M}, allowed "
        f"{f'{night.world.moment(d.allowed_s):%d %H:%M}' if d.allowed_s is not None else 'never'}, up "
        f"{f'{night.world.moment(d.up_s):%d %H:%M}' if d.up_s is not None else 'never'}: {d.verdict}"
        for d in night.downs
    ]
    return "\n".join([head, *lines])


def one(seed: int, board: str, faults: tuple[str, ...], number: int) -> Result:
    """Draw and live one night in a process of the pool."""
    quicken()
    try:
        return live(draw(seed, number, board, faults))
    except Exception as error:
        raise RuntimeError(f"night {number} of seed {seed} with {board} broke: {error!r}") from error
    finally:
        KEPT[:-3] = []


def quicken() -> None:
    """Let the governor think in the loop."""

    async def at_once(self: PluginThread, function: Any, /, *args: Any) -> Any:
        del self
        await asyncio.sleep(0)
        return function(*args)

    setattr(PluginThread, "__call__", at_once)  # noqa: B010 (mypy lets no method be assigned)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    sys.unraisablehook = lambda _: None  # of what ended in the dark and is thrown away


def rows(results: list[Result]) -> list[tuple[str, str, str]]:
    """The table: what became of the nights, by fault."""
    counts = Counter(result.worst for result in results)
    table = [(f"nights: {each}", f"{counts[each]}", "0" if each == "FAILED" else "") for each in VERDICTS]
    for fault in FAULTS:
        mine = Counter(result.worst for result in results if fault in result.faults)
        if mine:
            text = ", ".join(f"{mine[each]} {each}" for each in VERDICTS if mine[each])
            table.append((f"  {fault.replace('_', ' ')}", text, ""))
    table.append(("times down", f"{sum(len(r.verdicts) for r in results)}", ""))
    table.append(
        ("processor time a night", f"{sum(r.cpu_s for r in results) / len(results):.2f} s", "below 1 s")
    )
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--board", choices=sorted(BOARDS), nargs="+", default=["wittypi4"])
    parser.add_argument("--night", type=int, help="live one night again and tell its story")
    parser.add_argument(
        "--fault", choices=sorted(FAULTS), nargs="+", default=[], help="instead of drawn ones"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.night is not None:
        quicken()
        print(live(draw(args.seed, args.night, args.board[0], tuple(args.fault)), tell=True).story)
        return 0
    failed = False
    for board in args.board:
        work = partial(one, args.seed, board, tuple(args.fault))
        with ProcessPoolExecutor(args.processes) as pool:
            results = list(pool.map(work, range(args.nights), chunksize=4))
        for result in results:
            if result.worst == VERDICTS[-1]:
                failed = True
                print(f"\n{board}, seed {args.seed}, {result.story}", file=sys.stderr)
        if args.json:
            print(json.dumps({board: dict(Counter(result.worst for result in results))}))
        else:
            show(f"{args.nights} nights of {board}, seed {args.seed}", rows(results))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

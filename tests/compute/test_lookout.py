from __future__ import annotations

import asyncio
from collections.abc import Sequence

from edgepi.compute.lookout import EVERY_S, UNSEEN_S, until_breached
from edgepi.compute.probe import Breach
from edgepi.errors import EngineError, SandboxError
from edgepi.testing.clock import ManualClock

GONE = Breach("a job would reach 10.0.0.1")


class Walls:
    """Walls of which each look finds what a test says, the last of it for ever."""

    def __init__(self, clock: ManualClock, *found: Sequence[Breach] | Exception) -> None:
        self._clock = clock
        self._found = list(found)
        self.looked_s: list[float] = []

    async def look(self) -> Sequence[Breach]:
        self.looked_s.append(self._clock.monotonic())
        found = self._found.pop(0) if len(self._found) > 1 else self._found[0]
        if isinstance(found, Exception):
            raise found
        return found


async def watched(
    clock: ManualClock, walls: Walls, *, for_s: float, first_in_s: float = EVERY_S
) -> str | None:
    task = asyncio.ensure_future(until_breached(walls.look, clock, first_in_s=first_in_s))
    await clock.advance(for_s)
    if task.done():
        return task.result()
    task.cancel()
    return None


async def test_walls_that_stand_are_looked_at_every_half_minute() -> None:
    clock = ManualClock()
    walls = Walls(clock, ())
    assert await watched(clock, walls, for_s=100.0) is None
    assert walls.looked_s == [30.0, 60.0, 90.0]


async def test_walls_that_are_gone_are_missed_at_the_second_look() -> None:
    clock = ManualClock()
    walls = Walls(clock, (), (GONE,))
    assert await watched(clock, walls, for_s=62.0) == GONE.sentence
    assert walls.looked_s == [30.0, 60.0, 61.0]


async def test_rules_that_are_loaded_anew_end_no_job() -> None:
    clock = ManualClock()
    walls = Walls(clock, (GONE,), (), (GONE,), ())
    assert await watched(clock, walls, for_s=100.0) is None
    assert walls.looked_s == [30.0, 31.0, 61.0, 62.0, 92.0]


async def test_a_container_of_an_earlier_life_is_looked_at_at_once() -> None:
    clock = ManualClock()
    assert await watched(clock, Walls(clock, (GONE,)), for_s=1.5, first_in_s=0.0) == GONE.sentence


async def test_walls_of_which_nothing_can_be_found_out_do_not_stand() -> None:
    clock = ManualClock()
    said = await watched(clock, Walls(clock, SandboxError("it said nothing")), for_s=32.0)
    assert said == "it said nothing"
    said = await watched(clock, Walls(clock, ValueError("no such pool")), for_s=32.0)
    assert said == "whether the walls stand cannot be found out: ValueError: no such pool"


async def test_an_engine_that_restarts_ends_no_job_but_one_that_stays_away_does() -> None:
    clock = ManualClock()
    away = EngineError("no engine answers")
    assert await watched(clock, Walls(clock, *[away] * 20, ()), for_s=100.0) is None
    assert await watched(clock, Walls(clock, away), for_s=EVERY_S + UNSEEN_S - 2.0) is None
    said = await watched(clock, Walls(clock, away), for_s=EVERY_S + UNSEEN_S + 1.0)
    assert said == "whether the walls stand cannot be found out: no engine answers"


async def test_on_a_faster_clock_no_more_probes_are_run_in_a_real_second() -> None:
    clock = ManualClock()
    clock.rate = 60.0
    walls = Walls(clock, ())
    await watched(clock, walls, for_s=2 * 60 * EVERY_S)
    assert walls.looked_s == [1800.0, 3600.0]

"""What every duty must do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepi.plugin import Duty
from edgepi.testing.conformance.base import Conformance, Run

__all__ = ["DutyConformance"]


@pytest.mark.asyncio
class DutyConformance(Conformance[Duty]):
    """What every duty must do."""

    async def test_lists_levels_from_off_to_full(self, make: Callable[[], Duty]) -> None:
        levels = list(make().levels())
        assert levels, "a duty has levels"
        assert levels[0].name == "off", "the first level is off"
        assert levels[0].power_w == levels[0].points_per_h == 0.0, "off costs and is worth nothing"
        assert len({level.name for level in levels}) == len(levels), "names differ"
        powers = [level.power_w for level in levels]
        assert powers == sorted(powers), "power rises from level to level"
        assert all(level.points_per_h > 0.0 for level in levels[1:]), "what runs is worth something"

    async def test_keeps_its_levels_during_its_life(self, make: Callable[[], Duty], run: Run) -> None:
        duty = make()
        before = list(duty.levels())
        await run(duty.start())
        await run(duty.apply(before[-1].name))
        assert list(duty.levels()) == before
        await run(duty.stop())

    async def test_goes_from_each_level_to_each_other(self, make: Callable[[], Duty], run: Run) -> None:
        duty = make()
        names = [level.name for level in duty.levels()]
        await run(duty.start())
        for first in names:
            for second in names:
                await run(duty.apply(first))
                await run(duty.apply(second))
                await run(duty.apply(second))
        await run(duty.apply("off"))
        await run(duty.stop())

    async def test_can_be_stopped_at_any_time_and_started_again(
        self, make: Callable[[], Duty], run: Run
    ) -> None:
        duty = make()
        full = list(duty.levels())[-1].name
        await run(duty.stop())
        await run(duty.start())
        await run(duty.apply(full))
        await run(duty.stop())
        await run(duty.stop())
        await run(duty.start())
        await run(duty.apply("off"))
        await run(duty.stop())

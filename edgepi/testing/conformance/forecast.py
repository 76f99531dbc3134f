"""What every source of forecasts of the sun must do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from edgepi.budget.outlook import check_forecast
from edgepi.clock import Clock
from edgepi.plugin import SunForecaster
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance.base import Conformance, Run

__all__ = ["SunForecasterConformance"]

_POLITE_S = 600.0
_PATIENCE_S = 10.0


@pytest.mark.asyncio
class SunForecasterConformance(Conformance[SunForecaster]):
    """What every source of forecasts must do; *make* hands it what answers as its service would."""

    async def test_asks_seldom_and_not_for_long(self, make: Callable[[], SunForecaster]) -> None:
        forecaster = make()
        assert forecaster.name, "it has a name"
        assert forecaster.interval_s >= _POLITE_S, "others ask the same service"
        assert 0.0 < forecaster.timeout_s <= forecaster.interval_s

    async def test_foretells_the_time_to_come_and_names_its_source(
        self, make: Callable[[], SunForecaster], run: Run, manual_clock: ManualClock
    ) -> None:
        forecaster = make()
        await run(forecaster.start())
        for _ in range(2):
            await run(_fetch_checked(forecaster, manual_clock))
            await manual_clock.advance(1.0)
        await run(forecaster.stop())

    async def test_can_be_stopped_at_any_time_and_started_again(
        self, make: Callable[[], SunForecaster], run: Run, manual_clock: ManualClock
    ) -> None:
        forecaster = make()
        await run(forecaster.stop())
        await run(forecaster.start())
        await run(forecaster.stop())
        await run(forecaster.stop())
        await run(forecaster.start())
        await run(_fetch_checked(forecaster, manual_clock))
        await run(forecaster.stop())


async def _fetch_checked(forecaster: SunForecaster, clock: Clock) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            found = await forecaster.fetch()
    except TimeoutError:
        pytest.fail(f"fetch() has not come back after {_PATIENCE_S:g} s; wait with context.timers, if at all")
    forecast = check_forecast(found, clock.now())
    assert forecast.source, "people read whose forecast it is"
    assert forecast.issued_utc <= clock.now(), "nobody knows what was issued later"

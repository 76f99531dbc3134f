from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edgepi.budget.forecasts import Forecasts
from edgepi.budget.outlook import check_forecast, forecast_from_dict, forecast_to_dict
from edgepi.errors import ContractError, ForecastError
from edgepi.model import SunForecast
from edgepi.testing.clock import ManualClock, settle
from edgepi.testing.power import FakeForecaster

from .conftest import NOON, Bench

HOUR = 3600.0


class Desk:
    """Forecasts with a clock, and everything that they told."""

    def __init__(self, memory: dict[str, Any] | None = None, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock(NOON)
        self.told: list[SunForecast] = []
        self.troubles: list[tuple[str, str | None]] = []
        self.forecasts = Forecasts(
            self.clock, self.told.append, lambda name, trouble: self.troubles.append((name, trouble))
        )
        self.forecasts.recall(memory or {})

    def forecaster(self, name: str = "weather.sun", **more: Any) -> FakeForecaster:
        made = FakeForecaster(self.clock, name=name, **more)
        self.forecasts.add(made, name)
        return made

    async def pass_time(self, seconds: float, step_s: float = 60.0) -> None:
        for _ in range(round(seconds / step_s)):
            await self.clock.advance(step_s)
            await settle()


async def test_a_forecaster_is_asked_at_its_interval_and_what_it_says_is_told() -> None:
    desk = Desk()
    one = desk.forecaster()
    desk.forecasts.start()
    await desk.pass_time(6.5 * HOUR)
    assert one.asked == 3
    assert [forecast.source for forecast in desk.told] == ["weather.sun"] * 3
    await desk.forecasts.stop()
    assert (one.starts, one.stops) == (1, 1)
    (shown,) = desk.forecasts.status()
    assert shown["source"] == "weather.sun"
    assert shown["age_h"] == pytest.approx(0.5, abs=0.05)
    assert shown["counts"] is True


async def test_one_that_hangs_or_fails_is_asked_again_sooner_and_harms_no_other() -> None:
    desk = Desk()
    ill, well = desk.forecaster("ill"), desk.forecaster("well")
    ill.fails = True
    desk.forecasts.start()
    await desk.pass_time(2 * HOUR)
    assert 3 <= ill.asked <= 6
    assert desk.troubles == [("ill", "asking ill failed: nobody knows")]
    assert [forecast.source for forecast in desk.told] == ["well"]
    ill.fails = False
    await desk.pass_time(HOUR)
    assert desk.troubles[-1] == ("ill", None)
    assert desk.told[-1].source == "ill"
    await desk.pass_time(3 * HOUR)
    assert desk.told[-1].source == "ill", "the first that knows something counts"
    assert well.asked >= 2
    await desk.forecasts.stop()


async def test_one_whose_service_wants_peace_gets_it() -> None:
    desk = Desk()
    one = desk.forecaster()

    async def refuse() -> SunForecast:
        one.asked += 1
        raise ForecastError("asked too often", retry_after_s=4 * HOUR)

    one.fetch = refuse  # type: ignore[method-assign]
    desk.forecasts.start()
    await desk.pass_time(3.9 * HOUR)
    assert one.asked == 1
    await desk.pass_time(0.2 * HOUR)
    assert one.asked == 2
    await desk.forecasts.stop()


async def test_one_that_says_nonsense_has_failed() -> None:
    desk = Desk()
    one = desk.forecaster(w_m2=-5.0)
    desk.forecasts.start()
    await desk.pass_time(120.0)
    assert desk.told == []
    assert "-5.0 W/m2 cannot be meant" in str(desk.troubles)
    assert one.stops >= 1
    await desk.forecasts.stop()


async def test_what_was_known_counts_after_a_restart_and_is_not_asked_for_again_before_its_time() -> None:
    first = Desk()
    first.forecaster()
    first.forecasts.start()
    await first.pass_time(HOUR)
    memory = first.forecasts.memory()
    await first.forecasts.stop()
    await first.clock.advance(0.5 * HOUR)

    second = Desk(memory, ManualClock(first.clock.now()))
    again = second.forecaster()
    second.forecasts.start()
    assert second.told == first.told
    await second.pass_time(HOUR)
    assert again.asked == 0
    await second.pass_time(HOUR)
    assert again.asked == 1
    await second.forecasts.stop()


async def test_what_was_known_is_for_nothing_once_its_span_is_over() -> None:
    first = Desk()
    first.forecaster(hours=24)
    first.forecasts.start()
    await first.pass_time(120.0)
    memory = first.forecasts.memory()
    await first.forecasts.stop()
    late = Desk(memory, ManualClock(NOON + timedelta(hours=30)))
    one = late.forecaster()
    late.forecasts.start()
    assert late.told == []
    await late.pass_time(60.0)
    assert one.asked == 1
    await late.forecasts.stop()


@pytest.mark.parametrize(
    "kept", [{}, {"fetched_utc": "x"}, {"fetched_utc": "2025-06-01T10:00:00+00:00"}, None, 5]
)
async def test_what_was_kept_and_makes_no_sense_is_left_out(kept: Any) -> None:
    desk = Desk({"weather.sun": kept})
    one = desk.forecaster()
    desk.forecasts.start()
    await desk.pass_time(60.0)
    assert one.asked == 1
    await desk.forecasts.stop()


async def test_nobody_is_asked_before_the_clock_is_set() -> None:
    clock = ManualClock(NOON, trusted=False)
    desk = Desk(clock=clock)
    one = desk.forecaster()
    desk.forecasts.start()
    await desk.pass_time(HOUR)
    assert one.asked == 0
    clock.trusted = True
    await desk.pass_time(60.0)
    assert one.asked == 1
    await desk.forecasts.stop()


async def test_the_budget_shows_keeps_and_lets_go_of_forecasters(bench: Bench) -> None:
    one = FakeForecaster(bench.clock, name="sun")
    bench.budget.add_forecaster(one, "openmeteo.sun")
    await bench.budget.start()
    await bench.pass_time(60.0)
    (shown,) = bench.budget.status()["forecasts"]
    assert (shown["name"], shown["working"], shown["source"]) == ("openmeteo.sun", True, "sun")
    one.fails = True
    await bench.pass_time(4 * HOUR, step_s=60.0)
    assert bench.troubles[-1] == ("openmeteo.sun", "asking openmeteo.sun failed: nobody knows")
    await bench.budget.stop()
    bench.budget = bench.build()
    again = FakeForecaster(bench.clock, name="sun")
    bench.budget.add_forecaster(again, "openmeteo.sun")
    await bench.budget.start()
    assert bench.budget.status()["forecasts"][0]["source"] == "sun"
    await bench.budget.remove(again)
    assert bench.budget.status()["forecasts"] == []


SOUND = SunForecast(issued_utc=NOON, start_utc=NOON, irradiance_w_m2=(0.0, math.nan, 431.26), source="x")


def test_a_forecast_is_kept_to_a_tenth_of_a_watt() -> None:
    again = forecast_from_dict(forecast_to_dict(SOUND))
    assert again.irradiance_w_m2[::2] == (0.0, 431.3)
    assert math.isnan(again.irradiance_w_m2[1])
    assert replace(again, irradiance_w_m2=()) == replace(SOUND, irradiance_w_m2=())


@pytest.mark.parametrize(
    "change",
    [
        {"irradiance_w_m2": ()},
        {"irradiance_w_m2": (math.nan,)},
        {"irradiance_w_m2": (math.inf,)},
        {"irradiance_w_m2": (-1.0,)},
        {"step_h": 0.0},
        {"step_h": math.nan},
        {"start_utc": NOON - timedelta(hours=9)},
        {"start_utc": NOON.replace(tzinfo=None)},
    ],
)
def test_a_forecast_that_cannot_be_meant_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        check_forecast(replace(SOUND, **change), NOON)
    with pytest.raises(ContractError):
        check_forecast("sunny", NOON)

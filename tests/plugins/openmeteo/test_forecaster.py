from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from edgepi.errors import ForecastError
from edgepi.model import NodeInfo, SunForecast
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import SunForecasterConformance
from edgepi_openmeteo import fetching
from edgepi_openmeteo.forecaster import SPREAD_S, OpenMeteo
from tests.plugins.openmeteo.conftest import NODE, Double

Ask = Callable[[OpenMeteo], Awaitable[SunForecast]]
Build = Callable[..., OpenMeteo]
HOUR_S = 3600.0


class TestOpenMeteo(SunForecasterConformance):
    lacks = frozenset({"bus"})

    @pytest.fixture
    def make(self, build: Build) -> Build:
        return build


async def test_brings_the_forecast_of_the_server(build: Build, ask: Ask, server: Double) -> None:
    forecast = await ask(build())
    assert forecast.tilted
    assert max(forecast.irradiance_w_m2) == 790.1
    assert server.asked[0]["tilt"] == "40"
    assert "apikey" not in server.asked[0]


async def test_a_node_without_a_stated_panel_gets_level_ground(build: Build, ask: Ask) -> None:
    forecast = await ask(build(NodeInfo(name="n", latitude=10.0, longitude=20.0)))
    assert not forecast.tilted


async def test_sends_the_key_only_when_there_is_one(build: Build, ask: Ask, server: Double) -> None:
    await ask(build(api_key="s3cret"))
    assert server.asked[0]["apikey"] == "s3cret"


async def test_asks_again_only_after_the_interval(
    build: Build, ask: Ask, server: Double, manual_clock: ManualClock
) -> None:
    forecaster = build()
    first = await ask(forecaster)
    await manual_clock.advance(2 * HOUR_S)
    assert await ask(forecaster) == first
    assert len(server.asked) == 1
    assert forecaster.interval_s == pytest.approx(HOUR_S, abs=1.0)
    await manual_clock.advance(forecaster.interval_s)
    assert (await ask(forecaster)).issued_utc > first.issued_utc
    assert len(server.asked) == 2


async def test_a_restart_within_the_interval_asks_nothing(
    build: Build, ask: Ask, server: Double, manual_clock: ManualClock
) -> None:
    first = await ask(build())
    await manual_clock.advance(HOUR_S)
    assert await ask(build()) == first
    assert len(server.asked) == 1


async def test_another_site_or_panel_is_asked_for_at_once(build: Build, ask: Ask, server: Double) -> None:
    await ask(build())
    await ask(build(dataclasses.replace(NODE, panel_tilt_deg=60.0)))
    assert [each["tilt"] for each in server.asked] == ["40", "60"]


async def test_a_cache_from_a_clock_that_was_wrong_is_not_believed(
    build: Build, ask: Ask, server: Double, manual_clock: ManualClock
) -> None:
    await ask(build())
    manual_clock.step_wall(-30 * 86400.0)
    await ask(build())
    assert len(server.asked) == 2


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 50_000, b'{"key": 1', b"0" * 300_000])
async def test_a_torn_cache_is_as_good_as_none(
    build: Build, ask: Ask, server: Double, tmp_path: Path, content: bytes
) -> None:
    await asyncio.to_thread((tmp_path / "forecast.json").write_bytes, content)
    await ask(build())
    assert len(server.asked) == 1


async def test_a_disk_that_takes_nothing_costs_only_the_cache(
    build: Build, ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread((tmp_path / "forecast.new").mkdir)
    assert (await ask(build())).tilted
    assert "cannot be kept" in caplog.text


async def test_nodes_ask_at_their_own_moment_that_stays_the_same(
    build: Build, server: Double, manual_clock: ManualClock
) -> None:
    waiting = asyncio.ensure_future(build().fetch())
    due_s = random.Random("garden").uniform(0.0, SPREAD_S)
    while not manual_clock.sleepers:  # noqa: ASYNC110 (a thread reads the cache)
        await asyncio.sleep(0.001)
    await manual_clock.advance(due_s - 1.0)
    assert not server.asked
    await manual_clock.advance(2.0)
    await waiting
    assert len(server.asked) == 1


async def test_without_a_clock_to_trust_nothing_is_asked(
    build: Build, server: Double, manual_clock: ManualClock
) -> None:
    manual_clock.trusted = False
    with pytest.raises(ForecastError, match="clock"):
        await build().fetch()
    assert not server.asked


async def test_a_server_that_goes_away_leaves_the_old_forecast_marked_as_old(
    build: Build, ask: Ask, server: Double, manual_clock: ManualClock
) -> None:
    forecaster = build()
    first = await ask(forecaster)
    server.says(502, "<html>Bad gateway</html>")
    await manual_clock.advance(4 * HOUR_S)
    old = await ask(forecaster)
    assert old.source == f"{first.source}, old"
    assert dataclasses.replace(old, source=first.source) == first
    assert forecaster.interval_s == pytest.approx(600.0, abs=2.0)
    server.handler = None
    await manual_clock.advance(601.0)
    assert "old" not in (await ask(forecaster)).source


async def test_after_two_days_the_old_forecast_is_worth_nothing(
    build: Build, ask: Ask, server: Double, manual_clock: ManualClock
) -> None:
    forecaster = build()
    await ask(forecaster)
    server.says(500)
    await manual_clock.advance(49 * HOUR_S)
    with pytest.raises(ForecastError, match="HTTP 500"):
        await ask(forecaster)


async def test_failures_are_repeated_later_and_later_and_a_restart_changes_nothing(
    build: Build, ask: Ask, server: Double, manual_clock: ManualClock
) -> None:
    server.says(503)
    waits = []
    for _ in range(6):
        with pytest.raises(ForecastError, match="HTTP 503") as caught:
            await ask(build())
        waits.append(round((caught.value.retry_after_s or 0.0) / 60.0))
        with pytest.raises(ForecastError, match="not asked again before"):
            await ask(build())
        await manual_clock.advance(caught.value.retry_after_s or 0.0)
    assert waits == [10, 20, 40, 80, 160, 180]
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("header", "minutes"),
    [("7200", 120), ("1", 10), ("date", 90), ("99999999999", 1440), ("soon", 10), ("-5", 10), ("", 10)],
)
async def test_retry_after_is_honoured_within_a_day(  # noqa: PLR0917
    build: Build, ask: Ask, server: Double, manual_clock: ManualClock, header: str, minutes: int
) -> None:
    date = format_datetime(manual_clock.now() + timedelta(minutes=90, seconds=60), usegmt=True)
    server.says(429, **{"Retry-After": date if header == "date" else header})
    with pytest.raises(ForecastError, match="asked too often") as caught:
        await ask(build())
    assert (caught.value.retry_after_s or 0.0) / 60.0 == pytest.approx(minutes, abs=2.0)


@pytest.mark.parametrize(
    ("reason", "hours"),
    [
        ("Daily API request limit exceeded. Please try again tomorrow.", 12.0),
        ("Hourly API request limit exceeded. Please try again in the next hour.", 1.0),
        ("Minutely API request limit exceeded. Please try again in one minute.", 1 / 6),
    ],
)
async def test_a_limit_that_is_named_is_waited_out(
    build: Build, ask: Ask, server: Double, reason: str, hours: float
) -> None:
    server.says(429, f'{{"error": true, "reason": "{reason}"}}')
    with pytest.raises(ForecastError, match=reason) as caught:
        await ask(build())
    assert (caught.value.retry_after_s or 0.0) / HOUR_S == pytest.approx(hours, abs=0.05)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (301, "redirects"),
        (302, "redirects"),
        (400, "does not take the question"),
        (401, "API key"),
        (404, "no forecasts at this address"),
        (418, "HTTP 418"),
        (200, "no JSON"),
    ],
)
async def test_each_refusal_says_what_it_is(
    build: Build, ask: Ask, server: Double, status: int, words: str
) -> None:
    server.says(status, "<html>", Location=server.url)
    with pytest.raises(ForecastError, match=words):
        await ask(build())
    assert len(server.asked) == 1


async def test_an_endless_answer_is_cut_off(build: Build, ask: Ask, server: Double) -> None:
    async def pours(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 16_384)

    server.handler = pours
    with pytest.raises(ForecastError, match="longer than 64 kB"):
        await ask(build())


async def test_a_dripping_answer_is_given_up(
    build: Build, ask: Ask, server: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TOTAL_S", 0.3)

    async def drips(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    server.handler = drips
    with pytest.raises(ForecastError, match="no whole answer within"):
        await ask(build())


async def test_nothing_is_unpacked_that_could_grow(build: Build, ask: Ask, server: Double) -> None:
    server.says(200, b"\x1f\x8b\x08\x00 not even gzip", **{"Content-Encoding": "gzip"})
    with pytest.raises(ForecastError, match="no JSON"):
        await ask(build())
    assert server.headers[0]["Accept-Encoding"] == "identity"


async def test_no_address_is_told_that_holds_the_key(
    build: Build, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    forecaster = build(url="http://127.0.0.1:9/v1/forecast", api_key="s3cret")
    with caplog.at_level(logging.DEBUG), pytest.raises(ForecastError, match="no answer") as caught:
        await ask(forecaster)
    assert "s3cret" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edgepi.model import NodeInfo, SunForecast
from edgepi.plugin import PluginContext
from edgepi.testing.clock import ManualClock
from edgepi.testing.driving import drive
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_openmeteo.forecaster import OpenMeteo
from edgepi_openmeteo.question import OpenMeteoConfig

NODE = NodeInfo(
    name="garden", latitude=48.85661, longitude=2.35222, panel_tilt_deg=40.0, panel_azimuth_deg=170.0
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def recorded(variable: str, begin_s: int, hours: int = 192, **changes: Any) -> dict[str, Any]:
    """Return an answer in the shape of the real one."""
    day = [0.0] * 6 + [40.5, 180.0, 390.2, 560.0, 700.9, 780.0, 790.1, 730.0, 600.0, 420.0, 210.0, 60.3]
    values = ((day + [0.0] * 6) * 20)[:hours]
    return {
        "latitude": 48.86,
        "longitude": 2.3599997,
        "generationtime_ms": 0.045418739318847656,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
        "hourly_units": {"time": "unixtime", variable: "W/m²"},
        "hourly": {"time": [begin_s + 3600 * i for i in range(hours)], variable: values},
    } | changes


class Double:
    """A server that answers like Open-Meteo, or as a test says."""

    def __init__(self, clock: ManualClock) -> None:
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.handler: Handler | None = None
        self.url = ""
        self._clock = clock

    def answer(self, variable: str = "global_tilted_irradiance", **changes: Any) -> dict[str, Any]:
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return recorded(variable, int(midnight.timestamp()) - 86400, **changes)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        self.headers.append(dict(request.headers))
        if self.handler is not None:
            return await self.handler(request)
        return web.json_response(self.answer(request.query["hourly"]))

    def says(self, status: int, body: str | bytes = "", **headers: str) -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            raw = body.encode() if isinstance(body, str) else body
            return web.Response(status=status, body=raw, headers=headers)

        self.handler = handler

    def sends(self, data: Any) -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            return web.json_response(data)

        self.handler = handler


@pytest.fixture
async def server(manual_clock: ManualClock) -> AsyncIterator[Double]:
    double = Double(manual_clock)
    app = web.Application()
    app.router.add_get("/v1/forecast", double.handle)
    async with TestServer(app) as running:
        double.url = str(running.make_url("/v1/forecast"))
        yield double


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def build(plugin_context: ContextFactory, client: ClientSession, server: Double) -> Callable[..., OpenMeteo]:
    async def http_client() -> ClientSession:
        return client

    def build(node: NodeInfo = NODE, **config: Any) -> OpenMeteo:
        told = OpenMeteoConfig(**({"url": server.url} | config))
        context: PluginContext[OpenMeteoConfig] = plugin_context(
            told, plugin="openmeteo", http_client=http_client
        )
        return OpenMeteo(dataclasses.replace(context, node=node))

    return build


@pytest.fixture
def ask(manual_clock: ManualClock) -> Callable[[OpenMeteo], Awaitable[SunForecast]]:
    def ask(forecaster: OpenMeteo) -> Awaitable[SunForecast]:
        return asyncio.ensure_future(drive(forecaster.fetch(), manual_clock, step_s=1.0))

    return ask

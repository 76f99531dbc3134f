"""A served, made-up node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, UnixConnector

from edgepi.config.settings import HttpSettings
from edgepi.testing.clock import ManualClock
from edgepi.web.connections import Doorman
from edgepi.web.server import WebServer
from edgepi.web.tokens import Scope, TokenStore
from tests.web.demo import DemoNode


@dataclass
class Served:
    """The node, its server, and ways in: *browser* keeps cookies, *local* is the Unix socket."""

    node: DemoNode
    server: WebServer
    real: ManualClock
    state_dir: Path
    browser: ClientSession
    local: ClientSession

    def url(self, path: str) -> str:
        return f"{self.server.url}{path}"

    async def log_in(self) -> None:
        async with self.browser.get(self.server.login_link(), allow_redirects=False) as response:
            assert response.status == 303

    async def token(self, scope: str = "read") -> dict[str, str]:
        store = TokenStore(self.state_dir / "tokens.json")
        now_utc = self.real.now()
        secret = await asyncio.to_thread(store.create, f"{scope}-token", Scope(scope), now_utc=now_utc)
        await self.real.advance(5)
        return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    clock, real = ManualClock(), ManualClock()
    node = DemoNode(clock)
    server = WebServer(
        settings=HttpSettings(port=0),
        state_dir=tmp_path,
        services=node.services(),
        real=real,
        doorman=Doorman(most=60, first_s=0.5, body_s=0.5),
    )
    await server.start()
    async with (
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser,
        ClientSession(
            base_url="http://localhost", connector=UnixConnector(str(tmp_path / "api.sock"))
        ) as local,
    ):
        yield Served(node, server, real, tmp_path, browser, local)
    await server.stop()


Ask = Callable[..., Awaitable[tuple[int, Any]]]


async def answer(response: ClientResponse) -> tuple[int, Any]:
    """Status and JSON."""
    return response.status, await response.json()


@pytest.fixture
def ask(served: Served) -> Ask:
    """Ask over the Unix socket, below /api/v1."""

    async def call(method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with served.local.request(method, f"/api/v1/{path}", **options) as response:
            return await answer(response)

    return call

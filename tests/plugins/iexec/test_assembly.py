from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from edgepi.errors import UnfitImageError
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import build_context
from edgepi_iexec.assembly import Assembly
from edgepi_iexec.chain.link import Key
from edgepi_iexec.config import IexecConfig, RegistryLogin
from edgepi_iexec.protocol.models import ChainConfiguration
from edgepi_iexec.station import Station

LOGIN = RegistryLogin(registry="registry.example", user="sun", password="shine1")


@dataclass
class Engine:
    """A container engine that has no image, and whose registry gives none; keeps what it was asked."""

    asked: list[tuple[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        sent = request.headers.get("X-Registry-Auth")
        self.asked.append((request.path, json.loads(base64.urlsafe_b64decode(sent)) if sent else None))
        if request.path.endswith("/version"):
            return web.json_response({"ApiVersion": "1.41"})
        if request.path.endswith("/info"):
            return web.json_response({"Architecture": "x86_64"})
        return web.json_response(
            {"message": "unauthorized"}, status=404 if "/images/" in request.path else 401
        )

    def logins(self) -> list[Any]:
        return [login for path, login in self.asked if path.startswith("/distribution/")]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    made = Engine()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "d.sock")).start()
    yield made
    await runner.cleanup()


async def test_a_registrys_login_goes_with_its_images_and_with_no_other(
    engine: Engine, tmp_path: Path, manual_clock: ManualClock
) -> None:
    config = IexecConfig(docker=f"unix://{tmp_path}/d.sock", registries=(LOGIN,))
    context = build_context(config=config, clock=manual_clock, state_dir=tmp_path)
    assembly = Assembly(context, journal=None, station=None)  # type: ignore[arg-type]  # neither is asked for
    assembly.worker = assembly.trade = SimpleNamespace(stop=_nothing, close=_nothing)  # type: ignore[assignment]  # only ended
    boxes = await asyncio.to_thread(assembly._boxes)
    with pytest.raises(UnfitImageError, match="unauthorized"):
        await boxes.pull("registry.example/app:1", timeout_s=30.0)
    with pytest.raises(Exception, match="unauthorized"):
        await boxes.pull("other.example/app:1", timeout_s=30.0)
    await assembly.close()
    assert engine.logins() == [{"username": "sun", "password": "shine1"}, None]


POOLS = ChainConfiguration(
    chain_id=134,
    sidechain=True,
    chain_node_url="http://chain.test",
    iexec_hub_contract_address="0x" + "66" * 20,
)


@pytest.mark.parametrize(
    ("named", "chain_id", "warnings"), [(None, 134, 1), ("0x" + "77" * 20, 134, 0), (None, 31337, 0)]
)
async def test_a_start_says_once_that_the_owner_named_no_hub(
    tmp_path: Path,
    manual_clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    *,
    named: str | None,
    chain_id: int,
    warnings: int,
) -> None:
    context = build_context(config=IexecConfig(hub=named), clock=manual_clock, state_dir=tmp_path)
    station = Station(
        pool="", scheduler="", rpc=(), hub=named, key=Key(json.dumps({"address": "ab" * 20}), "")
    )
    assembly = Assembly(context, None, station)  # type: ignore[arg-type]  # no journal is asked for
    for _ in range(2):
        chain = await assembly._connect(replace(POOLS, chain_id=chain_id))
        await chain.close()
    assert caplog.text.count("set `hub`") == warnings


async def _nothing() -> None:
    pass

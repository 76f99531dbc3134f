from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from edgepi.testing.clock import ManualClock
from edgepi_iexec.worker.readiness import EngineReadiness

GOOD = {
    "OSType": "linux",
    "MemoryLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "SwapLimit": True,
    "SecurityOptions": ["name=seccomp,profile=builtin"],
}


class Engine:
    """Answers ``GET /info`` on a socket."""

    def __init__(self) -> None:
        self.info: Any = GOOD
        self.asked = 0

    async def handle(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response(self.info)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    made = Engine()
    app = web.Application()
    app.router.add_get("/info", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "d.sock")).start()
    yield made
    await runner.cleanup()


@pytest.fixture
def ready(tmp_path: Path, manual_clock: ManualClock) -> EngineReadiness:
    return EngineReadiness(f"unix://{tmp_path}/d.sock", manual_clock)


async def test_a_good_engine_is_asked_once_in_a_while(
    engine: Engine, ready: EngineReadiness, manual_clock: ManualClock
) -> None:
    assert (await ready()).yes
    assert (await ready()).yes
    assert engine.asked == 1
    await manual_clock.advance(700.0)
    await ready()
    assert engine.asked == 2


async def test_an_engine_without_limits_is_not_good_enough(engine: Engine, ready: EngineReadiness) -> None:
    engine.info = {**GOOD, "MemoryLimit": False}
    answer = await ready()
    assert not answer.yes
    assert "cmdline.txt" in answer.sentence


@pytest.mark.parametrize("info", [[], "x", None, {"SecurityOptions": 5}])
async def test_nonsense_is_no_readiness(engine: Engine, ready: EngineReadiness, info: Any) -> None:
    engine.info = info
    assert not (await ready()).yes


async def test_no_engine_is_no_readiness(ready: EngineReadiness) -> None:
    answer = await ready()
    assert not answer.yes
    assert "no container engine" in answer.sentence

"""Another people's SockJS and STOMP, in Node, as listener of a pool."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edgepi.clock import SystemClock
from edgepi_iexec.pool.model import Stage
from tests.foreign import Foreign
from tests.plugins.iexec.pool.house import Hand, House

pytestmark = [pytest.mark.slow, pytest.mark.timeout(360)]
SCRIPT = Path(__file__).parent / "foreign_listener.mjs"
TRANSPORTS = ("xhr-streaming", "xhr-polling", "websocket")


class Ear:
    """The program that listens; each line it prints is what happened."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def until(self, key: str) -> Any:
        """Return what it says of *key*, passing over all else."""
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while line := await self._process.stdout.readline():
                said = json.loads(line)
                assert "error" not in said
                if key in said:
                    return said[key]
        raise AssertionError(f"it ended without a word of {key}")

    async def end(self) -> None:
        """Have it say goodbye."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        assert await self.until("bye")


@asynccontextmanager
async def listening(foreign: Foreign, house: House, transport: str, task_id: str) -> AsyncIterator[Ear]:
    process = await asyncio.create_subprocess_exec(
        str(foreign.node),
        str(SCRIPT),
        house.url,
        transport,
        task_id,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=foreign.env,
    )
    try:
        yield Ear(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def living(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose time is the world's."""
    made = House(SystemClock(), tmp_path / "pool")  # type: ignore[arg-type]
    yield made
    await made.close()


async def _until(holds: Callable[[], object]) -> None:
    for _ in range(1200):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not within a minute")


async def _given(house: House) -> tuple[Hand, str]:
    """Return a worker and the task that it was given."""
    hand = await house.hand()
    (task_id,) = house.place()
    await _until(lambda: house.stage(task_id) is Stage.INITIALIZED)
    await asyncio.sleep(0.3)
    assert await hand.ask() == task_id
    return hand, task_id


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_foreign_client_hears_all_that_a_worker_must(
    foreign: Foreign, living: House, transport: str
) -> None:
    house = living
    await house.open(contribute_and_finalize=False, poll_s=0.1, heartbeat_s=1.0)
    hand, task_id = await _given(house)
    async with listening(foreign, house, transport, task_id) as ear:
        assert await ear.until("opened") == transport
        assert await ear.until("connected") == "1.2"
        assert await ear.until("ready")
        await hand.compute(task_id)
        await hand.contribute(task_id)
        heard = await ear.until("heard")
        assert (heard["chainTaskId"], heard["workersAddress"]) == (task_id, [hand.address])
        assert heard["taskNotificationType"] == "PLEASE_REVEAL"
        assert heard["taskNotificationExtra"]["blockNumber"] == house.task(task_id).consensus_block
        await hand.reveal(task_id)
        while heard["taskNotificationType"] != "PLEASE_UPLOAD":
            heard = await ear.until("heard")
        await hand.upload(task_id)
        while heard["taskNotificationType"] != "PLEASE_COMPLETE":
            heard = await ear.until("heard")
        await ear.end()
    broker = house.pool._broker
    assert broker is not None
    await _until(lambda: broker.count == 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_foreign_client_finds_a_pool_again_that_was_restarted(
    foreign: Foreign, living: House, transport: str, unused_tcp_port: int
) -> None:
    house = living
    await house.open(contribute_and_finalize=False, poll_s=0.1, heartbeat_s=1.0, port=unused_tcp_port)
    hand, task_id = await _given(house)
    await hand.compute(task_id)
    async with listening(foreign, house, transport, task_id) as ear:
        assert await ear.until("ready")
        await house.reopen()
        assert await ear.until("closed")
        assert await ear.until("ready")
        await hand.contribute(task_id)
        assert (await ear.until("heard"))["taskNotificationType"] == "PLEASE_REVEAL"
        await ear.end()

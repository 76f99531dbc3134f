"""The worker over real sockets with the real contracts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from blockbuster import BlockBuster

from edgepi.clock import SystemClock
from edgepi.testing.boxes import Script
from edgepi_iexec.chain.client import ChainClient
from edgepi_iexec.chain.model import TaskStatus
from edgepi_iexec.devchain.local import LocalChain
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.worker import IexecWorker
from tests.plugins.iexec.chain.conftest import Connect, connect
from tests.plugins.iexec.fakescheduler import FakeScheduler
from tests.plugins.iexec.httpscheduler import HttpScheduler
from tests.plugins.iexec.worker.house import RESULT, House

__all__ = ["connect"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
S = ReplicateStatus


@dataclass
class Scene:
    """A worker that is up and a pool that has tasks."""

    house: House
    worker: IexecWorker
    wallet: ChainClient
    place: Callable[..., Awaitable[str]]

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60.0):
            while not true():  # noqa: ASYNC110 (it goes over sockets)
                await asyncio.sleep(0.01)


@pytest.fixture
async def scene(
    devchain: LocalChain, connect: Connect, tmp_path: Path, blocking_calls: BlockBuster
) -> AsyncIterator[Scene]:
    for function in blocking_calls.functions.values():
        function.can_block_in("edgepi/testing/boxes.py", {"_write"})
    there = devchain.deployment
    owner, wallet = connect(devchain, there.account("pool")), connect(devchain, there.workers[0])
    house = House(SystemClock(), tmp_path, script=Script(run_s=0.05, files=RESULT))  # type: ignore[arg-type]
    house.chain = wallet  # type: ignore[assignment]
    house.scheduler = FakeScheduler(owner, there.pool)
    http = HttpScheduler(house.scheduler)

    async def place(**values: Any) -> str:
        app = await asyncio.to_thread(devchain.market.create_app, "demo:1", "0x" + "00" * 32)
        placed = await asyncio.to_thread(lambda: devchain.market.place(app, **values))
        await owner.initialize(placed.deal_id, 0)
        house.scheduler.give(placed.task_ids[0])
        return placed.task_ids[0]

    async with TestServer(http.app(), host="127.0.0.1") as server, ClientSession() as session:

        async def client() -> ClientSession:
            return session

        http.url = f"http://127.0.0.1:{server.port}"
        house.settings |= {"scheduler": http.url, "pool": there.pool}
        worker = IexecWorker(replace(house.parts(), peers=None, http=client), house.trade)
        yield Scene(house, worker, wallet, place)
        await worker.stop()


async def test_a_task_is_contributed_revealed_and_paid_by_the_real_contracts(scene: Scene) -> None:
    house = scene.house
    task_id = await scene.place(pool_price=1000)
    before = await scene.wallet.account(scene.wallet.address)
    await scene.worker.start()
    await scene.until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"
    assert house.journal.records[task_id].earned_nrlc == 990
    assert (await scene.wallet.task(task_id)).status is TaskStatus.COMPLETED
    after = await scene.wallet.account(scene.wallet.address)
    assert (after.stake_nrlc - before.stake_nrlc, after.locked_nrlc) == (990, before.locked_nrlc)


async def test_all_in_one_transaction_with_the_real_contracts(scene: Scene) -> None:
    house = scene.house
    house.scheduler.finalize_at_once = True
    task_id = await scene.place(pool_price=1000)
    await scene.worker.start()
    await scene.until(lambda: house.over(task_id))
    assert house.journal.records[task_id].outcome == "completed"
    assert house.scheduler.reported(task_id)[-3:] == [
        S.CONTRIBUTE_AND_FINALIZE_DONE,
        S.COMPLETING,
        S.COMPLETED,
    ]
    assert (await scene.wallet.task(task_id)).status is TaskStatus.COMPLETED


async def test_a_callback_reaches_the_real_contracts(scene: Scene) -> None:
    house = scene.house
    house.script = Script(run_s=0.05, files={"computed.json": b'{"callback-data":"0x1234"}'})
    house.scheduler.finalize_at_once = True
    task_id = await scene.place(pool_price=1000, callback=scene.wallet.address)
    await scene.worker.start()
    await scene.until(lambda: house.over(task_id))
    assert (await scene.wallet.task(task_id)).callback_data == bytes.fromhex("1234")

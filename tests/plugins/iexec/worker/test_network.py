"""The worker with its real client, notifications and uploads, against a scheduler behind HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from blockbuster import BlockBuster

from edgepi.clock import SystemClock
from edgepi.testing.boxes import Script
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.worker import IexecWorker
from tests.plugins.iexec.httpscheduler import HttpScheduler
from tests.plugins.iexec.worker.house import RESULT, House
from tests.plugins.iexec.worker.pocketchain import WORKER


@pytest.fixture
async def served(tmp_path: Path, blocking_calls: BlockBuster) -> AsyncIterator[tuple[House, IexecWorker]]:
    for function in blocking_calls.functions.values():
        function.can_block_in("edgepi/testing/boxes.py", {"_write"})
    house = House(SystemClock(), tmp_path, script=Script(run_s=0.05, files=RESULT))  # type: ignore[arg-type]
    http = HttpScheduler(house.scheduler)
    async with TestServer(http.app(), host="127.0.0.1") as server, ClientSession() as session:

        async def client() -> ClientSession:
            return session

        http.url = f"http://127.0.0.1:{server.port}"
        house.settings["scheduler"] = http.url
        worker = IexecWorker(replace(house.parts(), peers=None, http=client), house.trade)
        yield house, worker
        await worker.stop()


async def test_a_task_goes_its_whole_way_over_the_network(served: tuple[House, IexecWorker]) -> None:
    house, worker = served
    task_id = house.ledger.task()
    house.scheduler.give(task_id)
    await worker.start()
    async with asyncio.timeout(30.0):
        while not house.over(task_id):  # noqa: ASYNC110 (it goes over sockets)
            await asyncio.sleep(0.01)
    assert house.journal.records[task_id].outcome == "completed"
    assert house.scheduler.reported(task_id)[-1] is ReplicateStatus.COMPLETED
    assert house.scheduler.results[task_id][:2] == b"PK"
    assert house.ledger.stakes[WORKER] == 1000
    assert house.headers() == {"X-EdgePi-Surplus": "0.5"}

"""The worker with a real engine, a real registry and a journal on disk."""

from __future__ import annotations

import asyncio
import logging
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from edgepi.clock import SystemClock
from edgepi.compute.engine import Engine, owner_of
from edgepi.compute.journal import JobJournal
from edgepi.compute.sandbox import Sandbox
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.readiness import EngineReadiness
from edgepi_iexec.worker.worker import IexecWorker
from tests.engine import FOREIGN_ARCHITECTURE, Registry, docker_engine, docker_registry, shell
from tests.plugins.iexec.worker.house import House, Mortality
from tests.plugins.iexec.worker.pocketchain import WORKER

__all__ = ["docker_engine", "docker_registry"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
S = ReplicateStatus
WRITE = """
cat "$IEXEC_IN"/0x* > "$IEXEC_OUT/result.txt" 2>/dev/null
echo "task $IEXEC_TASK_INDEX" >> "$IEXEC_OUT/result.txt"
echo '{"deterministic-output-path":"/iexec_out/result.txt"}' > "$IEXEC_OUT/computed.json"
"""


class Home:
    """What outlives a worker here: the house, the journal's file, the engine with its containers."""

    def __init__(self, url: str, registry: Registry, folder: Path) -> None:
        self.house = House(SystemClock(), folder)  # type: ignore[arg-type]
        self.registry = registry
        self.journal = JobJournal(folder / "jobs.db")
        self._url = url
        self._made: list[Sandbox] = []
        self._engines: list[Engine] = []

    def push(self, name: str, script: str, **more: str) -> None:
        self.house.ledger.image = self.registry.push(name, shell(script, **more))

    def _boxes(self) -> Sandbox:
        house, engine = self.house, Engine(self._url)
        self._engines.append(engine)
        sandbox = Sandbox(
            engine=engine,
            clock=house.clock,
            owner=owner_of(house.folder),
            log=logging.getLogger("edgepi.plugins.iexec"),
            folder=house.folder / "boxes",
        )
        self._made.append(sandbox)
        return sandbox

    async def up(self) -> IexecWorker:
        house = self.house
        house.settings["docker"] = self._url
        parts = replace(
            house.parts(),
            boxes=self._boxes,
            ready=EngineReadiness(self._url, house.clock),
            journal=self.journal,
        )
        house.worker = IexecWorker(parts, house.trade)
        await house.worker.start()
        return house.worker

    async def die(self) -> None:
        """End the life as SIGKILL does: nobody of it watches over the container any more either."""
        await self.house.die(power=False)
        await self._leave()
        self.house.life = Mortality()

    async def _leave(self) -> None:
        while self._made:
            await self._made.pop().close()
        while self._engines:
            await self._engines.pop().close()

    async def close(self) -> None:
        if self.house.worker is not None:
            await self.house.worker.stop()
        await self._leave()
        await self.journal.close()

    async def until_over(self, task_id: str) -> str:
        async def ended() -> bool:
            record = await self.journal.get(task_id)
            return record is not None and record.ended_utc is not None

        await until(ended)
        record = await self.journal.get(task_id)
        assert record is not None
        return record.outcome or ""


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60.0):
        while True:
            found = true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def home(
    docker_engine: str, docker_registry: Registry, tmp_path: Path, blocking_calls: BlockBuster
) -> AsyncIterator[Home]:
    for function in blocking_calls.functions.values():
        function.can_block_in("tests/engine.py", {"push"})
    made = Home(docker_engine, docker_registry, tmp_path)
    await made.journal.open()
    yield made
    await made.close()


async def test_a_container_computes_what_its_task_says(home: Home) -> None:
    house = home.house
    await asyncio.to_thread(home.push, "worker-good", WRITE)
    house.scheduler.files["https://data.test/a.csv"] = b"1,2\n"
    params = '{"iexec_input_files":["https://data.test/a.csv"],"iexec_result_storage_provider":"ipfs"}'
    task_id = house.ledger.task(params=params)
    house.scheduler.give(task_id)
    await home.up()
    assert await home.until_over(task_id) == "completed"
    with zipfile.ZipFile(BytesIO(house.scheduler.results[task_id])) as archive:
        assert archive.read("result.txt") == b"1,2\ntask 0\n"
    assert house.ledger.stakes[WORKER] == 1000
    assert not (house.folder / "tasks" / task_id).exists()
    assert await home._made[-1].leftovers() == ()


async def test_an_app_that_fails_says_why(home: Home) -> None:
    await asyncio.to_thread(home.push, "worker-bad", "echo all is lost >&2; exit 3")
    task_id = home.house.ledger.task()
    home.house.scheduler.give(task_id)
    await home.up()
    assert (await home.until_over(task_id)).startswith("aborted")
    details = home.house.scheduler.last(task_id, S.COMPUTE_FAILED).details
    assert details is not None
    assert details.compute_logs is not None
    assert (details.cause, details.exit_code) == ("APP_COMPUTE_FAILED", 3)
    assert "all is lost" in details.compute_logs.stderr


async def test_an_image_for_another_machine_is_given_to_others(home: Home) -> None:
    await asyncio.to_thread(lambda: home.push("worker-foreign", "true", architecture=FOREIGN_ARCHITECTURE))
    task_id = home.house.ledger.task()
    home.house.scheduler.give(task_id)
    await home.up()
    assert (await home.until_over(task_id)).startswith("aborted")
    details = home.house.scheduler.last(task_id, S.ABORTED).details
    assert details is not None
    assert details.cause == "ABORTED_BY_WORKER"
    assert FOREIGN_ARCHITECTURE in (details.error_message or "")
    assert home.house.ledger.sent == []


async def test_a_container_that_outlived_its_worker_is_taken_over(home: Home) -> None:
    house = home.house
    await asyncio.to_thread(home.push, "worker-slow", f"sleep 3; {WRITE}")
    task_id = house.ledger.task()
    house.scheduler.give(task_id)
    await home.up()
    await until(lambda: S.COMPUTING in house.scheduler.reported(task_id))
    await until(lambda: bool(house.worker and house.worker._lives[task_id].box))
    await home.die()
    await home.up()
    assert await home.until_over(task_id) == "completed"
    record = await home.journal.get(task_id)
    assert record is not None
    assert record.data["runs"] == 1

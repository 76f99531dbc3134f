"""Others go away for a while: the chain's node, the scheduler; the worker sees its tasks through."""

from __future__ import annotations

import asyncio

import pytest

from edgepi_iexec.backend import IexecBackend

from .market import Scene, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

AWAY_S = 8.0  # of real time: longer than the first tries of all who ask
SLOW = script("sleep 4; echo 42 >/iexec_out/result.txt")


async def test_the_chains_node_is_away_for_a_while(scene: Scene) -> None:
    before = await scene.stake("worker-1")
    app = await scene.app("slow", SLOW)
    backend = await scene.worker()
    (task_id,) = (await scene.place(app)).task_ids
    await _computes(scene, backend)
    await scene.act(scene.chain.vanish)
    await asyncio.sleep(AWAY_S)
    await scene.act(scene.chain.come_back)
    await scene.completed(task_id)
    assert await scene.stake("worker-1") == (before[0] + 990, before[1])


async def test_the_scheduler_is_away_while_a_task_is_computed(scene: Scene) -> None:
    before = await scene.stake("worker-1")
    app = await scene.app("slow", SLOW)
    backend = await scene.worker()
    (task_id,) = (await scene.place(app)).task_ids
    await _computes(scene, backend)
    await scene.stop_pool()
    await asyncio.sleep(AWAY_S)
    await scene.start_pool()
    await scene.completed(task_id)
    assert await scene.stake("worker-1") == (before[0] + 990, before[1])


async def test_the_scheduler_is_away_when_the_result_is_to_be_revealed(scene: Scene) -> None:
    """The worker finds the consensus on the chain by itself, and its stake is safe before anybody calls."""
    before = await scene.stake("worker-1")
    app = await scene.app("slow", SLOW)
    await scene.worker()
    (task_id,) = (await scene.place(app)).task_ids

    async def contributed() -> bool:
        return bool((await scene.state(task_id))["contributors"])

    await scene.until("the contribution", contributed, each_s=0.02)
    await scene.stop_pool()
    await asyncio.sleep(AWAY_S)
    await scene.start_pool()
    await scene.completed(task_id)
    assert await scene.stake("worker-1") == (before[0] + 990, before[1])


async def _computes(scene: Scene, backend: IexecBackend) -> None:
    def look() -> bool:
        assert backend.worker is not None
        return [each.status.value for each in backend.worker.tasks] == ["COMPUTING"]

    await scene.until("the container runs", look)

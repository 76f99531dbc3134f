"""Others go away for a minute: the chain's node, the scheduler; the worker sees its tasks through."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from edgepi_iexec.backend import IexecBackend

from .market import Scene, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(360)]

AWAY_S = 60.0  # of real time
PATIENCE_S = 150.0  # whoever asked in vain for a minute waits long before asking again
QUICK = script("echo 42 >/iexec_out/result.txt")
SLOW = script("sleep 20; echo 42 >/iexec_out/result.txt")


async def test_the_chains_node_is_away_for_a_minute(scene: Scene) -> None:
    """One worker has its stake in a task when it goes, another is computing the same task."""
    roles = ("worker-11", "worker-12")  # of no experience: neither is believed alone
    before = [await scene.stake(role) for role in roles]
    app = await scene.app("same", script("sleep 8; echo 42 >/iexec_out/result.txt"))
    await scene.worker(10)
    (task_id,) = (await scene.place(app, trust=3)).task_ids
    await scene.until("the contribution", partial(_contributed, scene, task_id))
    second = await scene.worker(11)
    await _computes(scene, second)
    assert (await scene.stake(roles[0]))[1] > before[0][1]
    await scene.act(scene.chain.vanish)
    assert _computing(second)
    await asyncio.sleep(AWAY_S)
    await scene.act(scene.chain.come_back)
    (state,) = await scene.completed(task_id, patience_s=PATIENCE_S)
    assert state["revealCounter"] == state["winnerCounter"] == 2
    assert [await scene.stake(role) for role in roles] == [(free + 495, locked) for free, locked in before]


async def test_the_scheduler_is_away_for_a_minute(scene: Scene) -> None:
    """One worker is computing when it goes; another has contributed, and reveals with nobody to tell it."""
    before = [await scene.stake(f"worker-{n}") for n in (1, 2)]
    slow, quick = await scene.app("slow", SLOW), await scene.app("quick", QUICK)
    computing = await scene.worker(0, allow_apps=(slow,))
    await scene.worker(1, allow_apps=(quick,))
    (first,) = (await scene.place(slow)).task_ids
    await _computes(scene, computing)
    (second,) = (await scene.place(quick)).task_ids
    await scene.until("the contribution", partial(_contributed, scene, second), each_s=0.02)
    await scene.stop_pool()
    assert _computing(computing)
    await asyncio.sleep(AWAY_S)
    assert (await scene.state(second))["revealCounter"] == 1
    await scene.start_pool()
    await scene.completed(first, second, patience_s=PATIENCE_S)
    after = [await scene.stake(f"worker-{n}") for n in (1, 2)]
    assert after == [(free + 990, locked) for free, locked in before]


async def _contributed(scene: Scene, task_id: str) -> bool:
    return bool((await scene.state(task_id))["contributors"])


async def _computes(scene: Scene, backend: IexecBackend) -> None:
    await scene.until("the container runs", partial(_computing, backend))


def _computing(backend: IexecBackend) -> bool:
    assert backend.worker is not None
    return [each.status.value for each in backend.worker.tasks] == ["COMPUTING"]

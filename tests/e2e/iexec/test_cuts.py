"""A worker that dies by kill -9 at any stage: its stake comes back, and what was computed is not again."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections import Counter
from functools import partial

import pytest
from aiohttp import ClientError

from .market import Scene, script, starts
from .process import Lone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

POINTS = {
    "before the result": (
        "put STARTING",
        "put APP_DOWNLOADING",
        "put DATA_DOWNLOADED",
        "put COMPUTING",
        "ran",
    ),
    "at the contribution": (
        "put COMPUTED",
        "told COMPUTED",
        "put CONTRIBUTING",
        "sent contribute",
        "put CONTRIBUTED",
    ),
    "with a stake": ("told CONTRIBUTED", "put REVEALING", "sent reveal", "put REVEALED", "told REVEALED"),
    "at the end": ("put RESULT_UPLOADING", "put RESULT_UPLOADED", "told RESULT_UPLOADED", "put COMPLETING"),
    "all at once": (
        "put CONTRIBUTE_AND_FINALIZE_ONGOING",
        "uploaded",
        "sent contribute_and_finalize",
        "put CONTRIBUTE_AND_FINALIZE_DONE",
        "told CONTRIBUTE_AND_FINALIZE_DONE",
    ),
}


@pytest.mark.parametrize("when", POINTS)
async def test_a_worker_killed_at_any_stage_goes_on_and_is_paid(scene: Scene, when: str) -> None:
    """Each has an app of its own, so that each takes one task and dies at one point; then all come back."""
    if when == "all at once":
        await scene.stop_pool()
        scene.pool_settings["contribute_and_finalize"] = True
        await scene.start_pool()
    began_s = time.time()
    points = dict(enumerate(POINTS[when]))
    before = {n: await scene.stake(f"worker-{n + 1}") for n in points}
    workers: dict[int, Lone] = {}
    tasks: dict[int, str] = {}
    for n, point in points.items():
        app = await scene.app(f"mine-{n}", script("sleep 2; echo 42 >/iexec_out/result.txt"))
        workers[n] = scene.lone_worker(n, allow_apps=(app,), die_at=point)
        (tasks[n],) = (await scene.place(app)).task_ids
        await scene.act(workers[n].start)
    for n, each in workers.items():
        try:
            assert await scene.act(each.died) == -9, f"{points[n]}: {each.said()}"
        except subprocess.TimeoutExpired:
            pytest.fail(f"never reached: {points[n]}\n{each.said()}\n{await scene.story(tasks[n])}")

    for each in workers.values():
        await scene.act(each.start, die_at="")
    try:
        await scene.completed(*tasks.values())
        for n, task_id in tasks.items():
            await scene.until(f"{points[n]} ends well", partial(_over, scene, task_id, n))
    except AssertionError as error:
        said = "\n\n".join(f"{points[n]}:\n{each.said()}" for n, each in workers.items())
        raise AssertionError(f"{error}\n{said}") from None
    gained = {points[n]: (await scene.stake(f"worker-{n + 1}"))[0] - before[n][0] for n in points}
    assert gained == dict.fromkeys(POINTS[when], 990)
    assert [(await scene.stake(f"worker-{n + 1}"))[1] for n in points] == [
        each[1] for each in before.values()
    ]
    started = Counter(await scene.act(starts, scene.engine, began_s))
    assert {points[n]: started[task_id] for n, task_id in tasks.items()} == dict.fromkeys(POINTS[when], 1)


# One task goes through all of these, in turn.
DEATHS = (
    *("put RECEIVED", "put INITIALIZING", "sent initialize", "put INITIALIZED", "put RUNNING"),
    *("put CONSENSUS_REACHED", "put AT_LEAST_ONE_REVEALED", "put RESULT_UPLOADING", "put RESULT_UPLOADED"),
    *("put FINALIZING", "sent finalize", "put COMPLETED"),
)


async def test_a_pool_killed_at_every_stage_sees_its_task_through(scene: Scene) -> None:
    before = await scene.stake("worker-1"), await scene.stake("pool")
    began_s = time.time()
    app = await scene.app("sum", script("sleep 1; echo 42 >/iexec_out/result.txt"))
    await scene.stop_pool()
    await scene.worker()
    (task_id,) = (await scene.place(app)).task_ids
    pool = scene.lone_pool()
    for point in DEATHS:
        await scene.act(pool.start, die_at=point)
        try:
            assert await scene.act(pool.died) == -9, f"{point}: {pool.said()}"
        except subprocess.TimeoutExpired:
            pytest.fail(f"never reached: {point}\n{pool.said()}\n{await scene.story(task_id)}")
    await scene.act(pool.start, die_at="")
    await scene.until("the worker is done", lambda: _over(scene, task_id, 0))
    (state,) = await scene.completed(task_id)
    assert (await scene.result(state))["result.txt"] == b"42\n"
    assert await scene.stake("worker-1") == (before[0][0] + 990, before[0][1])
    assert await scene.stake("pool") == (before[1][0] + 10, before[1][1])
    assert await scene.act(starts, scene.engine, began_s) == [task_id]


async def _over(scene: Scene, task_id: str, n: int) -> bool:
    with contextlib.suppress(ClientError):
        replicate = (await scene.replicates(task_id))[scene.there.workers[n].address]
        return bool(replicate["currentStatus"] == "COMPLETED")
    return False

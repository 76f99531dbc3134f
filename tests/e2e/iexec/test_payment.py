"""From a deal to a paid worker, with everything real."""

from __future__ import annotations

import pytest

from .market import Scene, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_one_worker_computes_proves_and_is_paid(scene: Scene) -> None:
    app = await scene.app("sum", script("echo $(($1 + $2)) >/iexec_out/result.txt"))
    before = await scene.stake("worker-1")
    await scene.worker()
    placed = await scene.place(app, args="20 22")
    (state,) = await scene.completed(*placed.task_ids)
    result = await scene.result(state)
    assert result["result.txt"] == b"42\n"
    stake, locked = await scene.stake("worker-1")
    assert (stake - before[0], locked) == (990, before[1])

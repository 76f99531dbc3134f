"""Several workers on one task, one of which lies."""

from __future__ import annotations

import pytest

from .market import Scene, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SUM = "echo $(($1 + $2)) >/iexec_out/result.txt"
EXPERIENCED = 12  # right answers from which on a vote weighs more


async def test_two_who_agree_share_what_is_paid(scene: Scene) -> None:
    app = await scene.app("sum", script(SUM))
    before = [await scene.stake(f"worker-{n}") for n in (1, 2)]
    for n in range(2):
        await scene.worker(n)
    placed = await scene.place(app, trust=3, args="20 22")
    (state,) = await scene.completed(*placed.task_ids)
    assert (await scene.result(state))["result.txt"] == b"42\n"
    assert state["revealCounter"] == state["winnerCounter"] == 2
    after = [await scene.stake(f"worker-{n}") for n in (1, 2)]
    assert [now[0] - then[0] for now, then in zip(after, before, strict=True)] == [495, 495]
    assert [now[1] for now in after] == [then[1] for then in before]


async def test_of_three_the_one_who_lies_pays_the_others(scene: Scene) -> None:
    app = await scene.app("sum", script(SUM))
    honest, liar = ("worker-3", "worker-4"), "worker-5"
    for role in honest:
        await scene.set_score(role, EXPERIENCED)
    before = {role: (await scene.stake(role))[0] for role in (*honest, liar)}
    await scene.act(scene.lone_worker(4, lies=True).start)
    placed = await scene.place(app, trust=3, args="20 22")
    (task_id,) = placed.task_ids

    async def lied() -> bool:
        return bool((await scene.state(task_id))["contributors"])

    await scene.until("the liar contributed", lied)
    for n in (2, 3):
        await scene.worker(n)
    (state,) = await scene.completed(task_id)
    assert (await scene.result(state))["result.txt"] == b"42\n"
    assert (state["winnerCounter"], len(state["contributors"])) == (2, 3)
    gained = {role: (await scene.stake(role))[0] - before[role] for role in before}
    assert gained[liar] == -300
    assert gained[honest[0]] == gained[honest[1]] == 1300 * 99 // 100 // 2
    await scene.until("the liar hears of it", lambda: _status(scene, task_id, liar, "ABORTED"))


async def _status(scene: Scene, task_id: str, role: str, status: str) -> bool:
    replicate = (await scene.replicates(task_id))[scene.there.account(role).address]
    return bool(replicate["currentStatus"] == status)

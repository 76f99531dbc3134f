"""Apps that fail, want too much, or try to get out: each ends alone, and the requester hears why."""

from __future__ import annotations

import pytest

from .market import HASTY, Scene, script

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

FAILED, TIMEOUT = "APP_COMPUTE_FAILED", "APP_COMPUTE_TIMEOUT"

# What each does, and what the requester hears. 64 MB of memory, 32 processes and 16 MB of disk are allowed.
BAD = {
    "fails": ("exit 3", FAILED),
    "eats-memory": ("x=x; while true; do x=$x$x; done", FAILED),
    "forks": ("f() { f | f & }; f; while :; do :; done", TIMEOUT),
    "fills-disk": ("cat /dev/zero >/iexec_out/zeros || exit 5", FAILED),
    "never-ends": ("while true; do sleep 1; done", TIMEOUT),
    "writes-outside": ("echo gotcha >/etc/passwd || exit 6", FAILED),
    "long-names": (
        "cd /iexec_out; echo >result.txt; echo >" + "n" * 32,
        "POST_COMPUTE_TOO_LONG_RESULT_FILE_NAME",
    ),
    "no-result": ("exit 0", "POST_COMPUTE_COMPUTED_FILE_NOT_FOUND"),
}


async def test_bad_apps_end_alone_and_the_requester_hears_why(scene: Scene) -> None:
    before = await scene.stake("worker-1")
    tasks = {}
    for name, (text, _) in BAD.items():
        app = await scene.app(name, script(text))
        category = HASTY if name in {"never-ends", "forks"} else 0
        tasks[name] = (await scene.place(app, category=category)).task_ids[0]
    good = await scene.app("good", script("echo 42 >/iexec_out/result.txt"))
    await scene.worker(tasks=2, cpus=0.5)
    heard = {name: await scene.cause(task_id, "COMPUTE_FAILED") for name, task_id in tasks.items()}
    assert heard == {name: cause for name, (_, cause) in BAD.items()}
    (after_all,) = (await scene.place(good)).task_ids
    (state,) = await scene.completed(after_all)
    assert (await scene.result(state))["result.txt"] == b"42\n"
    stake, locked = await scene.stake("worker-1")
    assert (stake - before[0], locked) == (990, before[1])


async def test_what_an_app_said_is_told_to_the_requester(scene: Scene) -> None:
    app = await scene.app("moans", script("echo so far; echo no further >&2; exit 9"))
    backend = await scene.worker()
    (task_id,) = (await scene.place(app)).task_ids
    await scene.cause(task_id, "COMPUTE_FAILED")
    assert await backend.journal.logs(task_id) == ("so far\n", "no further\n")
    (replicate,) = (await scene.replicates(task_id)).values()
    assert replicate["appExitCode"] == 9


async def test_an_image_that_is_not_there_is_the_result(scene: Scene) -> None:
    reference = f"{scene.registry.address}/nowhere:1"
    app = await scene.act(scene.market.create_app, reference, "0x" + "00" * 32)
    await scene.worker()
    (task_id,) = (await scene.place(app)).task_ids
    (state,) = await scene.completed(task_id)
    assert b"APP_IMAGE_DOWNLOAD_FAILED" in (await scene.result(state))["error.txt"]


async def test_an_image_that_is_another_than_the_chain_pins_does_not_run(scene: Scene) -> None:
    reference, _ = await scene.image("changed", script("echo 42 >/iexec_out/result.txt"))
    app = await scene.act(scene.market.create_app, reference, "0x" + "22" * 32)
    await scene.worker()
    (task_id,) = (await scene.place(app)).task_ids
    (state,) = await scene.completed(task_id)
    assert b"APP_IMAGE_DOWNLOAD_FAILED" in (await scene.result(state))["error.txt"]

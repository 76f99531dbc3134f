from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from edgepi.compute.model import BoxedJob, ExitReason, Image, Limits, Network, Outcome
from edgepi.errors import ImageError, SandboxError
from edgepi.testing.boxes import FakeBox, FakeSandbox, Script
from edgepi.testing.clock import ManualClock, settle

IMAGE = Image("app:1", "sha256:1", None, 10)


def job(*, time_s: float = 100.0, outputs: Path | None = None) -> BoxedJob:
    return BoxedJob(job_id="j", image=IMAGE, limits=Limits(time_s=time_s, cpus=2.0), outputs=outputs)


async def waiting(box: FakeBox) -> asyncio.Task[Outcome]:
    task = asyncio.ensure_future(box.wait())
    await settle()
    return task


async def test_a_job_ends_after_its_time_and_has_written_its_files(tmp_path: Path) -> None:
    clock = ManualClock()
    sandbox = FakeSandbox(clock, Script(run_s=10, files={"a/b.txt": b"x"}))
    task = await waiting(await sandbox.run(job(outputs=tmp_path)))
    await clock.advance(9)
    assert not task.done()
    await clock.advance(1)
    outcome = await task
    assert outcome.ok
    assert outcome.run_s == 10
    assert (tmp_path / "a/b.txt").read_bytes() == b"x"


async def test_time_of_a_pause_counts_for_nothing() -> None:
    clock = ManualClock()
    box = await FakeSandbox(clock, Script(run_s=10)).run(job(time_s=20))
    task = await waiting(box)
    await clock.advance(5)
    await box.pause()
    await clock.advance(1000)
    assert box.outcome is None
    await box.resume()
    await settle()
    await clock.advance(5)
    assert (await task).run_s == 10


async def test_a_job_that_takes_too_long_times_out() -> None:
    clock = ManualClock()
    box = await FakeSandbox(clock, Script(run_s=50, full_speed_cpus=2.0)).run(job(time_s=60))
    await box.set_cpus(1.0)
    task = await waiting(box)
    await clock.advance(60)
    assert (await task).reason is ExitReason.TIMED_OUT


async def test_what_a_power_cut_ends_is_found_as_lost_until_it_is_removed() -> None:
    sandbox = FakeSandbox(ManualClock(), Script(run_s=50))
    await sandbox.run(job())
    sandbox.cut_power()
    found = await sandbox.find("j")
    assert found is not None
    assert (await found.wait()).reason is ExitReason.LOST
    assert await sandbox.leftovers() == ("j",)
    await sandbox.remove("j")
    assert await sandbox.find("j") is None


async def test_lost_walls_end_only_what_has_the_internet() -> None:
    sandbox = FakeSandbox(ManualClock(), Script(run_s=50))
    alone = await sandbox.run(job())
    online = await sandbox.run(replace(job(), job_id="online", network=Network.INTERNET))
    sandbox.lose_walls()
    assert (await online.wait()).reason is ExitReason.UNWALLED
    assert not alone.ended


async def test_failures_can_be_asked_for() -> None:
    sandbox = FakeSandbox(ManualClock())
    sandbox.failing["run"] = SandboxError("no")
    with pytest.raises(SandboxError):
        await sandbox.run(job())
    sandbox.digests["app:1"] = "sha256:2"
    with pytest.raises(ImageError, match="pinned"):
        await sandbox.pull("app:1", timeout_s=1, digest="sha256:3")

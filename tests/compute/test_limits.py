from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edgepi.compute.engine import Engine
from edgepi.compute.limits import Ending, Placement, cpu_quota, host_config, readiness, serious, verdict
from edgepi.compute.model import BoxedJob, ExitReason, Image, Limits
from edgepi.compute.sandbox import Sandbox
from edgepi.errors import SandboxError
from edgepi.testing.clock import ManualClock

MIB = 1024**2
INFO = {
    "OSType": "linux",
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
}
JOB = BoxedJob(
    job_id="j",
    image=Image("app:1", "sha256:1", None, 10),
    limits=Limits(time_s=10, memory_bytes=256 * MIB, cpus=0.5, pids=20, disk_bytes=100 * MIB),
    outputs=Path("/nowhere/out"),
)
PLACE = Placement(user="1000:1000", outputs=Path("/nowhere/out"), network="none", processors=4)
ENDING = Ending(exit_code=0, out_of_memory=False, disk_full=False, attended=True)


def test_an_engine_that_enforces_everything_is_ready() -> None:
    assert readiness(INFO, swap_bytes=0).ok


@pytest.mark.parametrize("limit", ["MemoryLimit", "PidsLimit", "CpuCfsQuota"])
def test_a_limit_that_would_not_be_enforced_is_named_with_what_to_change(limit: str) -> None:
    found = readiness({**INFO, limit: False}, swap_bytes=0)
    assert not found.ok
    assert "cgroup_enable=memory cgroup_memory=1" in (found.hint or "")
    assert "/boot/firmware/cmdline.txt" in (found.hint or "")


def test_swap_matters_where_it_is_and_is_not_limited() -> None:
    unlimited = {**INFO, "SwapLimit": False}
    assert readiness(unlimited, swap_bytes=0).ok
    assert "swap" in readiness(unlimited, swap_bytes=100).sentence


def test_an_engine_without_filter_of_system_calls_runs_nothing() -> None:
    for options in ([], ["name=seccomp,profile=unconfined"]):
        assert not readiness({**INFO, "SecurityOptions": options}, swap_bytes=0).ok


async def test_the_sandbox_asks_before_anything_is_made(tmp_path: Path) -> None:
    asked: list[str] = []

    def info() -> dict[str, Any]:
        asked.append("info")
        return {**INFO, "MemoryLimit": False}

    class Double:
        async def call(self, work: Callable[[Any], Any]) -> Any:
            return await asyncio.to_thread(work, SimpleNamespace(api=SimpleNamespace(info=info)))

    engine = cast("Engine", Double())
    log = logging.getLogger("test")
    sandbox = Sandbox(engine=engine, clock=ManualClock(), owner="o", log=log, folder=tmp_path)
    with pytest.raises(SandboxError, match="memory"):
        await sandbox.run(JOB)
    assert asked == ["info"]
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


def test_every_wall_is_asked_for() -> None:
    asked = host_config(JOB, PLACE)
    assert asked["Memory"] == asked["MemorySwap"] == 256 * MIB
    assert (asked["CpuQuota"], asked["CpuPeriod"], asked["PidsLimit"]) == (50_000, 100_000, 20)
    assert asked["CapDrop"] == ["ALL"]
    assert asked["SecurityOpt"] == ["no-new-privileges"]
    assert asked["ReadonlyRootfs"]
    assert not asked["Privileged"]
    assert (asked["IpcMode"], asked["NetworkMode"]) == ("private", "none")
    assert {"Name": "fsize", "Soft": 100 * MIB, "Hard": 100 * MIB} in asked["Ulimits"]
    assert all("nosuid,nodev,size=" in options for options in asked["Tmpfs"].values())


def test_a_volume_of_the_image_becomes_memory_unless_it_is_the_outputs() -> None:
    asked = host_config(JOB, replace(PLACE, volumes=("/data", "/tmp", "/out/", "/data/")))
    kinds = {mount["Target"]: mount["Type"] for mount in asked["Mounts"]}
    assert kinds == {"/out": "bind", "/data": "tmpfs", "/tmp": "tmpfs"}
    assert "/tmp" not in asked["Tmpfs"]


@pytest.mark.parametrize("volumes", [("/",), ("relative",), ("//",), tuple(f"/v{n}" for n in range(20))])
def test_volumes_that_cannot_be_meant_are_refused(volumes: tuple[str, ...]) -> None:
    with pytest.raises(SandboxError):
        host_config(JOB, replace(PLACE, volumes=volumes))


def test_a_share_of_the_processor_stays_within_what_there_is() -> None:
    assert cpu_quota(8, 4) == 400_000
    assert cpu_quota(0.0001, 4) == 1000


def test_only_warnings_of_dropped_limits_are_serious() -> None:
    said = ["Your kernel does not support swap limit capabilities", "Your kernel does not support pids limit"]
    assert serious(said) == (said[1],)
    assert serious(None) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ExitReason.FINISHED),
        ({"exit_code": 1}, ExitReason.FAILED),
        ({"exit_code": 137, "out_of_memory": True}, ExitReason.OUT_OF_MEMORY),
        ({"exit_code": 0, "out_of_memory": True}, ExitReason.FINISHED),
        ({"exit_code": 1, "disk_full": True}, ExitReason.DISK_FULL),
        ({"exit_code": 153}, ExitReason.DISK_FULL),
        ({"exit_code": 137}, ExitReason.KILLED),
        ({"exit_code": 137, "attended": False}, ExitReason.LOST),
        ({"exit_code": 255, "attended": False}, ExitReason.LOST),
        ({"exit_code": 1, "attended": False}, ExitReason.FAILED),
        ({"exit_code": 143}, ExitReason.LOST),  # the engine was stopped, with all its containers
        ({"exit_code": 137, "decided": (ExitReason.TIMED_OUT, "late")}, ExitReason.TIMED_OUT),
        ({"exit_code": 127, "error": "no such file"}, ExitReason.FAILED),
    ],
)
def test_reasons_are_told_apart(changes: dict[str, Any], reason: ExitReason) -> None:
    assert verdict(replace(ENDING, **changes))[0] is reason

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edgepi.clock import SystemClock
from edgepi.compute.engine import Engine
from edgepi.compute.model import BoxedJob, ExitReason, Image, Limits
from edgepi.compute.sandbox import Sandbox
from tests.engine import TOOL, load_image, shell

pytestmark = pytest.mark.slow

LOG = logging.getLogger("test")


@pytest.fixture
def place() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="edgepi-tool-", dir="/tmp"))
    yield folder
    tool("remove", str(folder))


def tool(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, TOOL, *words], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def engines(folder: Path) -> list[int]:
    """Every process that names the folder: engine, containerd, and their containers' shims."""
    found = psutil.process_iter(["cmdline"])
    return [p.pid for p in found if any(w.startswith(f"{folder}/") for w in p.info["cmdline"] or ())]


def kill_as_root(pid: int) -> None:
    """End a process of the engine's, which is root's, as the power does."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*prefix, "kill", "-KILL", str(pid)], check=True)


def wait_until_gone(folder: Path) -> None:
    while folder.exists() or engines(folder):
        time.sleep(0.1)


async def sleeper(url: str, folder: Path) -> tuple[Sandbox, BoxedJob]:
    engine = Engine(url)
    await engine.call(lambda client: load_image(client, "sleeper:1", shell("sleep 1000")))
    built = await engine.call(lambda client: client.api.inspect_image("sleeper:1"))
    image = Image("sleeper:1", built["Id"], None, built["Size"])
    sandbox = Sandbox(engine=engine, clock=SystemClock(), owner="0" * 12, log=LOG, folder=folder)
    return sandbox, BoxedJob(job_id="j", image=image, limits=Limits(time_s=1000))


@pytest.mark.filterwarnings("ignore:unclosed")  # the SDK leaves a refused connection to the collector
async def test_an_engine_that_dies_loses_its_jobs_and_starts_again(place: Path, tmp_path: Path) -> None:
    url = await asyncio.to_thread(tool, "start", str(place))
    sandbox, job = await sleeper(url, tmp_path)
    box = await sandbox.run(job)
    for line in (await asyncio.to_thread((place / "pids").read_text)).split():
        await asyncio.to_thread(kill_as_root, int(line))
    assert await asyncio.to_thread(tool, "start", str(place)) == url
    outcome = await box.wait()
    assert outcome.reason is ExitReason.LOST, outcome
    await sandbox.remove("j")
    assert (await sandbox.readiness()).ok
    await sandbox.close()
    del box, sandbox
    gc.collect()


async def test_it_ends_with_all_it_runs_when_its_starter_is_killed(place: Path, tmp_path: Path) -> None:
    starter = await asyncio.to_thread(subprocess.Popen, ["sleep", "1000"])
    url = await asyncio.to_thread(tool, "start", str(place), "--while", str(starter.pid))
    sandbox, job = await sleeper(url, tmp_path)
    await sandbox.run(job)
    await sandbox.close()
    assert len(engines(place)) >= 3
    starter.kill()
    await asyncio.to_thread(starter.wait)
    await asyncio.to_thread(wait_until_gone, place)
    assert str(place) not in await asyncio.to_thread(Path("/proc/self/mountinfo").read_text)


def test_what_it_kept_is_there_after_a_stop(place: Path) -> None:
    import docker

    with contextlib.closing(docker.DockerClient(base_url=tool("start", str(place)))) as client:
        load_image(client, "kept:1", shell("true"))
        client.networks.create("left", options={"com.docker.network.bridge.name": "edgepi-left0"})
    tool("stop", str(place))
    assert engines(place) == []
    assert not Path("/sys/class/net/edgepi-left0").exists()
    with contextlib.closing(docker.DockerClient(base_url=tool("start", str(place)))) as client:
        assert client.images.get("kept:1").tags == ["kept:1"]

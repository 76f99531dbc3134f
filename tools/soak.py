"""Runs a simulated node for long and watches its memory, open files and answers."""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from edgepi.cli.client import NodeClient
from edgepi.errors import EdgePiError
from tools.soak_jobs import Jobs, Standing, beside_processes

MB = 1024 * 1024
MEMORY_GROWTH = 1.10  # of the last quarter over the second
FILES_GROWTH = 10
CAMERA_GROWTH = (
    1.2  # of the most in the last quarter over the most in the second: it comes and goes with the sun
)
RENDERER = "edgepi.sim.film"  # makes the camera's film once


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one moment; None while the node was switched off."""

    at_s: float
    memory_mb: float
    files: int
    answered: bool
    camera_mb: float = 0.0


def main() -> int:
    """Run; 1 if the node leaks or stops answering."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=60.0, help="world seconds per second")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between looks")
    parser.add_argument("--jobs", choices=("auto", "yes", "no"), default="auto", help="with paid jobs")
    parser.add_argument("--cut-minutes", type=float, default=4.0, help="real minutes between power cuts")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgepi-soak-") as folder:
        state = Path(folder) / "state"
        jobs = Jobs(Path(folder), state, args.cut_minutes * 60.0) if args.jobs != "no" else None
        if jobs is not None and not jobs.start():
            print("soak: no container engine can be started (root or sudo is needed): no paid jobs")
            if args.jobs == "yes":
                return 1
            jobs = None
        try:
            return soak(args, state, jobs)
        finally:
            if jobs is not None:
                jobs.stop()


def soak(args: argparse.Namespace, state: Path, jobs: Jobs | None) -> int:
    """Run the world, watch it, and judge."""
    log = Path(".cache/logs/soak.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    print(f"log: {log}")
    command = [sys.executable, "-m", "edgepi", "sim", "--rate", str(args.rate), "--state-dir", str(state)]
    with log.open("wb") as output:
        world = subprocess.Popen(
            [*command, *(jobs.arguments() if jobs else [])],
            env=jobs.environment() if jobs else None,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            samples = watch(world, state, args.hours * 3600, args.every, jobs)
            standing = stand(jobs) if jobs else None
        finally:
            stop(world)
    if jobs is None:
        return judge(samples, statistics.median)
    # While a task is in work more is loaded: what counts is what it comes back to.
    return max(judge(samples, min), judge_jobs(standing, jobs))


def stand(jobs: Jobs) -> Standing | None:
    """How the tasks stand; None while chain or journal cannot be asked."""
    try:
        return jobs.standing()
    except (EdgePiError, OSError, sqlite3.Error) as error:
        print(f"the tasks cannot be looked at: {error}")
        return None


def judge_jobs(standing: Standing | None, jobs: Jobs) -> int:
    """No stake may be lost, nothing be let go of once it was contributed, nothing computed twice."""
    if standing is None or not standing.paid:
        print("soak: no task was paid")
        return 1
    print(f"soak: {standing}, {jobs.cuts} cuts of the power besides the planned sleeps")
    for wrong in standing.wrong:
        print(f"soak: {wrong}")
    return int(bool(standing.wrong))


def watch(
    world: subprocess.Popen[bytes], state: Path, seconds: float, every_s: float, jobs: Jobs | None
) -> list[Sample]:
    """Look at the processes until the time is over or the world ends."""
    begun, samples = time.monotonic(), list[Sample]()
    while (at_s := time.monotonic() - begun) < seconds and world.poll() is None:
        time.sleep(min(every_s, seconds - at_s))
        sample = look(world.pid, state, time.monotonic() - begun)
        samples.append(sample)
        print(
            f"{sample.at_s / 60:7.1f} min  {sample.memory_mb:6.1f} MB  {sample.camera_mb:6.1f} MB camera  "
            f"{sample.files:4} files  {'answers' if sample.answered else 'is off'}",
            flush=True,
        )
        if jobs is not None:
            print(f"{'':11} {stand(jobs)}", flush=True)
            jobs.maybe_cut(world.pid, time.monotonic() - begun)
    return samples


def look(pid: int, state: Path, at_s: float) -> Sample:
    """Add up the world's and the node's processes; a chain is another machine and grows by its nature."""
    memory, camera, files = 0, 0, 0
    parent, others = psutil.Process(pid), beside_processes(pid)
    for process in (parent, *parent.children(recursive=True)):
        if process.pid in others:
            continue
        try:
            words, used = process.cmdline(), process.memory_full_info().uss
            if RENDERER in words:
                continue
            watches = any(word.startswith("edgepi_camera.") for word in words)
            memory, camera = memory + used * (not watches), camera + used * watches
            files += 0 if watches else process.num_fds()
        except psutil.Error:
            continue
    try:
        NodeClient(state).get("status")
        answered = True
    except EdgePiError:
        answered = False
    return Sample(at_s, memory / MB, files, answered, camera / MB)


def stop(world: subprocess.Popen[bytes]) -> None:
    """End the world as Ctrl-C does, and by force if it does not listen."""
    if world.poll() is None:
        world.terminate()
        try:
            world.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(world.pid, signal.SIGKILL)


def judge(samples: list[Sample], usual: Callable[[list[float]], float]) -> int:
    """Compare the last quarter with the second, by what was *usual*; only while the node was on."""
    on = [sample for sample in samples if sample.answered]
    quarter = len(on) // 4
    if quarter < 2:
        print(f"soak: too little was seen: the node answered {len(on)} of {len(samples)} times")
        return 1
    before, after = on[quarter : 2 * quarter], on[-quarter:]
    growth = usual([s.memory_mb for s in after]) / usual([s.memory_mb for s in before])
    files = usual([s.files for s in after]) - usual([s.files for s in before])
    camera = max(s.camera_mb for s in after) / (max(s.camera_mb for s in before) or 1e9)
    bad = growth > MEMORY_GROWTH or files > FILES_GROWTH or camera > CAMERA_GROWTH
    print(
        f"soak: memory x{growth:.3f} (at most {MEMORY_GROWTH}), files {files:+.0f} (at most +{FILES_GROWTH}),"
        f" camera x{camera:.3f} (at most {CAMERA_GROWTH})"
    )
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())

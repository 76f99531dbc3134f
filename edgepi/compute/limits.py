"""The walls of a container: would they hold here, and how the engine is told of them; pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.compute.model import BoxedJob, ExitReason, Readiness
from edgepi.errors import SandboxError

__all__ = [
    "CPU_PERIOD_US",
    "Ending",
    "Placement",
    "cpu_quota",
    "host_config",
    "readiness",
    "serious",
    "verdict",
]

CPU_PERIOD_US = 100_000
SIGKILLED, TERMINATED, ENGINE_LOST, FILE_TOO_LARGE = 137, 143, 255, 153
MOST_VOLUMES = 16
MIB = 1024**2

_CGROUP_HINT = (
    "add `cgroup_enable=memory cgroup_memory=1` to the line in /boot/firmware/cmdline.txt and reboot"
    " (Raspberry Pi OS); elsewhere the kernel needs its {0} controller"
)
_NEEDED = (
    ("MemoryLimit", "memory"),
    ("PidsLimit", "pids"),
    ("CpuCfsQuota", "cpu"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a container gets of this machine besides its image."""

    user: str
    outputs: Path | None
    network: str
    volumes: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    init: bool = True
    processors: int = 1


def readiness(info: Mapping[str, Any], *, swap_bytes: int) -> Readiness:
    """Say from the engine's own report (``GET /info``) whether every limit would be enforced."""
    if info.get("OSType", "linux") != "linux":
        return Readiness(ok=False, sentence="the container engine does not run Linux containers")
    for key, name in _NEEDED:
        if not info.get(key):
            hint = _CGROUP_HINT.format(name)
            return Readiness(
                ok=False, sentence=f"no limit on a job's {name} would be enforced here", hint=hint
            )
    if not info.get("SwapLimit") and swap_bytes:
        return Readiness(
            ok=False,
            sentence="a job could fill this machine's swap, which its memory limit does not cover",
            hint="add `swapaccount=1` to the kernel's command line and reboot, or: sudo swapoff -a",
        )
    options = " ".join(info.get("SecurityOptions") or ())
    if "name=seccomp" not in options or "profile=unconfined" in options:
        return Readiness(
            ok=False,
            sentence="the container engine does not filter system calls",
            hint="remove `seccomp-profile` from /etc/docker/daemon.json; the kernel needs CONFIG_SECCOMP",
        )
    return Readiness(ok=True, sentence="memory, processor, processes and system calls of jobs are limited")


def serious(warnings: Iterable[str] | None) -> tuple[str, ...]:
    """Return the engine's warnings about limits that it drops; swap is judged by `readiness`."""
    harmless = ("swap", "swappiness", "platform")
    return tuple(w for w in warnings or () if not any(word in w.lower() for word in harmless))


def cpu_quota(cpus: float, processors: int) -> int:
    """Return microseconds of processor per `CPU_PERIOD_US`, within what the kernel takes."""
    return max(1000, round(min(cpus, float(processors)) * CPU_PERIOD_US))


def host_config(job: BoxedJob, placement: Placement) -> dict[str, Any]:
    """Return the engine's ``HostConfig`` of a job."""
    limits = job.limits
    return {
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,  # memory and swap together: none
        "CpuPeriod": CPU_PERIOD_US,
        "CpuQuota": cpu_quota(limits.cpus, placement.processors),
        "PidsLimit": limits.pids,
        "OomScoreAdj": 500,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
        "ReadonlyRootfs": not job.writable_root,
        "IpcMode": "private",
        "ShmSize": _share(job, 4),
        "NetworkMode": placement.network,
        "Dns": list(placement.resolvers),
        "Init": placement.init,
        "Devices": [],
        "RestartPolicy": {"Name": "no"},
        "Ulimits": [_ulimit("fsize", limits.disk_bytes), _ulimit("core", 0), _ulimit("nofile", 4096)],
        "LogConfig": _log_config(limits.log_bytes),
        "Mounts": _mounts(job, placement),
        "Tmpfs": _tmpfs(job, placement),
    }


def _share(job: BoxedJob, parts: int) -> int:
    """Memory for files, which counts against the job's own limit."""
    return max(MIB, min(job.limits.memory_bytes // parts, job.limits.disk_bytes))


def _ulimit(name: str, most: int) -> dict[str, Any]:
    return {"Name": name, "Soft": most, "Hard": most}


def _log_config(log_bytes: int) -> dict[str, Any]:
    """Two files, so that a fresh one never leaves less than what is to be kept; lines have some overhead."""
    size = max(64 * 1024, 2 * log_bytes)
    return {"Type": "local", "Config": {"max-size": str(size), "max-file": "2", "compress": "false"}}


def _tmpfs(job: BoxedJob, placement: Placement) -> dict[str, str]:
    """Writable places in memory; programs may be unpacked there, as interpreters and Java do."""
    places = {"/tmp": _share(job, 2), "/var/tmp": _share(job, 4), "/run": _share(job, 8)}  # noqa: S108 (the container's)
    taken = {*_cleaned(placement.volumes), *_own_places(job)}
    return {
        place: f"rw,exec,nosuid,nodev,size={size},mode=1777"
        for place, size in places.items()
        if place not in taken
    }


def _mounts(job: BoxedJob, placement: Placement) -> list[dict[str, Any]]:
    mounts = []
    if job.inputs is not None:
        mounts.append(_bind(job.inputs, job.inputs_at, read_only=True))
    if placement.outputs is not None:
        mounts.append(_bind(placement.outputs, job.outputs_at, read_only=False))
    return mounts + [
        # A volume that the image declares would be a folder of the engine's, with no limit on its size.
        {"Type": "tmpfs", "Target": place, "TmpfsOptions": {"SizeBytes": _share(job, 4), "Mode": 0o1777}}
        for place in _cleaned(placement.volumes)
        if place not in _own_places(job)
    ]


def _bind(source: Path, target: str, *, read_only: bool) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": str(source.resolve()),
        "Target": _absolute(target),
        "ReadOnly": read_only,
    }


def _own_places(job: BoxedJob) -> set[str]:
    places = {_absolute(job.inputs_at)} if job.inputs is not None else set()
    return places | ({_absolute(job.outputs_at)} if job.outputs is not None else set())


def _absolute(place: str) -> str:
    cleaned = posixpath.normpath(place)
    if not cleaned.startswith("/") or cleaned in {"/", "//"}:
        raise SandboxError(f"{place!r} is no place for a job's files")
    return cleaned


def _cleaned(volumes: Sequence[str]) -> tuple[str, ...]:
    if len(volumes) > MOST_VOLUMES:
        raise SandboxError(f"the image declares {len(volumes)} volumes; {MOST_VOLUMES} are allowed")
    return tuple(dict.fromkeys(_absolute(place) for place in volumes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known of a container that has ended.

    *decided* is why the node ended it, if it did; *attended* whether the node was there all the time.
    """

    exit_code: int
    out_of_memory: bool
    disk_full: bool
    attended: bool
    decided: tuple[ExitReason, str] | None = None
    error: str = ""


def verdict(ending: Ending) -> tuple[ExitReason, str]:
    """Tell why a container ended, and a sentence for it."""
    code = ending.exit_code
    known: tuple[tuple[object, ExitReason, str], ...] = (
        (code == 0 and not ending.error, ExitReason.FINISHED, "the app ended well"),
        (ending.out_of_memory, ExitReason.OUT_OF_MEMORY, "the app needed more memory than it may use"),
        (
            ending.disk_full or code == FILE_TOO_LARGE,
            ExitReason.DISK_FULL,
            "the app needed more room for its files than it may use",
        ),
        (
            not ending.attended and code in {SIGKILLED, TERMINATED, ENGINE_LOST},
            ExitReason.LOST,
            "the app was cut off while nobody watched it, as by a power cut",
        ),
        (
            code == TERMINATED,
            ExitReason.LOST,
            "the app was stopped from outside, as when the engine goes down",
        ),
        (code == SIGKILLED, ExitReason.KILLED, "the app was killed, and not by this node"),
        (ending.error, ExitReason.FAILED, f"the app could not be started: {ending.error[:300]}"),
    )
    found = ((reason, sentence) for holds, reason, sentence in known if holds)
    return ending.decided or next(found, (ExitReason.FAILED, f"the app failed with exit code {code}"))

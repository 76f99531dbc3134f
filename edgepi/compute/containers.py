"""What is asked of the engine about one container; every function blocks and is handed the SDK's client."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from edgepi.compute.engine import JOB_LABEL, OWNER_LABEL
from edgepi.compute.limits import CPU_PERIOD_US, cpu_quota

__all__ = [
    "Presence",
    "Used",
    "kill",
    "labelled",
    "logs",
    "open_root",
    "pause",
    "remove",
    "resume",
    "sees",
    "set_cpus",
    "state",
    "usage",
    "wait",
    "written_bytes",
]

WAIT_S = 2
_CREATED = "created"
_ROOT_FOLDERS = ("home", "opt", "root", "run", "srv", "var", "var/cache", "var/lib", "var/log")


class Presence(Enum):
    """Whether a container runs."""

    RUNNING = "running"
    ENDED = "ended"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Used:
    """What a container uses; *memory_bytes* the most so far, or where the kernel does not say, now."""

    cpu_s: float
    memory_bytes: int


def wait(client: Any, name: str) -> Presence:
    """Wait a few seconds for the end."""
    from docker import errors

    try:
        with _until_timeout():
            client.api.wait(name, timeout=WAIT_S)
        found = client.api.inspect_container(name)["State"]
    except errors.NotFound:
        return Presence.GONE
    return Presence.RUNNING if found["Running"] or found["Paused"] or found["Restarting"] else Presence.ENDED


def state(client: Any, name: str) -> dict[str, Any] | None:
    """Return the engine's ``State``, None if it is gone; one that never started was lost on the way."""
    from docker import errors

    try:
        found: dict[str, Any] = client.api.inspect_container(name)["State"]
    except errors.NotFound:
        return None
    if found["Status"] == _CREATED and not found.get("Error"):
        return {**found, "ExitCode": 255}
    return found


def pause(client: Any, name: str) -> bool:
    """Freeze it; whether it was there to be frozen."""
    with _unless_ended():
        client.api.pause(name)
        return True
    return False


def resume(client: Any, name: str) -> bool:
    """Thaw it; whether it was there to be thawed."""
    with _unless_ended():
        client.api.unpause(name)
        return True
    return False


def kill(client: Any, name: str) -> bool:
    """End it; whether it was there to be ended. A frozen one would not hear, so it is thawed."""
    with _unless_ended():
        client.api.kill(name)
        with _unless_ended():
            client.api.unpause(name)
        return True
    return False


def set_cpus(client: Any, name: str, cpus: float) -> bool:
    """Change its share of the processor; whether it was there."""
    quota = cpu_quota(cpus, int(client.api.info()["NCPU"]))
    with _unless_ended():
        client.api.update_container(name, cpu_period=CPU_PERIOD_US, cpu_quota=quota)
        return True
    return False


def remove(client: Any, name: str) -> None:
    """Remove it, running or not, and its volumes."""
    with _unless_ended():
        client.api.remove_container(name, v=True, force=True)


def usage(client: Any, name: str) -> Used:
    """Return what it uses now; nothing of one that has ended."""
    with _unless_ended():
        found = client.api.stats(name, stream=False, one_shot=True)
        memory = found.get("memory_stats") or {}
        cpu_ns = ((found.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage", 0)
        return Used(cpu_ns / 1e9, int(memory.get("max_usage") or memory.get("usage") or 0))
    return Used(0.0, 0)


def written_bytes(client: Any, name: str) -> int:
    """Return how much it has written into its own root."""
    found = client.api.containers(all=True, size=True, filters={"id": name})
    return int(found[0].get("SizeRw") or 0) if found else 0


def logs(client: Any, name: str, most_bytes: int) -> tuple[str, str]:
    """Return the last that it said, on either stream."""
    found = []
    for stream in ("stdout", "stderr"):
        wanted = {"stdout": stream == "stdout", "stderr": stream == "stderr"}
        parts = client.api.logs(name, stream=True, follow=False, **wanted)
        found.append(_last(parts, most_bytes).decode(errors="replace"))
    return found[0], found[1]


def labelled(client: Any, owner: str, job_id: str | None = None) -> list[dict[str, Any]]:
    """List the containers of an owner, running or not: as the engine lists them."""
    labels = [f"{OWNER_LABEL}={owner}"] + ([f"{JOB_LABEL}={job_id}"] if job_id is not None else [])
    found: list[dict[str, Any]] = client.api.containers(all=True, filters={"label": labels})
    return [c for c in found if c["Labels"].get(OWNER_LABEL) == owner]


def sees(client: Any, name: str, place: str, folder: Path) -> bool:
    """Whether the engine shows *folder*, and not another one of the same name, at a place in a container."""
    stream, found = client.api.get_archive(name, place)
    stream.close()
    seen = datetime.fromisoformat(found["mtime"])
    own_us = folder.stat().st_mtime_ns // 1000
    return int(seen.timestamp()) == own_us // 10**6 and seen.microsecond == own_us % 10**6


def open_root(client: Any, name: str, user: tuple[int, int], working_dir: str) -> None:
    """Give the usual folders of a writable root to the container's user, who is not the image's."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in dict.fromkeys((*_ROOT_FOLDERS, working_dir.strip("/"))):
            if not folder:
                continue  # the engine does not change the root itself
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            entry.uid, entry.gid = user
            archive.addfile(entry)
    client.api.put_archive(name, "/", buffer.getvalue())


def _last(parts: Iterable[bytes], most_bytes: int) -> bytes:
    kept = bytearray()
    for part in parts:
        kept += part
        if len(kept) > 2 * most_bytes + 65536:
            del kept[: len(kept) - most_bytes]
    return bytes(kept[-most_bytes:]) if most_bytes else b""


@contextlib.contextmanager
def _until_timeout() -> Iterator[None]:
    """Pass over it when the engine has not answered yet, but not when it went away."""
    from requests import exceptions
    from urllib3.exceptions import ReadTimeoutError

    try:
        yield
    except exceptions.ReadTimeout:
        return
    except exceptions.ConnectionError as error:
        if not any(isinstance(reason, ReadTimeoutError) for reason in error.args):
            raise


@contextlib.contextmanager
def _unless_ended() -> Iterator[None]:
    """Pass over it when a container is gone (404) or in no state for this any more (409)."""
    from docker import errors

    try:
        yield
    except errors.APIError as error:
        if error.status_code not in {304, 404, 409} and not _is_ended(error):
            raise


def _is_ended(error: Any) -> bool:
    """Older engines answer 500 to what a container that has just ended cannot do."""
    said = str(error.explanation or "").lower()
    return error.status_code == 500 and (
        "not running" in said or "no such process" in said or "not paused" in said
    )

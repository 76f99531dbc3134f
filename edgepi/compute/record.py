"""What is kept of each container on disk, so that the next life of the node can deal with it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.compute.model import BoxedJob, ExitReason, Outcome
from edgepi.files import atomic_write

__all__ = ["BoxRecord", "Place", "key_of", "record_of"]


def key_of(job_id: str) -> str:
    """A name for files and containers: a job's own may hold anything."""
    return hashlib.sha256(job_id.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRecord:
    """One container's limits and what it has used; *running_since* is ISO time, None while it does not run.

    *decided* is why the node ended it and the sentence for that; *outcome* is there once all is over.
    """

    job_id: str
    time_s: float
    memory_bytes: int
    disk_bytes: int
    log_bytes: int
    outputs: str | None
    on_disk_image: bool = False
    writable_root: bool = False
    internet: bool = False
    run_s: float = 0.0
    running_since: str | None = None
    decided: tuple[str, str] | None = None
    outcome: dict[str, Any] | None = None

    def stopped(self, run_s: float) -> BoxRecord:
        """The record of a container that does not run."""
        return replace(self, run_s=run_s, running_since=None)

    def running(self, run_s: float, now: datetime) -> BoxRecord:
        """The record of a container that runs from now on."""
        return replace(self, run_s=run_s, running_since=now.isoformat())

    def used_s(self, now: datetime) -> float:
        """How long it has run by *now*, as far as the wall clock knows."""
        if self.running_since is None:
            return self.run_s
        return self.run_s + max(0.0, (now - datetime.fromisoformat(self.running_since)).total_seconds())

    def ended(self, outcome: Outcome) -> BoxRecord:
        """The record of a container that is over; its logs stay with the engine."""
        kept = {**asdict(replace(outcome, stdout="", stderr="")), "reason": outcome.reason.value}
        return replace(self, run_s=outcome.run_s, running_since=None, outcome=kept)

    def known_outcome(self) -> Outcome | None:
        """How it ended, if that is known; without logs."""
        if self.outcome is None:
            return None
        return Outcome(**{**self.outcome, "reason": ExitReason(self.outcome["reason"])})


def record_of(job: BoxedJob, *, on_disk_image: bool, internet: bool) -> BoxRecord:
    """Return the record of a job that has not started."""
    return BoxRecord(
        job_id=job.job_id,
        time_s=job.limits.time_s,
        memory_bytes=job.limits.memory_bytes,
        disk_bytes=job.limits.disk_bytes,
        log_bytes=job.limits.log_bytes,
        outputs=str(job.outputs) if job.outputs is not None else None,
        on_disk_image=on_disk_image,
        writable_root=job.writable_root,
        internet=internet,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one container: its record, the file with its disk, where that is mounted. Calls block."""

    folder: Path

    @property
    def image(self) -> Path:
        """The file that holds the disk."""
        return self.folder / "disk.img"

    @property
    def mounted(self) -> Path:
        """Where the disk is mounted."""
        return self.folder / "out"

    def write(self, record: BoxRecord) -> None:
        """Have a record on disk; raises OSError."""
        atomic_write(self.folder / "record.json", json.dumps(asdict(record)), mode=0o600)

    def read(self) -> BoxRecord | None:
        """Return the record, None if there is none that can be read."""
        try:
            kept = json.loads((self.folder / "record.json").read_text())
            decided = kept.pop("decided")
            return BoxRecord(**kept, decided=tuple(decided) if decided else None)
        except (OSError, ValueError, TypeError, KeyError):
            return None

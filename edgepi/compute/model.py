"""What a job asks of the sandbox and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

__all__ = ["BoxedJob", "ExitReason", "Image", "Limits", "Network", "Outcome", "PullProgress", "Readiness"]


class Network(StrEnum):
    """What a job may reach: nothing, or the internet without the local network and the host."""

    NONE = "none"
    INTERNET = "internet"


class ExitReason(StrEnum):
    """Why a container ended; KILLED, LOST and UNWALLED (its firewall is gone) are not the app's doing."""

    FINISHED = "finished"
    FAILED = "failed"
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    DISK_FULL = "disk_full"
    KILLED = "killed"
    LOST = "lost"
    UNWALLED = "unwalled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a job may use at most; *time_s* counts the clock's seconds while it is not paused."""

    time_s: float
    memory_bytes: int = 512 * 1024**2
    cpus: float = 1.0
    pids: int = 128
    disk_bytes: int = 1024**3
    log_bytes: int = 1024**2


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether every limit would be enforced on this machine, in a sentence; *hint* says what to change."""

    ok: bool
    sentence: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image on this machine, by the digest of its own content."""

    reference: str
    image_id: str
    digest: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a download is; *total_bytes* 0 while it is not known."""

    done_bytes: int
    total_bytes: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedJob:
    """One container to run.

    *inputs* is a folder shown read-only at *inputs_at*, *outputs* an empty folder that is
    writable at *outputs_at*; both may be None. *writable_root* for an app that insists.
    """

    job_id: str
    image: Image
    limits: Limits
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    inputs: Path | None = None
    inputs_at: str = "/in"
    outputs: Path | None = None
    outputs_at: str = "/out"
    network: Network = Network.NONE
    writable_root: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a container ended; *run_s* of the clock without pauses, logs are the last that was said."""

    reason: ExitReason
    exit_code: int | None
    sentence: str
    run_s: float = 0.0
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    stdout: str = ""
    stderr: str = ""

    @property
    def ok(self) -> bool:
        """Whether the app itself ended well."""
        return self.reason is ExitReason.FINISHED

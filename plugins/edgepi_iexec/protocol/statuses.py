"""Where a worker's share in a task stands."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["FINAL", "WORKFLOW", "ReplicateStatus"]


class ReplicateStatus(StrEnum):
    """In the protocol's own order, which means something: `rank` is the position in it."""

    CREATED = "CREATED"
    STARTING = "STARTING"
    START_FAILED = "START_FAILED"
    STARTED = "STARTED"
    APP_DOWNLOADING = "APP_DOWNLOADING"
    APP_DOWNLOAD_FAILED = "APP_DOWNLOAD_FAILED"
    APP_DOWNLOADED = "APP_DOWNLOADED"
    DATA_DOWNLOADING = "DATA_DOWNLOADING"
    DATA_DOWNLOAD_FAILED = "DATA_DOWNLOAD_FAILED"
    DATA_DOWNLOADED = "DATA_DOWNLOADED"
    COMPUTING = "COMPUTING"
    COMPUTE_FAILED = "COMPUTE_FAILED"
    COMPUTED = "COMPUTED"
    CONTRIBUTING = "CONTRIBUTING"
    CONTRIBUTE_FAILED = "CONTRIBUTE_FAILED"
    CONTRIBUTED = "CONTRIBUTED"
    REVEALING = "REVEALING"
    REVEAL_FAILED = "REVEAL_FAILED"
    REVEALED = "REVEALED"
    RESULT_UPLOAD_REQUESTED = "RESULT_UPLOAD_REQUESTED"
    RESULT_UPLOADING = "RESULT_UPLOADING"
    RESULT_UPLOAD_FAILED = "RESULT_UPLOAD_FAILED"
    RESULT_UPLOADED = "RESULT_UPLOADED"
    CONTRIBUTE_AND_FINALIZE_ONGOING = "CONTRIBUTE_AND_FINALIZE_ONGOING"
    CONTRIBUTE_AND_FINALIZE_FAILED = "CONTRIBUTE_AND_FINALIZE_FAILED"
    CONTRIBUTE_AND_FINALIZE_DONE = "CONTRIBUTE_AND_FINALIZE_DONE"
    COMPLETING = "COMPLETING"
    COMPLETE_FAILED = "COMPLETE_FAILED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    RECOVERING = "RECOVERING"
    WORKER_LOST = "WORKER_LOST"

    @property
    def rank(self) -> int:
        """Position in the protocol's order."""
        return _RANKS[self]

    @property
    def failure(self) -> bool:
        """Whether a stage, or the whole share, failed."""
        return self is ReplicateStatus.FAILED or self.value.endswith("_FAILED")

    @property
    def ongoing(self) -> bool:
        """Whether a stage has begun and not ended."""
        return self.value.endswith(("ING", "_ONGOING")) and self is not ReplicateStatus.RECOVERING


_RANKS = {status: rank for rank, status in enumerate(ReplicateStatus)}

FINAL = frozenset({ReplicateStatus.COMPLETED, ReplicateStatus.FAILED})
"""What nothing follows upon."""

WORKFLOW = frozenset(status for status in ReplicateStatus if status.rank <= ReplicateStatus.FAILED.rank)
"""All but being aborted, lost or recovering."""

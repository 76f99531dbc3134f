"""Brings the files of a container that has ended to where they are wanted, safe to read."""

from __future__ import annotations

import logging
from pathlib import Path

from edgepi.compute import storage
from edgepi.compute.model import ExitReason
from edgepi.compute.record import BoxRecord, Place
from edgepi.errors import SandboxError

__all__ = ["drop_disk", "settle"]

Trouble = tuple[ExitReason, str]


def settle(record: BoxRecord, place: Place, log: logging.Logger) -> tuple[bool, Trouble | None]:
    """Have the files in the job's outputs; whether the disk was full, and what is wrong. Blocks."""
    if record.outputs is None:
        return False, None
    try:
        return _settle(record, place, Path(record.outputs))
    except (SandboxError, OSError) as error:
        log.warning("the files of job %s cannot be kept: %s", record.job_id, error)
        return False, (ExitReason.LOST, f"the app's files could not be kept: {error}")


def drop_disk(place: Place) -> None:
    """Remove the file system of a container's own, if there is one. Blocks."""
    storage.unmount(place.mounted)
    place.image.unlink(missing_ok=True)


def _settle(record: BoxRecord, place: Place, outputs: Path) -> tuple[bool, Trouble | None]:
    if record.on_disk_image and not place.image.exists():
        return False, None  # settled before the last end of the node
    if record.on_disk_image:
        storage.mount_disk(place.image, place.mounted)
    source = place.mounted if record.on_disk_image else outputs
    full = record.on_disk_image and storage.nearly_full(source)
    used = storage.measure(source)
    if used.too_deep or used.size_bytes > record.disk_bytes:
        said = "nested too deep" if used.too_deep else "larger than it may use, holes filled"
        return full, (ExitReason.DISK_FULL, f"the app's files are {said}")
    if record.on_disk_image:
        storage.remove_tree(outputs)  # half a copy of an earlier try
        storage.bring_out(source, outputs)
        drop_disk(place)
    else:
        storage.tidy(outputs)
    return full, None

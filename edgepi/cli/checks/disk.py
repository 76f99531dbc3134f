"""There is room for history and frames."""

from __future__ import annotations

import os
from pathlib import Path

from edgepi.cli.checks.base import Result, Surroundings

__all__ = ["check"]

NAME = "disk"
MB = 1024 * 1024
FAIL_MB, WARN_MB = 100, 500


def check(machine: Surroundings) -> Result:
    """Measure free space where the state directory is or will be."""
    place = _existing(machine.state_dir)
    stats = os.statvfs(place)
    return judge(stats.f_bavail * stats.f_frsize // MB, place, read_only=bool(stats.f_flag & os.ST_RDONLY))


def judge(free_mb: int, place: Path, *, read_only: bool) -> Result:
    """Decide from the space left."""
    if read_only:
        return Result(NAME, "fail", f"{place} is read-only", "a worn SD card often ends so: replace it")
    text = f"{free_mb} MB free at {place}"
    if free_mb < FAIL_MB:
        return Result(NAME, "fail", text, "make room: history cannot be kept")
    if free_mb < WARN_MB:
        return Result(NAME, "warn", text, "make room, or keep less (`keep_raw` under `recorder`)")
    return Result(NAME, "ok", text)


def _existing(path: Path) -> Path:
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())

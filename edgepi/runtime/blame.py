"""Which plugin's code is on a stack."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType

from edgepi.runtime.records import PluginRecord

__all__ = ["packages_of", "plugin_on", "stack_of"]


def packages_of(records: Iterable[PluginRecord]) -> dict[str, str]:
    """Map each plugin's top-level package to its name."""
    return {record.package: record.name for record in records}


def plugin_on(frame: FrameType | None, packages: Mapping[str, str]) -> str | None:
    """Return the plugin nearest to the top of a running stack."""
    return _first(_outward(frame), packages)


def stack_of(frame: FrameType | None) -> list[str]:
    """List a running stack as ``file:line function``, innermost last."""
    entries = traceback.extract_stack(frame) if frame is not None else []
    return [f"{entry.filename}:{entry.lineno} {entry.name}" for entry in entries]


def _outward(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _first(frames: Iterable[FrameType], packages: Mapping[str, str]) -> str | None:
    for frame in frames:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in packages:
            return packages[package]
    return None

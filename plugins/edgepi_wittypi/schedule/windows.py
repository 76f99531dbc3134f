"""When a schedule has the node on: windows of local time, and what they are in UTC. Pure.

Lengths are counted on the wall, so that a day of 24 hours begins at the same time in summer and winter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from edgepi_wittypi.schedule.grammar import Schedule

__all__ = ["Window", "utc", "windows"]


@dataclass(frozen=True, slots=True)
class Window:
    """A time on; *wakes* is whether the schedule starts it, *ends* whether it ends it (no ``WAIT``)."""

    begin: datetime
    end: datetime
    wakes: bool = True
    ends: bool = True


def windows(schedule: Schedule, since: datetime) -> Iterator[Window]:
    """Every window that ends after *since* (local, without a zone), in order, whole."""
    held: Window | None = None
    for window in _ons(schedule, since):
        if held is not None and window.begin <= held.end:
            held = replace(held, end=max(held.end, window.end), ends=window.ends)
            continue
        if held is not None and held.end > since:
            yield held
        held = window
    if held is not None and held.end > since:
        yield held


def utc(local: datetime, zone: tzinfo) -> datetime:
    """What the clock on the wall of *zone* means."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def _ons(schedule: Schedule, since: datetime) -> Iterator[Window]:
    """The ON states as they stand, from the cycle before *since* on: one that runs on may begin there."""
    cycles = max(0, (since - schedule.begin) // schedule.cycle - 1)
    at = schedule.begin + cycles * schedule.cycle
    wakes = not (cycles and schedule.states[-1].wait and not schedule.states[-1].on)
    while at < schedule.end:
        for state in schedule.states:
            end = min(at + state.length, schedule.end)
            if state.on and at < schedule.end:
                yield Window(at, end, wakes=wakes, ends=not state.wait or end == schedule.end)
            wakes = state.on or not state.wait
            at += state.length
            if at >= schedule.end:
                return

"""Runs inside the guest: our camera on the kernel's video devices; prints a row for each finding."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from real_bus_rows import Row, tell
from real_camera_eye import close_all
from real_camera_faults import busy, errors, gone, stuck
from real_camera_found import found
from real_camera_levels import levels, square, two
from real_camera_sources import sources

FOLDER = Path(sys.argv[1])
ONLY = sys.argv[2:]


def main() -> None:
    """Everything, one after the other; what breaks becomes a row of its own."""
    parts: tuple[Callable[[], Iterator[Row] | AsyncIterator[Row]], ...] = (
        found,
        sources,
        *(lambda part=part: part(FOLDER) for part in (levels, square, two, busy, gone, errors, stuck)),
    )
    names = ("found", "sources", "levels", "square", "two", "busy", "gone", "errors", "stuck")
    for name, part in zip(names, parts, strict=True):
        if not ONLY or name in ONLY:
            asyncio.run(_tell(name, part))
    print("done", flush=True)


async def _tell(name: str, part: Callable[[], Iterator[Row] | AsyncIterator[Row]]) -> None:
    try:
        rows = part()
        if isinstance(rows, Iterator):
            for row in rows:
                tell(row)
        else:
            async for row in rows:
                tell(row)
    except Exception as error:  # noqa: BLE001 (the other parts must still be looked at)
        traceback.print_exc()
        tell(Row(name, "no error", f"{type(error).__name__}: {error}", ok=False))
    finally:
        await close_all()


if __name__ == "__main__":
    main()

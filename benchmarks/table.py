"""Prints what the benchmarks measured beside what they aim at."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["show"]

HEADERS = ("what", "measured", "target")


def show(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Print *rows* of (what, measured, target) under *title*."""
    table = [HEADERS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADERS))]
    print(f"\n{title}")
    for row in table:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

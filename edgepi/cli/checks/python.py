"""Python is new enough and of 64 bits."""

from __future__ import annotations

import platform
import sys

from edgepi.cli.checks.base import Result, Surroundings

__all__ = ["check"]

NAME = "Python"
OLDEST = (3, 11)


def check(_machine: Surroundings) -> Result:
    """Compare the running interpreter with what EdgePi is tested on."""
    return judge(tuple(sys.version_info[:2]), bits=64 if sys.maxsize > 2**32 else 32)


def judge(version: tuple[int, ...], *, bits: int) -> Result:
    """Decide from version and word size."""
    text = f"Python {'.'.join(map(str, version))}, {bits}-bit, {platform.machine()}"
    if version < OLDEST:
        return Result(NAME, "fail", text, "install Python 3.11 or newer (Debian 12 and newer have it)")
    if bits < 64:
        return Result(NAME, "warn", text, "some plugins need a 64-bit system; choose the 64-bit image")
    return Result(NAME, "ok", text)

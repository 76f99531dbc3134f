"""A disk of one's own, to fill it or take the right to write away."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["mount", "remount", "unmount"]

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


def mount(directory: Path) -> None:
    """Mount one of 256 kB; raises OSError or CalledProcessError where that is not allowed."""
    _run("mount", "-t", "tmpfs", "-o", f"size=256k,uid={os.getuid()}", "none", str(directory))


def remount(directory: Path, mode: str) -> None:
    """Make it ``ro`` or ``rw``."""
    _run("mount", "-o", f"remount,{mode}", str(directory))


def unmount(directory: Path) -> None:
    """Take it away."""
    _run("umount", str(directory))


def _run(*command: str) -> None:
    subprocess.run([*AS_ROOT, *command], check=True, capture_output=True)

"""Checks that every extra installs from wheels alone on 64-bit Arm, for each supported Python."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORM = "aarch64-manylinux_2_36"  # Debian 12 and newer
OFFLINE_SIGNS = ("dns error", "failed to fetch", "error sending request", "network")


def main() -> int:
    """Resolve; 1 if any Python lacks a wheel."""
    bad = 0
    with ThreadPoolExecutor() as pool:  # most of the time goes into waiting for a registry
        results = list(pool.map(resolve, PYTHONS))
    for python, result in zip(PYTHONS, results, strict=True):
        if result.returncode == 0:
            continue
        if is_offline(result.stderr) and not os.environ.get("CI"):
            print("arm64: not checked, no network")
            return 0
        print(f"arm64: Python {python} does not install from wheels alone:\n{result.stderr}")
        bad += 1
    if not bad:
        print(f"arm64: every extra installs from wheels on Python {', '.join(PYTHONS)}")
    return 1 if bad else 0


def resolve(python: str) -> subprocess.CompletedProcess[str]:
    """Resolve all extras together at the locked versions, with wheels only."""
    command = [
        str(Path(sys.executable).parent / "uv"), "pip", "compile", "pyproject.toml", "--quiet", "--no-config",
        "--all-extras", "--python-version", python, "--python-platform", PLATFORM,
        "--only-binary", ":all:", "--constraint", "requirements/run.txt",
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def is_offline(message: str) -> bool:
    """Whether uv failed because there is no network."""
    return any(sign in message.lower() for sign in OFFLINE_SIGNS)


if __name__ == "__main__":
    sys.exit(main())

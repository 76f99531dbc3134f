"""Compiles the demo app for both architectures, once."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import MarketError

__all__ = ["ARCHITECTURES", "build", "compiler"]

SOURCE = Path(__file__).with_name("autonomy.c")
FLAGS = (
    *("-std=c11", "-O2", "-ffreestanding", "-fno-builtin", "-fno-tree-loop-distribute-patterns"),
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-pic", "-fno-pie", "-no-pie"),
    *("-static", "-nostdlib", "-nostartfiles", "-s", "-Wl,--build-id=none"),
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """As images name it, as the machine names it, and which Debian package compiles for it elsewhere."""

    image: str
    machine: str
    package: str


ARCHITECTURES = (
    Architecture("amd64", "x86_64", "gcc-x86-64-linux-gnu"),
    Architecture("arm64", "aarch64", "gcc-aarch64-linux-gnu"),
)


def compiler(architecture: Architecture) -> str | None:
    """Return the system's compiler for an architecture, or None."""
    native = platform.machine() == architecture.machine
    names = [f"{architecture.machine}-linux-gnu-gcc", *(["gcc", "cc"] if native else [])]
    return next((found for name in names if (found := shutil.which(name))), None)


def build(cache: Path, *, all_of_them: bool = False) -> Mapping[str, bytes]:
    """Return the app's binary by architecture (amd64, arm64), for each that can be compiled here. Blocks.

    Raises:
        MarketError: there is no compiler for this machine (or, with *all_of_them*, for one of them),
            or it fails.
    """
    cache.mkdir(parents=True, exist_ok=True)
    built, missing = {}, []
    for architecture in ARCHITECTURES:
        found = compiler(architecture)
        if found is not None:
            built[architecture.image] = _compiled(found, architecture, cache)
        elif all_of_them or platform.machine() == architecture.machine:
            missing.append(architecture)
    if missing:
        native = platform.machine() == missing[0].machine
        raise MarketError(
            f"the demo app needs a C compiler for {missing[0].image}",
            hint=f"type `sudo apt install {'gcc' if native else missing[0].package}`",
        )
    return built


def _compiled(found: str, architecture: Architecture, cache: Path) -> bytes:
    key = hashlib.sha256(SOURCE.read_bytes() + "\0".join(FLAGS).encode()).hexdigest()[:16]
    path = cache / f"autonomy-{architecture.image}-{key}"
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=cache)
        os.close(handle)
        try:
            _run([found, *FLAGS, str(SOURCE), "-o", draft])
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    return path.read_bytes()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (a fixed command)
    if done.returncode:
        raise MarketError(f"the demo app cannot be compiled: {done.stderr.strip()[-300:]}")

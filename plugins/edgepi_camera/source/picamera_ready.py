"""Finds picamera2, which belongs to the system, and says in plain words why it cannot be used."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

from edgepi_camera.source.base import SourceError

__all__ = ["Library", "Surroundings", "load", "refusal", "why_not"]

SYSTEM_PACKAGES = Path("/usr/lib/python3/dist-packages")
INSTALL = "sudo apt install python3-picamera2"


@dataclass(frozen=True, slots=True)
class Library:
    """What is used of picamera2 and of libcamera below it."""

    picamera2: Any
    libcamera: Any
    encoders: Any
    outputs: Any


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The Python that runs: its *prefix*, the folder of the *system*'s packages, *suffixes* it can load."""

    prefix: Path
    system: Path
    suffixes: tuple[str, ...]


def load() -> Library:
    """Import picamera2; raises SourceError with what to do if that cannot be."""
    try:
        names = ("picamera2", "libcamera", "picamera2.encoders", "picamera2.outputs")
        return Library(*map(importlib.import_module, names))
    except (ImportError, ValueError, AttributeError, OSError) as error:
        here = Surroundings(Path(sys.prefix), SYSTEM_PACKAGES, tuple(EXTENSION_SUFFIXES))
        message, hint = why_not(error, here)
        raise SourceError(message, hint=hint) from error


def why_not(error: Exception, here: Surroundings) -> tuple[str, str]:
    """What keeps picamera2 from being imported, and what to do about it."""
    if not (here.system / "picamera2").is_dir():
        return "picamera: the package picamera2 is not installed", INSTALL
    built = list((here.system / "libcamera").glob("_libcamera*.so"))
    if not built:
        return "picamera: the package libcamera for Python is not installed", INSTALL
    if not any(file.name.endswith(here.suffixes) for file in built):
        return (
            "picamera: picamera2 is there for another version of Python than the one that runs EdgePi",
            "set EdgePi up again with the system's own: make PYTHON=/usr/bin/python3",
        )
    if not _sees_system(here.prefix):
        return (
            "picamera: picamera2 is installed, but EdgePi's environment does not see the system's packages",
            f"write `include-system-site-packages = true` into {here.prefix / 'pyvenv.cfg'}, then restart",
        )
    if "numpy" in str(error).lower():
        return (
            f"picamera: picamera2 and this numpy do not fit together: {error}",
            "the packages of Raspberry Pi OS 13 (trixie) fit; those of 12 are built for numpy 1",
        )
    return (
        f"picamera: picamera2 cannot be loaded: {error}",
        f"try: /usr/bin/python3 -c 'import picamera2'; {INSTALL}",
    )


def _sees_system(prefix: Path) -> bool:
    """Whether an environment has the system's packages on its path; what is none has."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text().lower().splitlines()
    except OSError:
        return True
    settings = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    return settings.get("include-system-site-packages") == "true"


def refusal(error: BaseException, number: int) -> SourceError:
    """Say why the camera with this *number* cannot be opened."""
    told = " ".join(str(each) for each in _causes(error)).lower()
    if "no camera number" in told or "not found" in told or "index out of range" in told:
        return SourceError(
            f"picamera: there is no camera number {number}",
            hint="see to the ribbon cable; `rpicam-hello --list-cameras` lists what is found",
        )
    if "busy" in told or "acquire" in told:
        return SourceError(
            "picamera: another program uses the camera",
            hint="stop it: rpicam-*, motion, a second camera of EdgePi",
        )
    if "permission" in told:
        return SourceError(
            "picamera: this user may not open the camera",
            hint="sudo usermod -aG video $USER, then log in again",
        )
    return SourceError(f"picamera: {list(_causes(error))[-1]}")


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes

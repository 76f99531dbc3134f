"""What a check is handed and what it returns."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Check", "Result", "Run", "Surroundings", "run"]

Run = Callable[[Sequence[str]], "tuple[int, str]"]


@dataclass(frozen=True, slots=True)
class Result:
    """How one thing stands, in a sentence, and *advice*: what to do if it is not well."""

    name: str
    status: Literal["ok", "warn", "fail"]
    sentence: str
    advice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The machine as checks see it.

    *root* is where its files are, *run* runs a command and returns its exit code (127 if there
    is no such program) and output, *groups* are the names of the user's groups.
    """

    state_dir: Path
    uid: int
    groups: frozenset[str]
    run: Run
    root: Path = Path("/")


Check = Callable[[Surroundings], Result]


def run(command: Sequence[str]) -> tuple[int, str]:
    """Run a command for at most half a minute; its output is standard output and error together."""
    try:
        result = subprocess.run(  # noqa: S603 (a fixed command of the system's)
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=30
        )
    except FileNotFoundError:
        return 127, ""
    except subprocess.TimeoutExpired:
        return 124, f"{command[0]} did not answer within 30 s"
    return result.returncode, result.stdout.strip()

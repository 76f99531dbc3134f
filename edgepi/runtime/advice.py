"""What to type to get a plugin or a package into the environment that runs this node."""

from __future__ import annotations

import sys
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

__all__ = ["near_miss", "pip_install"]


def pip_install(what: str, prefix: str | None = None) -> str:
    """Return the command that installs *what* into this environment, whatever PATH says.

    *what* is a requirement, or already a ``pip install ...`` of which only the rest counts.
    """
    what = what.removeprefix("python -m ").removeprefix("pip install ").strip()
    quoted = what if what.startswith(("'", '"')) or "[" not in what else f"'{what}'"
    python = Path(prefix or sys.prefix) / "bin" / "python"
    return f"{python} -m pip install {quoted}"


def near_miss(name: str, known: Collection[str]) -> str | None:
    """Return the known name that was probably meant."""
    by_plain = {_plain(other): other for other in known}
    close = get_close_matches(_plain(name), by_plain, n=1, cutoff=0.6)
    return by_plain[close[0]] if close else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").removeprefix("edgepi")

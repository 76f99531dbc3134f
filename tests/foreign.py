"""Other people's clients of the same protocols, run in Node: the requesters' SDK, a STOMP client."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hatch_build import node_folder

ROOT = Path(__file__).parent.parent
LISTED = ROOT / "tests" / "peers"
FILES = ("package.json", "package-lock.json")


@dataclass(frozen=True)
class Foreign:
    """A folder with the packages of ``tests/peers``, and the Node that runs them."""

    folder: Path
    node: Path

    @property
    def env(self) -> dict[str, str]:
        """What their programs find their way by."""
        path = f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "NODE_PATH": str(self.folder / "node_modules")}

    def command(self, package: str, *arguments: str) -> list[str]:
        """The command line of a package's program."""
        entry = json.loads((self.folder / "node_modules" / package / "package.json").read_text())["bin"]
        file = entry if isinstance(entry, str) else next(iter(entry.values()))
        return [str(self.node), str(self.folder / "node_modules" / package / file), *arguments]

    def run(self, package: str, *arguments: str, cwd: Path, timeout_s: float = 120.0) -> Any:
        """Run a package's program with ``--raw`` and return the JSON that it prints."""
        done = subprocess.run(
            self.command(package, *arguments, "--raw"),
            cwd=cwd,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        last = done.stdout.rstrip().rpartition("\n")[2]  # warnings may come before
        assert last.startswith(("{", "[")), f"{arguments}: {done.stdout}\n{done.stderr}"
        return json.loads(last)


@pytest.fixture(scope="session")
def foreign() -> Foreign:
    """Install the packages once, into the cache that outlives test runs."""
    found = node_folder()
    assert found is not None, "Node 20 or newer is needed: `make setup` installs it"
    folder = ROOT / ".cache" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _installed(folder):
            for name in FILES:
                shutil.copy(LISTED / name, folder / name)
            path = f"{found}{os.pathsep}{os.environ.get('PATH', '')}"
            subprocess.run(
                [found / "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=folder,
                env={**os.environ, "PATH": path},
                check=True,
                timeout=300,
            )
            (folder / "installed").write_text((LISTED / FILES[1]).read_text())
    return Foreign(folder, found / "node")


def _installed(folder: Path) -> bool:
    mark = folder / "installed"
    return mark.is_file() and mark.read_text() == (LISTED / FILES[1]).read_text()

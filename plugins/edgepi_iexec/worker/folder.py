"""The files of one task: what it reads, what it wrote, and the result that is made of it."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgepi.compute.model import Outcome
from edgepi_iexec.protocol.result import Result, make_result, write_error
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["TaskFolder"]


@dataclass(frozen=True, slots=True)
class TaskFolder:
    """``input/``, ``output/iexec_out/``, ``output/iexec_out.zip`` below *path*."""

    path: Path

    @property
    def inputs(self) -> Path:
        """What the container reads."""
        return self.path / "input"

    @property
    def outputs(self) -> Path:
        """What the container writes."""
        return self.path / "output" / "iexec_out"

    @property
    def archive(self) -> Path:
        """The result as it is uploaded."""
        return self.path / "output" / "iexec_out.zip"

    async def prepare(self) -> None:
        """Make the folders."""
        await asyncio.to_thread(self._make)

    async def empty_outputs(self) -> None:
        """Make room for a new run."""
        await asyncio.to_thread(_empty, self.outputs)

    async def finish(self, outcome: Outcome, *, callback: bool) -> Result:
        """Make the result of what a container left, safe on disk when this returns.

        Raises:
            ProtocolError: it is no result; *cause* says why.
            OSError: it cannot be packed.
        """
        return await asyncio.to_thread(self._finish, outcome, callback)

    async def write_error(self, status: ReplicateStatus, cause: str) -> Result:
        """Make a result that says why there is no other; raises OSError."""
        return await asyncio.to_thread(self._write_error, status, cause)

    async def purge(self) -> None:
        """Remove everything; raises OSError."""
        await asyncio.to_thread(_purge, self.path)

    def _make(self) -> None:
        self.inputs.mkdir(parents=True, exist_ok=True)
        self.outputs.mkdir(parents=True, exist_ok=True)

    def _finish(self, outcome: Outcome, callback: bool) -> Result:
        said = {"stdout": outcome.stdout, "stderr": outcome.stderr}
        return make_result(self.outputs, self.archive, callback=callback, **said)

    def _write_error(self, status: ReplicateStatus, cause: str) -> Result:
        self._make()
        _empty(self.outputs)
        write_error(self.outputs, status, cause)
        return make_result(self.outputs, self.archive)


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


def _purge(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)

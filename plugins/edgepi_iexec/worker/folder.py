"""The files of one task: what it reads, what it wrote, and the result that is made of it."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgepi.compute.model import Outcome
from edgepi.files import sync_directory
from edgepi_iexec.protocol.digest import result_digest
from edgepi_iexec.protocol.result import pack_result, read_computed

__all__ = ["Result", "TaskFolder"]

ERROR_FILE = "error.txt"


@dataclass(frozen=True, slots=True)
class Result:
    """What is contributed: the digest, and the data for a deal's callback."""

    digest: str
    callback_data: str | None = None


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

    async def write_error(self, text: str) -> str:
        """Make a result that says why there is none, and return its digest."""
        return await asyncio.to_thread(self._write_error, text)

    async def purge(self) -> None:
        """Remove everything; raises OSError."""
        await asyncio.to_thread(_purge, self.path)

    def _make(self) -> None:
        self.inputs.mkdir(parents=True, exist_ok=True)
        self.outputs.mkdir(parents=True, exist_ok=True)

    def _finish(self, outcome: Outcome, callback: bool) -> Result:
        computed = read_computed(self.outputs)
        digest = result_digest(self.outputs, computed, callback=callback)
        for name, text in (("stdout.txt", outcome.stdout), ("stderr.txt", outcome.stderr)):
            target = self.outputs / name
            if text and not target.is_symlink():
                with suppress(IsADirectoryError, PermissionError):
                    target.write_text(text, encoding="utf-8")
        self._pack()
        return Result(digest, computed.callback_data if callback else None)

    def _pack(self) -> None:
        pack_result(self.outputs, self.archive)
        with self.archive.open("rb") as file:
            os.fsync(file.fileno())
        sync_directory(self.archive.parent)

    def _write_error(self, text: str) -> str:
        self._make()
        _empty(self.outputs)
        (self.outputs / ERROR_FILE).write_text(text, encoding="utf-8")
        (self.outputs / "computed.json").write_text(
            f'{{"deterministic-output-path":"/iexec_out/{ERROR_FILE}"}}', encoding="utf-8"
        )
        computed = read_computed(self.outputs)
        self._pack()
        return result_digest(self.outputs, computed, callback=False)


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

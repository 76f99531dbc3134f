"""From what an app left to what is contributed and uploaded: logs added, digested, packed."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edgepi.errors import ProtocolError
from edgepi.files import sync_directory
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.computed import COMPUTED_JSON, Computed, parse_computed, read_computed
from edgepi_iexec.protocol.digest import result_digest
from edgepi_iexec.protocol.outputs import ROOT, Entry, walk_outputs, write_output
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = [
    "ERROR_FILE",
    "Computed",
    "Result",
    "add_logs",
    "check_names",
    "error_text",
    "make_result",
    "pack_result",
    "parse_computed",
    "read_computed",
    "write_error",
]

ERROR_FILE = "error.txt"
MAX_NAME = 31
MAX_ENTRIES = 10_000
MAX_RESULT_BYTES = 1 << 30
_PIECE = 1 << 18
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a zip can name: two workers' zips are equal
_TOO_LONG = ReplicateCause.POST_COMPUTE_TOO_LONG_RESULT_FILE_NAME
_PACK = ReplicateCause.POST_COMPUTE_OUT_FOLDER_ZIP_FAILED


@dataclass(frozen=True, slots=True)
class Result:
    """What is contributed, and what goes to a deal's callback."""

    digest: str
    callback_data: str | None = None


def make_result(
    outputs: Path, archive: Path, *, stdout: str = "", stderr: str = "", callback: bool = False
) -> Result:
    """Make a result of what an app that ended well left in *outputs*; *archive* is safe on disk then. Blocks.

    Raises:
        ProtocolError: it is no result; *cause* says why.
        OSError: it cannot be read or written.
    """
    computed = read_computed(outputs)
    add_logs(outputs, stdout, stderr)  # first: where the whole folder is the result they are part of it
    digest = result_digest(outputs, computed, callback=callback)
    pack_result(outputs, archive)
    return Result(digest, computed.callback_data if callback else None)


def error_text(status: ReplicateStatus, cause: str) -> str:
    """Return the result where app or files cannot be had, in the words of all workers, so that they agree."""
    return f"[IEXEC] Error occurred while computing the task [error:{status}, cause:{cause}]"


def write_error(outputs: Path, status: ReplicateStatus, cause: str) -> None:
    """Put a result into *outputs* that says why there is no other. Blocks; raises OSError."""
    computed = Computed(output_path=f"/{ROOT}/{ERROR_FILE}")
    write_output(outputs, ERROR_FILE, error_text(status, cause).encode())
    write_output(outputs, COMPUTED_JSON, json.dumps(computed.to_json(), separators=(",", ":")).encode())


def add_logs(outputs: Path, stdout: str, stderr: str) -> None:
    """Add what an app said to its result, where it said anything. Blocks; raises OSError."""
    for name, text in (("stdout.txt", stdout), ("stderr.txt", stderr)):
        if text:
            write_output(outputs, name, text.encode("utf-8", "replace"))


def check_names(entries: list[Entry]) -> None:
    """Raise ProtocolError for a file's name of more than 31 characters, as Java counts them."""
    for entry in entries:
        name = entry.name.rsplit("/", 1)[-1]
        if len(name.encode("utf-16-le")) // 2 > MAX_NAME:
            raise ProtocolError(
                f"{name[:60]!r} in the result is longer than {MAX_NAME} characters", cause=_TOO_LONG.value
            )


def pack_result(
    outputs: Path, archive: Path, *, max_bytes: int = MAX_RESULT_BYTES, max_entries: int = MAX_ENTRIES
) -> None:
    """Pack all files of *outputs* into a zip that is there whole and on disk, or not at all. Blocks.

    The same files give the same zip. Links are not followed: they are empty in it.

    Raises:
        ProtocolError: a name is too long, or there are too many files or bytes; *cause* says which.
        OSError: it cannot be read or written.
    """
    entries = walk_outputs(outputs, max_entries=max_entries)
    check_names(entries)
    if sum(entry.size_bytes for entry in entries) > max_bytes:
        raise ProtocolError(f"the result is larger than {max_bytes} bytes", cause=_PACK.value)
    draft = archive.with_name(archive.name + ".part")
    try:
        with draft.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
                for entry in entries:
                    _add(packed, outputs, entry)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(archive)
        sync_directory(archive.parent)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _add(packed: zipfile.ZipFile, outputs: Path, entry: Entry) -> None:
    about = zipfile.ZipInfo(entry.name, _EPOCH)
    about.compress_type = zipfile.ZIP_DEFLATED
    about.create_system = 3
    about.external_attr = (stat.S_IFREG | 0o644) << 16
    about.file_size = entry.size_bytes
    with packed.open(about, "w") as into:
        if entry.link:
            return
        left = entry.size_bytes
        with entry.open(outputs) as file:
            while left > 0 and (piece := file.read(min(_PIECE, left))):
                into.write(piece)
                left -= len(piece)

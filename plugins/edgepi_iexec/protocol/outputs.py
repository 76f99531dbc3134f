"""The folder that a stranger's app has left: nothing in it is followed out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.causes import ReplicateCause

__all__ = ["Entry", "output_parts", "read_output", "walk_outputs", "write_output"]

ROOT = "iexec_out"
MAX_PATH = 4096
MAX_DEPTH = 32
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DIGEST = ReplicateCause.POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED
_PACK = ReplicateCause.POST_COMPUTE_OUT_FOLDER_ZIP_FAILED


def output_parts(path: str) -> tuple[str, ...]:
    """Return the names that lead from ``/iexec_out`` to a path, none to itself; raises ProtocolError."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    wrong = len(path) > MAX_PATH or not path.startswith("/") or "\0" in path or not path.isprintable()
    if wrong or parts[:1] != [ROOT] or ".." in parts or len(parts) > MAX_DEPTH:
        raise ProtocolError(f"{path[:80]!r} is no path below /{ROOT}", cause=_DIGEST.value)
    return tuple(parts[1:])


@contextmanager
def read_output(folder: Path, parts: tuple[str, ...]) -> Iterator[tuple[int, bool]]:
    """Open a file or folder below *folder* and give its descriptor, and whether it is a folder.

    Raises:
        FileNotFoundError: there is none.
        ProtocolError: it is neither, or a link leads to it.
        OSError: it cannot be read.
    """
    handle = os.open(folder, _FLAGS | os.O_DIRECTORY)
    try:
        for part in parts:
            inner = _opened(part, handle)
            os.close(handle)
            handle = inner
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ProtocolError("a result is neither file nor folder", cause=_DIGEST.value)
        yield handle, stat.S_ISDIR(mode)
    finally:
        os.close(handle)


def _opened(name: str, at: int) -> int:
    try:
        mode = os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            return os.open(name, _FLAGS, dir_fd=at)
    except NotADirectoryError:
        raise FileNotFoundError(name) from None
    except ValueError:
        raise ProtocolError("a result has a name that none has", cause=_DIGEST.value) from None
    raise ProtocolError("a result is neither file nor folder, or a link", cause=_DIGEST.value)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file below the folder; *link* for one that leads elsewhere, which is not followed."""

    name: str
    size_bytes: int
    link: bool

    @contextmanager
    def open(self, folder: Path) -> Iterator[BinaryIO]:
        """Open it to read; raises ProtocolError when it is no longer what it was, OSError."""
        with read_output(folder, tuple(self.name.split("/"))) as (handle, is_folder):
            if is_folder:
                raise ProtocolError("a result has changed", cause=_PACK.value)
            with os.fdopen(os.dup(handle), "rb") as file:
                yield file


def walk_outputs(folder: Path, *, max_entries: int) -> list[Entry]:
    """Return all files, sorted by name with ``/`` between folders.

    Raises:
        ProtocolError: there are too many, too deep ones, or some that are neither file, folder nor link.
        OSError: the folder cannot be read.
    """
    found: list[Entry] = []
    folders: list[tuple[Path, str, int]] = [(folder, "", 0)]
    seen = 0
    while folders:
        here, prefix, depth = folders.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                seen += 1
                if seen > max_entries or depth >= MAX_DEPTH:
                    raise ProtocolError("the result has too many files, or too deep ones", cause=_PACK.value)
                name = prefix + _utf8(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    folders.append((here / entry.name, name + "/", depth + 1))
                else:
                    found.append(_entry(entry, name))
    return sorted(found, key=lambda one: one.name.encode())


def _entry(entry: os.DirEntry[str], name: str) -> Entry:
    if entry.is_symlink():
        return Entry(name, 0, link=True)
    state = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(state.st_mode):
        raise ProtocolError(f"{name[:80]!r} in the result is no file", cause=_PACK.value)
    return Entry(name, state.st_size, link=False)


def _utf8(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ProtocolError("a file's name in the result is no text", cause=_PACK.value) from None
    return name


def write_output(folder: Path, name: str, content: bytes) -> bool:
    """Write a file of ours into the folder in place of whatever an app has put there.

    Returns False where a folder has its name. Raises OSError.
    """
    handle = os.open(folder, _FLAGS | os.O_DIRECTORY)
    try:
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=handle)
        except OSError:
            if stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                return False
            raise
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o644, dir_fd=handle), "wb") as file:
            file.write(content)
        return True
    finally:
        os.close(handle)

"""What a result is, in 32 bytes: what workers must agree upon."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.computed import Computed
from edgepi_iexec.protocol.hashing import hex_bytes, hex_text, keccak256
from edgepi_iexec.protocol.outputs import output_parts, read_output

__all__ = ["callback_digest", "folder_digest", "java_order", "result_digest"]

MAX_CHILDREN = 10_000
_FAILED = ReplicateCause.POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED
_MISSING = ReplicateCause.POST_COMPUTE_RESULT_FILE_NOT_FOUND


def result_digest(outputs: Path, computed: Computed, *, callback: bool = False) -> str:
    """Return the digest of a result in *outputs*: callback data, a file, or a folder's files. Blocks.

    Raises:
        ProtocolError: there is no such result, or it leads out of the folder; *cause* says which.
        OSError: it cannot be read.
    """
    if callback:
        return callback_digest(computed.callback_data)
    if computed.output_path is None:
        raise ProtocolError("computed.json names no result", cause=_FAILED.value)
    try:
        with read_output(outputs, output_parts(computed.output_path)) as (handle, is_folder):
            return _of_folder(handle) if is_folder else hex_text(_sha256(handle))
    except FileNotFoundError:
        raise ProtocolError(
            "the result that computed.json names is not there", cause=_MISSING.value
        ) from None


def callback_digest(data: str | None) -> str:
    """Return the digest of what goes to a deal's callback; raises ProtocolError."""
    if data is None:
        raise ProtocolError("computed.json has no data for the callback", cause=_FAILED.value)
    return hex_text(keccak256(hex_bytes(data, "the callback's data")))


def folder_digest(hashes: list[bytes]) -> str:
    """Return the digest of a folder from the sha256 of its files, sorted by `java_order`."""
    return hex_text(keccak256(b"".join(hashes)))


def java_order(name: str) -> bytes:
    """Return what names are sorted by: UTF-16, which differs from Python's order beyond 0xFFFF."""
    return name.encode("utf-16-be", "surrogatepass")


def _of_folder(handle: int) -> str:
    """Return the digest of the files in a folder; folders in it count for nothing."""
    names = sorted(os.listdir(handle), key=java_order)
    if len(names) > MAX_CHILDREN:
        raise ProtocolError("the result has too many files", cause=_FAILED.value)
    found = (_child(name, handle) for name in names)
    return folder_digest([one for one in found if one is not None])


def _child(name: str, folder: int) -> bytes | None:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        # Its archive could not say the same: a link is empty there.
        raise ProtocolError("a link, or worse, is among the files of the result", cause=_FAILED.value)
    inner = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        return _sha256(inner)
    finally:
        os.close(inner)


def _sha256(handle: int) -> bytes:
    with os.fdopen(os.dup(handle), "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()

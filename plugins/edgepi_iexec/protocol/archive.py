"""Looks into the zip that a worker uploaded without unpacking it: bombs and escapes are refused."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.computed import COMPUTED_JSON, parse_computed
from edgepi_iexec.protocol.computed import MAX_BYTES as MAX_COMPUTED
from edgepi_iexec.protocol.digest import callback_digest, folder_digest, java_order
from edgepi_iexec.protocol.hashing import hex_text
from edgepi_iexec.protocol.ids import result_hash
from edgepi_iexec.protocol.outputs import output_parts

__all__ = ["ArchiveLimits", "archive_digest", "check_archive"]

_END = struct.Struct("<4s4H2LH")
_PIECE = 1 << 18
_ENCRYPTED = 0x1 | 0x40
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What a result may be at most: packed, unpacked, and in files."""

    packed_bytes: int = 256 * 1024**2
    unpacked_bytes: int = 1 << 30
    entries: int = 10_000
    name_bytes: int = 1024


_USUAL = ArchiveLimits()


def check_archive(
    path: Path, *, task_id: str, contribution: str, callback: bool = False, limits: ArchiveLimits = _USUAL
) -> str:
    """Return the digest of a zip if it is what its worker contributed. Blocks.

    Raises:
        ProtocolError: it is no result, a hostile one, or another one than *contribution*, its result hash.
        OSError: it cannot be opened.
    """
    digest = archive_digest(path, callback=callback, limits=limits)
    if result_hash(task_id, digest) != contribution.lower():
        raise ProtocolError("the result is not what was contributed")
    return digest


def archive_digest(path: Path, *, callback: bool = False, limits: ArchiveLimits = _USUAL) -> str:
    """Return the digest of what ``computed.json`` says a zip is. Blocks; raises ProtocolError, OSError."""
    with path.open("rb") as file, _refusing():
        _check_size(file, limits)
        with zipfile.ZipFile(file) as packed:
            files = _files(packed, limits)
            return _digest(packed, files, callback=callback)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ProtocolError:
        raise
    except _BROKEN as error:
        raise ProtocolError(f"the result is no zip that can be read: {type(error).__name__}") from error


def _check_size(file: BinaryIO, limits: ArchiveLimits) -> None:
    """Refuse a table of contents that would fill the memory: it is read as a whole."""
    size = file.seek(0, os.SEEK_END)
    if size > limits.packed_bytes:
        raise ProtocolError(f"the result is larger than {limits.packed_bytes} bytes")
    if size < _END.size:
        raise ProtocolError("the result is no zip")
    start = max(size - _END.size - 20, 0)
    file.seek(start)
    tail = file.read()
    mark, *_, count, table_bytes, _, comment = _END.unpack(tail[-_END.size :])
    if mark != b"PK\5\6" or comment:
        raise ProtocolError("the result is no zip, or one with a comment")
    if tail[: -_END.size].startswith(b"PK\6\7"):
        raise ProtocolError("the result is a zip of the large kind")
    if count > limits.entries or table_bytes > limits.entries * (46 + limits.name_bytes):
        raise ProtocolError(f"the result has more than {limits.entries} files")
    file.seek(0)


def _files(packed: zipfile.ZipFile, limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    """Return the files by name after a look at each; folders are not listed."""
    found: dict[str, zipfile.ZipInfo] = {}
    folders: set[str] = set()
    every = packed.infolist()
    if len(every) > limits.entries or sum(one.file_size for one in every) > limits.unpacked_bytes:
        raise ProtocolError("the result unpacks to more files or bytes than any result has")
    for one in every:
        name = _name(one, limits)
        parts = name.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
        if one.orig_filename.endswith("/"):
            folders.add(name)
        elif name in found:
            raise ProtocolError("the result has two files of one name")
        else:
            found[name] = one
    if folders & found.keys():
        raise ProtocolError("the result has a file and a folder of one name")
    return found


def _name(one: zipfile.ZipInfo, limits: ArchiveLimits) -> str:
    name = one.orig_filename.removesuffix("/")
    parts = name.split("/")
    if len(name.encode("utf-8", "surrogatepass")) > limits.name_bytes or not {"", ".", ".."}.isdisjoint(
        parts
    ):
        raise ProtocolError("a file of the result leads out of it")
    if "\\" in name or "\0" in name or len(parts) > 64:
        raise ProtocolError("a file of the result has a name that no result has")
    if one.flag_bits & _ENCRYPTED or one.compress_type not in _METHODS:
        raise ProtocolError("a file of the result is encrypted, or packed in an unusual way")
    kind = stat.S_IFMT(one.external_attr >> 16)
    if one.create_system == 3 and kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise ProtocolError("a file of the result is a link, or worse")
    return name


def _digest(packed: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], *, callback: bool) -> str:
    said = files.get(COMPUTED_JSON)
    if said is None:
        raise ProtocolError("the result has no computed.json")
    with packed.open(said) as file:
        computed = parse_computed(file.read(MAX_COMPUTED + 1))
    if callback:
        return callback_digest(computed.callback_data)
    if computed.output_path is None:
        raise ProtocolError("computed.json names no result")
    path = "/".join(output_parts(computed.output_path))
    if path in files:
        return hex_text(_sha256(packed, files[path]))
    prefix = path + "/" if path else ""
    inside = [name for name in files if name.startswith(prefix)]
    if not inside:
        raise ProtocolError("the result that computed.json names is not in it")
    direct = sorted((name for name in inside if "/" not in name[len(prefix) :]), key=java_order)
    return folder_digest([_sha256(packed, files[name]) for name in direct])


def _sha256(packed: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    digest = hashlib.sha256()
    with packed.open(one) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.digest()

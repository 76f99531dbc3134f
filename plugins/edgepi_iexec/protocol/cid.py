"""Names of contents as IPFS gives them: version 0, UnixFS in pieces of 256 KiB, 174 to a node."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgepi_iexec.protocol.base import base58_encode

__all__ = ["CID_PATTERN", "cid_of_bytes", "cid_of_file", "is_cid"]

CID_PATTERN = r"Qm[1-9A-HJ-NP-Za-km-z]{44}"
_PIECE = 256 * 1024
_LINKS = 174
_SHA256 = b"\x12\x20"


@dataclass(frozen=True, slots=True)
class _Node:
    name: bytes
    content_bytes: int
    tree_bytes: int


def is_cid(text: str) -> bool:
    """Whether it could be such a name."""
    return re.fullmatch(CID_PATTERN, text) is not None


def cid_of_file(path: Path) -> str:
    """Return the name of a file's content. Blocks; raises OSError."""
    with path.open("rb") as file:
        return _named(iter(lambda: file.read(_PIECE), b""))


def cid_of_bytes(content: bytes) -> str:
    """Return the name of some content."""
    return _named(content[start : start + _PIECE] for start in range(0, len(content), _PIECE))


def _named(pieces: Iterable[bytes]) -> str:
    nodes = [_leaf(piece) for piece in pieces] or [_leaf(b"")]
    while len(nodes) > 1:
        nodes = [_parent(group) for group in _groups(nodes)]
    return base58_encode(nodes[0].name)


def _groups(nodes: list[_Node]) -> Iterator[list[_Node]]:
    for start in range(0, len(nodes), _LINKS):
        yield nodes[start : start + _LINKS]


def _leaf(piece: bytes) -> _Node:
    data = _number(1, 2) + (_bytes(2, piece) if piece else b"") + _number(3, len(piece))
    return _node(_bytes(1, data), len(piece), 0)


def _parent(children: list[_Node]) -> _Node:
    size = sum(child.content_bytes for child in children)
    links = (_bytes(1, child.name) + _bytes(2, b"") + _number(3, child.tree_bytes) for child in children)
    sizes = b"".join(_number(4, child.content_bytes) for child in children)
    block = b"".join(_bytes(2, link) for link in links) + _bytes(1, _number(1, 2) + _number(3, size) + sizes)
    return _node(block, size, sum(child.tree_bytes for child in children))


def _node(block: bytes, content_bytes: int, below_bytes: int) -> _Node:
    return _Node(_SHA256 + hashlib.sha256(block).digest(), content_bytes, len(block) + below_bytes)


def _bytes(field: int, content: bytes) -> bytes:
    """Return a protobuf field of bytes."""
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    """Return a protobuf field of a number."""
    return bytes([field << 3]) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

"""Names of results as IPFS would give them: version 0, UnixFS, chunks of 256 KiB, 174 links to a node."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CID_PATTERN", "cid_of_bytes", "cid_of_file"]

CID_PATTERN = r"Qm[1-9A-HJ-NP-Za-km-z]{44}"
_CHUNK_BYTES = 256 * 1024
_LINKS = 174
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SHA256_32_BYTES = b"\x12\x20"


@dataclass(frozen=True, slots=True)
class _Node:
    multihash: bytes
    content_bytes: int
    tree_bytes: int


def cid_of_file(path: Path) -> str:
    """Name of a file's content. Blocks."""
    with path.open("rb") as file:
        return _name(_root(iter(lambda: file.read(_CHUNK_BYTES), b"")))


def cid_of_bytes(content: bytes) -> str:
    """Name of some content."""
    starts = range(0, len(content), _CHUNK_BYTES)
    return _name(_root(content[start : start + _CHUNK_BYTES] for start in starts))


def _root(chunks: Iterable[bytes]) -> _Node:
    nodes = [_leaf(chunk) for chunk in chunks] or [_leaf(b"")]
    while len(nodes) > 1:
        nodes = [_parent(group) for group in _groups(nodes)]
    return nodes[0]


def _groups(nodes: list[_Node]) -> Iterator[list[_Node]]:
    for start in range(0, len(nodes), _LINKS):
        yield nodes[start : start + _LINKS]


def _leaf(chunk: bytes) -> _Node:
    data = _field(2, chunk) if chunk else b""
    return _hashed(_field(1, b"\x08\x02" + data + b"\x18" + _varint(len(chunk))), len(chunk), 0)


def _parent(children: list[_Node]) -> _Node:
    links = b"".join(
        _field(2, _field(1, one.multihash) + _field(2, b"") + b"\x18" + _varint(one.tree_bytes))
        for one in children
    )
    size = sum(one.content_bytes for one in children)
    sizes = b"".join(b"\x20" + _varint(one.content_bytes) for one in children)
    data = _field(1, b"\x08\x02\x18" + _varint(size) + sizes)
    return _hashed(links + data, size, sum(one.tree_bytes for one in children))


def _hashed(block: bytes, content_bytes: int, below_bytes: int) -> _Node:
    multihash = _SHA256_32_BYTES + hashlib.sha256(block).digest()
    return _Node(multihash, content_bytes, len(block) + below_bytes)


def _field(number: int, content: bytes) -> bytes:
    """Write a protobuf field of bytes; a field of UnixFS data is numbered 2, of the node around it 1."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _name(node: _Node) -> str:
    number, text = int.from_bytes(node.multihash), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return text

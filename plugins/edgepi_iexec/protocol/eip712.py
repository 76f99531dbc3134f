"""EIP-712: the hash of typed data with members of the plainest kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import address_bytes, hash_bytes, keccak256

__all__ = ["Members", "struct_hash", "typed_hash"]

Members = Sequence[tuple[str, str]]
"""Names and types in their order."""

_DOMAIN = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)


def typed_hash(domain: Mapping[str, Any], kind: str, members: Members, message: Mapping[str, Any]) -> bytes:
    """Return the 32 bytes that are signed; raises ProtocolError for values that their types cannot hold."""
    known = tuple((name, of) for name, of in _DOMAIN if name in domain)
    return keccak256(
        b"\x19\x01" + struct_hash("EIP712Domain", known, domain) + struct_hash(kind, members, message)
    )


def struct_hash(kind: str, members: Members, values: Mapping[str, Any]) -> bytes:
    """Return the hash of one struct; raises ProtocolError."""
    spelled = f"{kind}({','.join(f'{of} {name}' for name, of in members)})"
    encoded = (_encoded(name, of, values.get(name)) for name, of in members)
    return keccak256(keccak256(spelled.encode()) + b"".join(encoded))


def _encoded(name: str, of: str, value: Any) -> bytes:
    if of == "address":
        return bytes(12) + address_bytes(value, f"`{name}`")
    if of == "bytes32":
        return hash_bytes(value, f"`{name}`")
    if of == "string" and isinstance(value, str):
        try:
            return keccak256(value.encode())
        except UnicodeEncodeError:
            raise ProtocolError(f"`{name}` is no text") from None
    if of == "uint256" and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 256:
        return value.to_bytes(32)
    raise ProtocolError(f"`{name}` is no {of}")

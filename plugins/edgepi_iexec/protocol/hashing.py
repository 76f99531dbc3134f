"""Keccak-256, and texts of hexadecimal digits."""

from __future__ import annotations

import re

from edgepi.errors import ProtocolError

__all__ = ["ZERO_ADDRESS", "ZERO_HASH", "address_bytes", "hash_bytes", "hex_bytes", "hex_text", "keccak256"]

ZERO_ADDRESS = "0x" + "00" * 20
ZERO_HASH = "0x" + "00" * 32
_HEX = re.compile(r"0[xX](?:[0-9a-fA-F]{2})*")


def keccak256(data: bytes) -> bytes:
    """Return the 32 bytes that Ethereum calls a hash."""
    from Crypto.Hash import keccak  # of pycryptodome: loads in a tenth of the time that web3 takes

    return keccak.new(digest_bits=256, data=data).digest()


def hex_bytes(text: object, what: str = "a value", *, most: int = 1 << 20) -> bytes:
    """Return the bytes that ``0x...`` stands for; raises ProtocolError when it is no such text."""
    if not isinstance(text, str) or len(text) > 2 * most + 2 or _HEX.fullmatch(text) is None:
        raise ProtocolError(f"{what} is no hexadecimal text, or too long")
    return bytes.fromhex(text[2:])


def hex_text(data: bytes) -> str:
    """Return ``0x`` and lower-case digits."""
    return "0x" + data.hex()


def address_bytes(text: object, what: str = "an address") -> bytes:
    """Return the 20 bytes of an address; raises ProtocolError."""
    return _exactly(text, what, 20)


def hash_bytes(text: object, what: str = "a hash") -> bytes:
    """Return the 32 bytes of a hash; raises ProtocolError."""
    return _exactly(text, what, 32)


def _exactly(text: object, what: str, count: int) -> bytes:
    data = hex_bytes(text, what, most=count)
    if len(data) != count:
        raise ProtocolError(f"{what} has {len(data)} bytes, not {count}")
    return data

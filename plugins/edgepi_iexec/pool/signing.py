"""Who signed something: addresses recovered from signatures, here in this process."""

from __future__ import annotations

import re

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import keccak256

__all__ = ["personal_digest", "recover"]

_SIGNATURE = re.compile(r"0[xX][0-9a-fA-F]{130}")


def recover(digest: bytes, signature: str) -> str:
    """Address whose key signed 32 bytes as they are; raises ProtocolError for no signature."""
    from coincurve import PublicKey

    if _SIGNATURE.fullmatch(signature) is None:
        raise ProtocolError("no signature of 65 bytes")
    raw = bytes.fromhex(signature[2:])
    version = raw[64] - 27 if raw[64] >= 27 else raw[64]
    if version not in {0, 1}:
        raise ProtocolError("a signature's last byte must be 27 or 28")
    try:
        key = PublicKey.from_signature_and_message(raw[:64] + bytes([version]), digest, hasher=None)
    except (ValueError, TypeError) as error:  # what coincurve raises for numbers that are on no curve
        raise ProtocolError("a signature that nobody can have made") from error
    return "0x" + keccak256(key.format(compressed=False)[1:])[12:].hex()


def personal_digest(digest: bytes) -> bytes:
    """What is signed of 32 bytes with EIP-191's prefix."""
    return keccak256(b"\x19Ethereum Signed Message:\n32" + digest)

"""Who signed something: addresses recovered from signatures, here in this process."""

from __future__ import annotations

import re

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import keccak256

__all__ = ["logs_challenge_digest", "personal_digest", "recover"]

_SIGNATURE = re.compile(r"0[xX][0-9a-fA-F]{130}")
_DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId)"
_CHALLENGE = b"Challenge(string challenge)"


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


def logs_challenge_digest(challenge: str, chain_id: int) -> bytes:
    """What a requester signs to read logs: EIP-712 of a challenge of the domain ``iExec Core``."""
    domain = keccak256(
        keccak256(_DOMAIN) + keccak256(b"iExec Core") + keccak256(b"1") + chain_id.to_bytes(32)
    )
    message = keccak256(keccak256(_CHALLENGE) + keccak256(challenge.encode()))
    return keccak256(b"\x19\x01" + domain + message)

"""What a worker signs to log in, with a quirk of the scheduler's that is part of the protocol."""

from __future__ import annotations

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import keccak256

__all__ = ["challenge_digest", "web3j_hex"]

MAX_CHALLENGE = 1024


def challenge_digest(challenge: str) -> bytes:
    """Return the 32 bytes to sign, without any prefix; raises ProtocolError for what is no challenge."""
    if not challenge or len(challenge) > MAX_CHALLENGE or not challenge.isascii():
        raise ProtocolError("the challenge to log in is none")
    return keccak256(web3j_hex(challenge))


def web3j_hex(text: str) -> bytes:
    """Return what schedulers take base64 for: hexadecimal digits, each other character as -1."""
    text = text.removeprefix("0x")
    odd = len(text) % 2
    first = [_digit(text[0])] if odd else []
    pairs = zip(text[odd::2], text[odd + 1 :: 2], strict=True)
    return bytes(
        value & 0xFF for value in (*first, *(_digit(high) * 16 + _digit(low) for high, low in pairs))
    )


def _digit(character: str) -> int:
    return "0123456789abcdef".find(character.lower()) if character.isascii() else -1

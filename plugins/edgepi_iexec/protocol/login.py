"""What a worker signs to log in, with a quirk of the scheduler's that is part of the protocol.

The quirk hashes bytes that the scheduler chooses, without a prefix: who signs any text may sign a transaction
that a thief has put into it. So only what an honest scheduler sends is signed: base64 of 32 bytes, which is
hashed as 22. One that names a payee has 28 or more; one that burns the wallet's coin is recognised.
"""

from __future__ import annotations

import re

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.hashing import keccak256

__all__ = ["challenge_digest", "web3j_hex"]

_CHALLENGE = re.compile(r"[A-Za-z0-9+/]{43}=")
_LIST, _TEXT, _LONG = 0xC0, 0x80, 0xB7  # how RLP marks what follows


def challenge_digest(challenge: str) -> bytes:
    """Return the 32 bytes to sign, without any prefix; raises ProtocolError for what is no challenge."""
    if _CHALLENGE.fullmatch(challenge) is None:
        raise ProtocolError("the challenge to log in is none")
    hashed = web3j_hex(challenge)
    if _is_list(hashed) or _is_list(hashed[1:]):
        raise ProtocolError("the challenge to log in is a transaction, which would move the wallet's money")
    return keccak256(hashed)


def _is_list(data: bytes) -> bool:
    """Whether short bytes are a list of texts as a transaction is, from the first to the last."""
    if data[0] != _LIST + len(data) - 1:
        return False
    at = 1
    while at < len(data) and data[at] <= _LONG:
        at += 1 + max(0, data[at] - _TEXT)
    return at == len(data)


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

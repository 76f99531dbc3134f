"""Bytes written with the 58 characters that are not mistaken for each other."""

from __future__ import annotations

from edgepi.errors import ProtocolError

__all__ = ["base58_decode", "base58_encode"]

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {character: digit for digit, character in enumerate(_ALPHABET)}
MAX_TEXT = 256


def base58_encode(data: bytes) -> str:
    """Return bytes as text, leading zeros as ones."""
    number, text = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def base58_decode(text: str) -> bytes:
    """Return the bytes of such a text; raises ProtocolError."""
    if len(text) > MAX_TEXT or not set(text) <= _DIGITS.keys():
        raise ProtocolError("this is no base58")
    number = 0
    for character in text:
        number = number * 58 + _DIGITS[character]
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)

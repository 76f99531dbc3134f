"""Tokens that a scheduler or result store hands out: HS256, and nothing else is taken for one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.reading import parse_json

__all__ = ["issue", "verify"]

_HEADER = {"alg": "HS256"}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,2048}\.[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{43}")
_PART = re.compile(r"[A-Za-z0-9_-]+")


def issue(claims: Mapping[str, Any], secret: bytes) -> str:
    """Return a token; ``exp`` and ``iat`` among *claims* are seconds since 1970."""
    signed = f"{_encoded(_HEADER)}.{_encoded(claims)}"
    return f"{signed}.{_base64(_signature(signed, secret))}"


def verify(
    token: str, secret: bytes, *, audience: str | None = None, now_s: float | None = None
) -> dict[str, Any]:
    """Return a token's claims.

    Raises:
        ProtocolError: it is none, not signed with *secret*, for another *audience*, or over at *now_s*.
    """
    if len(token) > 8192 or _TOKEN.fullmatch(token) is None:
        raise ProtocolError("this is no token")
    signed, _, signature = token.rpartition(".")
    # Compared as texts: the last character has bits that mean nothing, and only one text is ours.
    if not hmac.compare_digest(_base64(_signature(signed, secret)), signature):
        raise ProtocolError("the token is not signed by this scheduler")
    header, claims = (_decoded(part) for part in signed.split("."))
    if header.get("alg") != "HS256":
        raise ProtocolError("the token is signed in another way")
    if audience is not None and claims.get("aud") != audience:
        raise ProtocolError("the token is for somebody else")
    until = claims.get("exp")
    if until is not None and (
        isinstance(until, bool) or not isinstance(until, int | float) or now_s is None or now_s >= until
    ):
        raise ProtocolError("the token is over")
    return claims


def _signature(signed: str, secret: bytes) -> bytes:
    return hmac.digest(secret, signed.encode(), hashlib.sha256)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _encoded(found: Mapping[str, Any]) -> str:
    return _base64(json.dumps(dict(found), separators=(",", ":")).encode())


def _decoded(part: str) -> dict[str, Any]:
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise ProtocolError("this is no token") from None
    found = parse_json(data, "a token")
    if not isinstance(found, dict):
        raise ProtocolError("this is no token")
    return found

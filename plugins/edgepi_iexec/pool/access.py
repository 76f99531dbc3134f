"""Who may speak: the whitelist, challenges that cost no memory, and tokens that are checked once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from edgepi.clock import Clock
from edgepi.errors import AccessError, ProtocolError
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.signing import recover
from edgepi_iexec.protocol import jwt, logs
from edgepi_iexec.protocol.login import challenge_digest

__all__ = ["VERSION", "Access"]

VERSION = "9.3.0"
_AUDIENCE = f"iExec Scheduler v{VERSION}"
_TOKEN_S = 3600.0
_RENEW_S = 300.0
_CHALLENGE_S = 300.0
_LOGS_CHALLENGE_S = logs.CHALLENGE_LIFE_S / 2  # valid in its window and the next
_MOST_CACHED = 50_000


class Access:
    """*secret* signs tokens and is kept over restarts, so that nobody has to log in again.

    A challenge follows from the wallet, the time and the number of its logins, by a key that nobody else
    has: asking for any number of challenges takes no memory and spoils nobody's login, and none works twice.
    """

    def __init__(self, settings: PoolSettings, clock: Clock, secret: bytes) -> None:
        self._settings = settings
        self._clock = clock
        self._secret = secret
        self._salt = secrets.token_bytes(32)
        self._logins: dict[str, int] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        self._known: dict[str, tuple[str, float]] = {}

    def allowed(self, wallet: str) -> bool:
        """Whether the whitelist lets a wallet in."""
        return self._settings.whitelist is None or wallet in self._settings.whitelist

    def challenge(self, wallet: str) -> str:
        """What a wallet signs to log in; raises AccessError when it may not."""
        if not self.allowed(wallet):
            raise AccessError(f"{wallet} is not on the pool's list")
        return self._challenge("login", wallet, self._window(_CHALLENGE_S))

    def login(self, wallet: str, signature: str) -> str:
        """Return a token for the signature of a challenge; raises AccessError."""
        if not self.allowed(wallet):
            raise AccessError(f"{wallet} is not on the pool's list")
        now = self._window(_CHALLENGE_S)
        for window in (now, now - 1):
            digest = challenge_digest(self._challenge("login", wallet, window))
            if _signed_by(digest, signature) == wallet:
                if len(self._logins) > _MOST_CACHED:
                    self._logins.clear()
                    self._salt = secrets.token_bytes(32)
                self._logins[wallet] = self._logins.get(wallet, 0) + 1
                return self._token(wallet)
        raise AccessError("the signature is not the wallet's, or the challenge is old")

    def wallet(self, authorization: str | None) -> str | None:
        """The wallet that a ``Bearer`` header stands for; None for nobody. Quick when seen before."""
        known = self._known.get(authorization or "")
        if known is not None and known[1] > self._clock.monotonic():
            return known[0]
        if authorization is None or not authorization.startswith("Bearer ") or len(authorization) > 1024:
            return None
        return self._verify(authorization)

    def logs_challenge(self, address: str) -> str:
        """What a requester signs to read logs."""
        return self._challenge("logs", address, self._window(_LOGS_CHALLENGE_S))

    def logs_reader(self, authorization: str | None) -> str:
        """The address that a header ``<hash>_<signature>_<address>`` proves; raises AccessError."""
        try:
            said = logs.LogsAuthorization.parse(authorization or "")
        except ProtocolError as error:
            raise AccessError(error.message) from error
        now = self._window(_LOGS_CHALLENGE_S)
        for window in (now, now - 1):
            text = self._challenge("logs", said.address, window)
            digest = logs.challenge_digest(text, self._settings.chain_id)
            if said.digest == "0x" + digest.hex() and _signed_by(digest, said.signature) == said.address:
                return said.address
        raise AccessError("the signature is not the address's, or the challenge is old")

    def _verify(self, authorization: str) -> str | None:
        now = self._clock.now().timestamp()
        try:
            claims = jwt.verify(
                authorization.removeprefix("Bearer "), self._secret, audience=_AUDIENCE, now_s=now
            )
        except ProtocolError:
            return None
        wallet, expires = str(claims.get("sub", "")), float(claims.get("exp", 0))
        if not self.allowed(wallet) or expires <= now:
            return None
        if len(self._known) > _MOST_CACHED:
            self._known.clear()
        self._known[authorization] = (wallet, self._clock.monotonic() + expires - now)
        return wallet

    def _token(self, wallet: str) -> str:
        now = self._clock.now().timestamp()
        token, expires = self._tokens.get(wallet, ("", 0.0))
        if expires <= now + _RENEW_S:
            claims = {"sub": wallet, "aud": _AUDIENCE, "iat": int(now), "exp": int(now + _TOKEN_S)}
            token = jwt.issue(claims, self._secret)
            if len(self._tokens) > _MOST_CACHED:
                self._tokens.clear()
            self._tokens[wallet] = (token, now + _TOKEN_S)
        return token

    def _window(self, length_s: float) -> int:
        return int(self._clock.now().timestamp() // length_s)

    def _challenge(self, purpose: str, wallet: str, window: int) -> str:
        logins = self._logins.get(wallet, 0) if purpose == "login" else 0
        text = f"{purpose}|{wallet}|{window}|{logins}"
        return base64.b64encode(hmac.digest(self._salt, text.encode(), hashlib.sha256)).decode()


def _signed_by(digest: bytes, signature: str) -> str:
    try:
        return recover(digest, signature)
    except ProtocolError:
        return ""

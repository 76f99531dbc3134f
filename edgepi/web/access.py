"""Who may do what: credentials of a request, and the checks against foreign pages."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from aiohttp import web
from yarl import URL

from edgepi.clock import Clock
from edgepi.errors import AccessError
from edgepi.web.sessions import LoginCodes, Session, Sessions
from edgepi.web.throttle import Throttle
from edgepi.web.tokens import Scope, TokenStore

__all__ = ["COOKIE", "Access", "Actor", "Throttled", "check_host", "check_origin", "is_loopback"]

COOKIE = "edgepi_session"
_LOG = logging.getLogger(__name__)
_REFRESH_S = 1.0


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks, as far as the node knows."""

    kind: Literal["socket", "session", "token"]
    scope: Scope


class Throttled(AccessError):  # noqa: N818 (a state, not a fault)
    """Too many bad logins from this address."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many failed logins", hint=f"try again in {wait_s:.0f} s")
        self.wait_s = wait_s


class Access:
    """Credentials: tokens, sessions and login codes; *real* is the machine's own clock."""

    def __init__(self, state_dir: Path, real: Clock) -> None:
        self.tokens = TokenStore(state_dir / "tokens.json")
        self.sessions = Sessions(state_dir / "sessions.json")
        self.codes = LoginCodes()
        self._throttle = Throttle()
        self._real = real
        self._refreshed_s: float | None = None

    async def load(self) -> None:
        """Read what is on disk."""
        await asyncio.to_thread(self.sessions.load)
        await self.refresh()

    async def refresh(self) -> None:
        """Notice tokens made or revoked by the command line, at most once a second."""
        now_s = self._real.monotonic()
        if self._refreshed_s is not None and now_s - self._refreshed_s < _REFRESH_S:
            return
        self._refreshed_s = now_s
        try:
            await asyncio.to_thread(self.tokens.refresh)
        except AccessError as error:
            _LOG.error("%s", error)

    async def actor(self, request: web.Request) -> Actor | None:
        """Whoever the request's credentials speak for; None without any.

        Raises:
            AccessError: a token was given and is not valid.
            Throttled: too many were not.
        """
        await self.refresh()
        header = request.headers.get("Authorization")
        if header is not None:
            return self._bearer(header, address_of(request))
        cookie = request.cookies.get(COOKIE)
        session = self.session(cookie) if cookie else None
        return Actor("session", session.scope) if session else None

    def session(self, cookie: str) -> Session | None:
        """The session of a cookie; one that a token opened ends with the token."""
        session = self.sessions.find(cookie, self._real.now())
        if session and session.token and not self.tokens.holds(session.token):
            return None
        return session

    def issue_code(self) -> str:
        """Make a one-time login code."""
        return self.codes.issue(self._real.monotonic())

    async def log_in_with_code(self, code: str, address: str) -> str | None:
        """Open a session that may control; None when the code is not (or no longer) good."""
        now_s = self._real.monotonic()
        self._check_throttle(address)
        if not self.codes.redeem(code, now_s):
            self._throttle.failed(address, now_s)
            return None
        return await self._opened(Scope.CONTROL, address, None)

    async def log_in_with_token(self, secret: str, address: str) -> str:
        """Open a session with the token's scope; raises `AccessError`."""
        await self.refresh()
        self._bearer(f"Bearer {secret}", address)
        token = self.tokens.find(secret)
        assert token is not None
        return await self._opened(token.scope, address, token.digest)

    async def log_out(self, cookie: str) -> None:
        """End a session."""
        self.sessions.close(cookie)
        await asyncio.to_thread(self.sessions.save)

    async def _opened(self, scope: Scope, address: str, token: str | None) -> str:
        self._throttle.succeeded(address)
        cookie = self.sessions.open(scope, self._real.now(), token=token)
        await asyncio.to_thread(self.sessions.save)
        return cookie

    def _bearer(self, header: str, address: str) -> Actor:
        self._check_throttle(address)
        kind, _, secret = header.partition(" ")
        token = self.tokens.find(secret.strip()) if kind.lower() == "bearer" else None
        if token is None:
            self._throttle.failed(address, self._real.monotonic())
            raise AccessError("the token is not valid", hint="make one with `edgepi token new NAME`")
        return Actor("token", token.scope)

    def _check_throttle(self, address: str) -> None:
        if (wait_s := self._throttle.wait_s(address, self._real.monotonic())) > 0:
            raise Throttled(wait_s)


def address_of(request: web.Request) -> str:
    """The peer's address; one IPv6 household counts as one."""
    return _household(request.remote or "")


@lru_cache(maxsize=64)
def _household(remote: str) -> str:
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return "?"
    if address.version == 6 and not address.is_loopback:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def is_loopback(host: str) -> bool:
    """Whether a name or address can mean this machine alone."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_host(request: web.Request) -> None:
    """Refuse a name that a foreign page has pointed at this machine (DNS rebinding)."""
    if not is_loopback(_name(request.host)):
        raise AccessError("this node answers to localhost only", hint="open it as http://localhost")


def check_origin(request: web.Request, *, needed: bool) -> None:
    """Refuse what a foreign page sends through somebody's browser; *needed* asks for the header."""
    site = request.headers.get("Sec-Fetch-Site")
    if site not in {None, "same-origin", "none"}:
        raise AccessError("requests from other sites are refused")
    origin = request.headers.get("Origin")
    if origin is None:
        if needed and site is None:
            raise AccessError("a browser's request needs an Origin header")
        return
    try:
        same = URL(origin).authority.lower() == request.host.lower()
    except ValueError:
        same = False
    if not same:
        raise AccessError("requests from other sites are refused")


def _name(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.rpartition(":")[0] if ":" in host else host

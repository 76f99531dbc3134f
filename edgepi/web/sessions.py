"""Browser sessions and the one-time links that open them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edgepi.files import atomic_write
from edgepi.web.tokens import Scope, hashed, new_secret

__all__ = ["LoginCodes", "Session", "Sessions"]

LINK_LIFE_S = 15 * 60.0
SESSION_LIFE = timedelta(days=90)
MOST_SESSIONS = 50
MOST_CODES = 20


class LoginCodes:
    """Codes that open one session each, within 15 minutes; kept in memory as hashes."""

    def __init__(self) -> None:
        self._deadlines: dict[str, float] = {}

    def issue(self, monotonic_s: float) -> str:
        """Make a code."""
        while len(self._deadlines) >= MOST_CODES:
            del self._deadlines[next(iter(self._deadlines))]
        code = new_secret()
        self._deadlines[hashed(code)] = monotonic_s + LINK_LIFE_S
        return code

    def redeem(self, code: str, monotonic_s: float) -> bool:
        """Use a code up; False if it is wrong, used or too old."""
        deadline = self._deadlines.pop(hashed(code), None)
        return deadline is not None and monotonic_s <= deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that has logged in; *token* is the hash of the token it used, if it was one."""

    scope: Scope
    expires_utc: datetime
    token: str | None = None


class Sessions:
    """Open sessions by the hash of their cookie; `load` and `save` block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sessions: dict[str, Session] = {}

    def load(self) -> None:
        """Read what an earlier life of the node left; a damaged file only means logging in again."""
        try:
            entries = json.loads(self._path.read_bytes())["sessions"]
            self._sessions = {digest: _parsed(entry) for digest, entry in entries.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._sessions = {}

    def save(self) -> None:
        """Write all sessions."""
        entries = {
            digest: {"scope": s.scope, "expires_utc": s.expires_utc.isoformat(), "token": s.token}
            for digest, s in dict(self._sessions).items()
        }
        atomic_write(self._path, json.dumps({"version": 1, "sessions": entries}), 0o600)

    def open(self, scope: Scope, now_utc: datetime, *, token: str | None = None) -> str:
        """Start a session and return its cookie's value."""
        self._sessions = {d: s for d, s in self._sessions.items() if s.expires_utc > now_utc}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        secret = new_secret()
        self._sessions[hashed(secret)] = Session(scope=scope, expires_utc=now_utc + SESSION_LIFE, token=token)
        return secret

    def find(self, secret: str, now_utc: datetime) -> Session | None:
        """The session of a cookie, unless it has expired."""
        session = self._sessions.get(hashed(secret))
        return session if session is not None and session.expires_utc > now_utc else None

    def close(self, secret: str) -> None:
        """End a session."""
        self._sessions.pop(hashed(secret), None)


def _parsed(entry: dict[str, str | None]) -> Session:
    return Session(
        scope=Scope(str(entry["scope"])),
        expires_utc=datetime.fromisoformat(str(entry["expires_utc"])).astimezone(UTC),
        token=entry["token"],
    )

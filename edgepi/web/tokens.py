"""Access tokens: random, shown once, kept as hashes in ``<state_dir>/tokens.json``."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from edgepi.errors import AccessError, NotFoundError, RequestError
from edgepi.files import atomic_write

__all__ = ["Scope", "Token", "TokenStore", "hashed", "new_secret"]


class Scope(StrEnum):
    """What a credential allows: looking only, or looking and changing."""

    READ = "read"
    CONTROL = "control"

    def allows(self, needed: Scope) -> bool:
        """Whether this scope is enough."""
        return self is Scope.CONTROL or needed is Scope.READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token; its secret is not."""

    name: str
    scope: Scope
    digest: str
    created_utc: datetime


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """SHA-256; enough for secrets that are random in full length."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class TokenStore:
    """The file of tokens; every method blocks, but for `find` and `names`, which use what was last read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tokens: dict[str, Token] = {}
        self._stamp: tuple[int, int] | None = None

    @property
    def tokens(self) -> tuple[Token, ...]:
        """What was last read, oldest first."""
        return tuple(self._tokens.values())

    def find(self, secret: str) -> Token | None:
        """The token with this secret, if there is one."""
        return self._tokens.get(hashed(secret))

    def holds(self, digest: str) -> bool:
        """Whether a token with this hash is still valid."""
        return digest in self._tokens

    def refresh(self) -> None:
        """Read the file again if it has changed.

        Raises:
            AccessError: the file cannot be read or understood; no token is valid then.
        """
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
            if stamp != self._stamp:
                self._tokens = _parse(self._path.read_bytes())
                self._stamp = stamp
        except FileNotFoundError:
            self._tokens, self._stamp = {}, None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            self._tokens, self._stamp = {}, None
            raise AccessError(
                f"{self._path} cannot be read: {error}", hint="remove it and make new tokens"
            ) from error

    def create(self, name: str, scope: Scope, *, now_utc: datetime) -> str:
        """Add a token and return its secret, which is known nowhere else.

        Raises:
            RequestError: the name is taken or no name.
        """
        if not name or len(name) > 60 or not name.isprintable():
            raise RequestError("a token's name is a printable text of 1 to 60 characters")
        with self._changing():
            if any(token.name == name for token in self._tokens.values()):
                raise RequestError(
                    f"there is a token named {name!r}", hint="revoke it or choose another name"
                )
            secret = f"edgepi_{new_secret()}"
            token = Token(name=name, scope=scope, digest=hashed(secret), created_utc=now_utc)
            self._tokens[token.digest] = token
        return secret

    def revoke(self, name: str) -> None:
        """Remove a token.

        Raises:
            NotFoundError: there is none of this name.
        """
        with self._changing():
            digest = next((d for d, token in self._tokens.items() if token.name == name), None)
            if digest is None:
                raise NotFoundError(f"there is no token named {name!r}", hint="see `edgepi token list`")
            del self._tokens[digest]

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refresh()
            yield
            atomic_write(self._path, _render(self.tokens), 0o600)
        finally:
            os.close(lock)


def _parse(content: bytes) -> dict[str, Token]:
    return {
        entry["sha256"]: Token(
            name=entry["name"],
            scope=Scope(entry["scope"]),
            digest=entry["sha256"],
            created_utc=datetime.fromisoformat(entry["created_utc"]).astimezone(UTC),
        )
        for entry in json.loads(content)["tokens"]
    }


def _render(tokens: tuple[Token, ...]) -> bytes:
    entries = [
        {"name": t.name, "scope": t.scope, "sha256": t.digest, "created_utc": t.created_utc.isoformat()}
        for t in tokens
    ]
    return json.dumps({"version": 1, "tokens": entries}, indent=1).encode()

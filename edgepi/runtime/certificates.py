"""Puts off reading the machine's certificates until something opens a TLS connection.

aiohttp makes its default context while it is imported, and with it parses every authority that the
machine trusts: a tenth of a start, for a node that may never call anyone.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["LateContext", "load_certificates", "put_off_certificates"]

_late: set[ssl.SSLContext] = set()


class LateContext(ssl.SSLContext):
    """What a context is until its certificates are loaded, which its first connection does."""

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Load the certificates, then do as any context does."""
        _load(self)
        return ssl.SSLContext.wrap_bio(self, *args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Load the certificates, then do as any context does."""
        _load(self)
        return ssl.SSLContext.wrap_socket(self, *args, **kwargs)


@contextmanager
def put_off_certificates() -> Iterator[None]:
    """Contexts that are made inside load the default certificates only when they are needed."""
    original = ssl.SSLContext.load_default_certs

    def later(self: ssl.SSLContext, purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
        if purpose is not ssl.Purpose.SERVER_AUTH or type(self) is not ssl.SSLContext:
            original(self, purpose)
            return
        self.__class__ = LateContext
        _late.add(self)

    ssl.SSLContext.load_default_certs = later  # type: ignore[method-assign]
    try:
        yield
    finally:
        ssl.SSLContext.load_default_certs = original  # type: ignore[method-assign]


def load_certificates() -> None:
    """Load what was put off, so that no connection has to. Blocks: use a thread."""
    for context in _late.copy():
        _load(context)


def _load(context: ssl.SSLContext) -> None:
    if type(context) is LateContext:
        context.load_default_certs()
        context.__class__ = ssl.SSLContext  # type: ignore[assignment]
        _late.discard(context)

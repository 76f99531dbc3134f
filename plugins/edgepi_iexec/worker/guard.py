"""Keeps what strangers name (URLs of data, stores) away from this machine and its local network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from edgepi.errors import ProtocolError

__all__ = ["Guard", "is_public"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet at large."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be asked; *trusted* are host names that the owner configured."""

    allow_private: bool = False
    trusted: frozenset[str] = field(default_factory=frozenset)

    def check(self, url: str) -> str:
        """Return the URL if it may be asked, as far as its text tells; raises ProtocolError."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, None
        if parts is None or parts.scheme not in {"http", "https"} or not host or parts.username:
            raise ProtocolError(f"{url[:80]!r} is no address of the web")
        self.check_host(host)
        return url

    def check_host(self, host: str) -> None:
        """Refuse an IP address of the local network; names are looked at when they are resolved."""
        try:
            public = is_public(host)
        except ValueError:
            return
        if not public and not self._may(host):
            raise ProtocolError(
                f"{host} lies on the local network", hint="`allow_private_urls: true` would allow it"
            )

    def session(self) -> ClientSession:
        """A client that connects to nothing that is refused, whatever a name resolves to; close it."""
        return ClientSession(connector=TCPConnector(resolver=_Resolver(self), force_close=True))

    def _may(self, host: str) -> bool:
        return self.allow_private or host.lower() in self.trusted

    def resolved(self, host: str, address: str) -> None:
        """Refuse what a name resolved to, if it lies on the local network."""
        if not self._may(host) and not is_public(address):
            raise OSError(f"{host} lies on the local network")


class _Resolver(AbstractResolver):
    """Resolves names and refuses those of the local network: what was checked is what is connected to."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        return [self._checked(host, kind, to) for kind, _, _, _, to in found]

    def _checked(self, host: str, family: int, to: tuple[Any, ...]) -> ResolveResult:
        self._guard.resolved(host, str(to[0]))
        return ResolveResult(
            hostname=host,
            host=str(to[0]),
            port=int(to[1]),
            family=family,
            proto=0,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )

    async def close(self) -> None:
        """Hold nothing."""

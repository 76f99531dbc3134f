"""Careful requests to peers: no redirects, nothing waited for without end, no answer longer than agreed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from edgepi.errors import EdgePiError, PeerError, ProtocolError
from edgepi_iexec.protocol.reading import parse_json

__all__ = ["MAX_ANSWER", "Reply", "Request", "decoded", "limited", "send", "short"]

MAX_ANSWER = 1024**2
CONNECT_S, TOTAL_S = 10.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call; *body* is sent as it is, *content* as JSON."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: Any = None
    body: Any = None
    timeout_s: float = TOTAL_S
    max_bytes: int = MAX_ANSWER


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of bounded length."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, without blanks around it; raises ProtocolError."""
        try:
            return self.body.decode().strip()
        except UnicodeDecodeError:
            raise ProtocolError("the answer is no text") from None

    def json(self) -> Any:
        """The body as JSON; raises ProtocolError."""
        return decoded(self.body)

    def said(self) -> str:
        """The beginning of the body, harmless in a log."""
        return short(self.body.decode(errors="replace"))


async def send(session: ClientSession, request: Request) -> Reply:
    """Send it and return the answer, whatever its status.

    Raises:
        PeerError: nobody answers in time.
        ProtocolError: the answer is longer than agreed.
    """
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **request.headers}
    data = request.body if request.content is None else json.dumps(request.content).encode()
    try:
        async with session.request(
            request.method,
            request.url,
            params=request.params,
            headers=headers,
            data=data,
            timeout=ClientTimeout(total=request.timeout_s, connect=CONNECT_S),
            allow_redirects=False,
            auto_decompress=False,  # what is not unpacked cannot grow
        ) as response:
            return Reply(response.status, await limited(response, request.max_bytes))
    except EdgePiError:
        raise
    except TimeoutError:
        raise PeerError(f"no whole answer from {_host(request)} within {request.timeout_s:.0f} s") from None
    except (ClientError, OSError, ValueError) as error:
        raise PeerError(f"no answer from {_host(request)}: {type(error).__name__}", hint=_ONLINE) from error


_ONLINE = "is the node online, and the address right?"


async def limited(response: ClientResponse, max_bytes: int) -> bytes:
    """Read a body of at most so many bytes; raises ProtocolError."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise ProtocolError(f"the answer is longer than {max_bytes // 1000} kB")
    return bytes(body)


def decoded(body: bytes | str) -> Any:
    """Decode JSON of a stranger's; raises ProtocolError."""
    return parse_json(body, "the answer")


def short(text: str, length: int = 160) -> str:
    """A stranger's text in a few printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * length]).split())[:length]


def _host(request: Request) -> str:
    return request.url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1]

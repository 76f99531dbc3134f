"""The few questions that an idle worker has, without anything heavy: plain JSON-RPC."""

from __future__ import annotations

import itertools
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientResponse, ClientSession, ClientTimeout

from edgepi.errors import ChainError, ProtocolError
from edgepi_iexec.chain.model import Block
from edgepi_iexec.protocol.reading import parse_json

__all__ = ["LightRpc", "host_of"]

TIMEOUT = ClientTimeout(total=10.0)
MOST_BYTES = 1 << 20
NUMBER = re.compile(r"0x[0-9a-fA-F]{1,64}")


class LightRpc:
    """Asks the first of *urls* that answers, and stays with it until it fails."""

    def __init__(self, urls: Sequence[str], session: Callable[[], Awaitable[ClientSession]]) -> None:
        self._urls = list(urls)
        self._session = session
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        """The node that answered last."""
        return self._urls[0]

    @property
    def count(self) -> int:
        """How many nodes there are to ask."""
        return len(self._urls)

    def give_way(self, url: str) -> None:
        """Ask another node from now on, unless *url* is not the one that is asked."""
        if url == self._urls[0]:
            self._urls.append(self._urls.pop(0))

    async def latest_block(self) -> Block:
        """Return number and time of the newest block; raises ChainError."""
        block = await self._ask("eth_getBlockByNumber", "latest", False)
        try:
            time_utc = datetime.fromtimestamp(int(block["timestamp"], 16), UTC)
            return Block(int(block["number"], 16), time_utc)
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise ChainError(f"{host_of(self.url)} names no block") from error

    async def number(self, method: str, *arguments: Any) -> int:
        """Ask for what is a number; raises ChainError."""
        answer = await self._ask(method, *arguments)
        try:
            if NUMBER.fullmatch(answer):
                return int(answer, 16)
        except TypeError:
            pass
        raise ChainError(f"{host_of(self.url)} answers {method} with {str(answer)[:40]!r}")

    async def _ask(self, method: str, *arguments: Any) -> Any:
        failure: ChainError | None = None
        for _ in range(self.count):
            url = self.url
            try:
                return await self._ask_one(url, method, arguments)
            except ChainError as error:
                failure = failure or error
                self.give_way(url)
        assert failure is not None
        raise failure

    async def _ask_one(self, url: str, method: str, arguments: Sequence[Any]) -> Any:
        question = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": list(arguments)}
        session = await self._session()
        try:
            async with session.post(url, json=question, timeout=TIMEOUT) as reply:
                answer = parse_json(await _limited(reply), "the answer")
        except (ClientError, TimeoutError, ValueError) as error:
            raise ChainError(
                f"the chain's node {host_of(url)} cannot be asked: {_reason(error)}",
                hint="see `rpc` in the configuration",
            ) from error
        if not isinstance(answer, dict) or answer.get("result") is None:
            problem = answer.get("error") if isinstance(answer, dict) else answer
            raise ChainError(f"the chain's node {host_of(url)} refuses {method}: {str(problem)[:200]}")
        return answer["result"]


def host_of(url: str) -> str:
    """Return what of a node's address may be shown: the rest may be the key to an account there."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
    except ValueError:
        return "(no address)"


def _reason(error: Exception) -> str:
    if isinstance(error, ClientConnectorError):
        return str(error.os_error.strerror or error.os_error)
    return str(error) if type(error) in {ValueError, ProtocolError} else type(error).__name__


async def _limited(reply: ClientResponse) -> bytes:
    content = bytearray()
    async for piece in reply.content.iter_chunked(1 << 16):
        content += piece
        if len(content) > MOST_BYTES:
            raise ValueError("its answer is too long")
    return bytes(content)

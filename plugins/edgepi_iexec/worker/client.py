"""The scheduler's REST interface, as a worker uses it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import ClientSession

from edgepi.errors import PeerError, ProtocolError
from edgepi_iexec.chain.interface import Signer
from edgepi_iexec.protocol.login import challenge_digest
from edgepi_iexec.protocol.models import (
    ChainConfiguration,
    PublicConfiguration,
    ReplicateTaskSummary,
    WorkerModel,
)
from edgepi_iexec.protocol.notifications import NotificationType, TaskNotification
from edgepi_iexec.protocol.reports import StatusUpdate
from edgepi_iexec.worker.guard import Guard
from edgepi_iexec.worker.web import Reply, Request, send

__all__ = ["SchedulerClient"]

T = TypeVar("T")
TASK_ID = re.compile(r"0x[0-9a-f]{64}")
WORD = re.compile(r"[\x21-\x7e]{1,4096}")


class SchedulerClient:
    """Asks one scheduler; logs in by itself, and again whenever its token is no longer taken.

    Every method raises PeerError when nobody answers or the answer is a refusal, and ProtocolError
    when it is not what the protocol allows.
    """

    def __init__(
        self,
        url: str,
        http: Callable[[], Awaitable[ClientSession]],
        guard: Guard,
        signer: Signer | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._http = http
        self._guard = guard
        self._signer = signer
        self._token: str | None = None
        self._login = asyncio.Lock()

    @property
    def signer(self) -> Signer | None:
        """Who logs in."""
        return self._signer

    def sign_with(self, signer: Signer) -> None:
        """Say who logs in; before that only what is public can be asked."""
        self._signer = signer

    async def version(self) -> str:
        """The scheduler's version."""
        return _word(_good(await self._send(Request(method="GET", url=f"{self._url}/version"))), "a version")

    async def configuration(self) -> PublicConfiguration:
        """What the pool tells all workers."""
        reply = await self._send(Request(method="GET", url=f"{self._url}/workers/config"))
        return PublicConfiguration.from_json(_good(reply).json())

    async def chain_configuration(self, url: str) -> ChainConfiguration:
        """What the configuration server at *url* says of the chain."""
        where = f"{self._guard.check(url or self._url).rstrip('/')}/config/chain"
        async with self._guard.session() as session:
            reply = await send(session, Request(method="GET", url=where))
        return ChainConfiguration.from_json(_good(reply).json())

    async def register(self, worker: WorkerModel) -> None:
        """Say what this worker is and can."""
        _good(await self._call("POST", "/workers/register", content=worker.to_json()))

    async def ping(self) -> str:
        """Show that the worker lives; the session changes when the scheduler's configuration does."""
        return _word(_good(await self._call("POST", "/workers/ping")), "a session")

    async def computing(self) -> tuple[str, ...]:
        """The tasks that the scheduler believes are being computed here."""
        found = _good(await self._call("GET", "/workers/computing")).json()
        return tuple(_task_id(each) for each in _list(found))

    async def available(self, block: int, energy: Mapping[str, str]) -> ReplicateTaskSummary | None:
        """Ask for work; *energy* are headers that say what there is to spare."""
        reply = await self._call(
            "GET", "/replicates/available", params={"blockNumber": str(block)}, headers=energy
        )
        if reply.status == 204:
            return None
        return ReplicateTaskSummary.from_json(_good(reply).json())

    async def interrupted(self, block: int) -> tuple[TaskNotification, ...]:
        """What the scheduler wants next of each task that this worker took part in."""
        reply = await self._call("GET", "/replicates/interrupted", params={"blockNumber": str(block)})
        return tuple(TaskNotification.from_json(each) for each in _list(_good(reply).json()))

    async def update(self, task_id: str, update: StatusUpdate) -> NotificationType:
        """Report a status once; the answer is what to do next."""
        path = f"/replicates/{_task_id(task_id)}/updateStatus"
        reply = await self._call("POST", path, content=update.to_json())
        if reply.status not in {200, 202, 208}:
            raise _refusal(reply)
        answer = reply.json()
        try:
            return NotificationType(answer)
        except ValueError:
            raise ProtocolError(f"{str(answer)[:40]!r} is no answer to a status") from None

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: Any = None,
    ) -> Reply:
        request = Request(
            method=method,
            url=self._url + path,
            params=params or {},
            headers=headers or {},
            content=content,
        )
        token = await self._logged_in(None)
        reply = await self._send(_with(request, token))
        if reply.status == 401:
            reply = await self._send(_with(request, await self._logged_in(token)))
        return reply

    async def _logged_in(self, stale: str | None) -> str:
        async with self._login:
            if self._token is None or self._token == stale:
                self._token = None
                self._token = await self._log_in()
            return self._token

    async def _log_in(self) -> str:
        if self._signer is None:
            raise PeerError("nobody can log in yet: there is no wallet")
        params = {"walletAddress": self._signer.address}
        asked = Request(method="GET", url=f"{self._url}/workers/challenge", params=params)
        challenge = _word(_login(await self._send(asked)), "a challenge")
        signature = await self._signer.sign_raw(challenge_digest(challenge))
        answered = Request(
            method="POST", url=f"{self._url}/workers/login", params=params, content={"value": signature}
        )
        return _word(_login(await self._send(answered)), "a token")

    async def _send(self, request: Request) -> Reply:
        return await send(await self._http(), request)


def _with(request: Request, token: str) -> Request:
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})


def _good(reply: Reply) -> Reply:
    if reply.status != 200:
        raise _refusal(reply)
    return reply


def _login(reply: Reply) -> Reply:
    if reply.status == 401:
        raise PeerError(
            "the scheduler does not let this wallet in",
            hint="ask the pool's owner to put it on the whitelist",
        )
    return _good(reply)


def _refusal(reply: Reply) -> PeerError:
    hints = {
        401: "the wallet is not let in",
        503: "the scheduler's own chain node is down; it is asked again",
    }
    said = f": {reply.said()}" if reply.body else ""
    return PeerError(f"the scheduler answers {reply.status}{said}", hint=hints.get(reply.status))


def _word(reply: Reply, what: str) -> str:
    if WORD.fullmatch(reply.text) is None:
        raise ProtocolError(f"the scheduler's answer is not {what}")
    return reply.text


def _task_id(found: object) -> str:
    if not isinstance(found, str) or TASK_ID.fullmatch(found.lower()) is None:
        raise ProtocolError("the scheduler names a task that can be none")
    return found.lower()


def _list(found: object, most: int = 1000) -> list[Any]:
    if not isinstance(found, list) or len(found) > most:
        raise ProtocolError("the scheduler's answer is no list, or endless")
    return found

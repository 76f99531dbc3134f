"""Workers of a pool as far as it sees them: they log in, ping, ask, and report what they are given."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from dataclasses import dataclass, field
from typing import Any

from coincurve import PrivateKey

from edgepi_iexec.protocol.hashing import keccak256
from edgepi_iexec.protocol.login import challenge_digest

__all__ = ["ASK_S", "PING_S", "Connection", "Crowd", "Took"]

PING_S, ASK_S = 10.0, 5.0
STEP_S = 1.0
STEPS = (
    "STARTING",
    "STARTED",
    "APP_DOWNLOADING",
    "APP_DOWNLOADED",
    "DATA_DOWNLOADING",
    "DATA_DOWNLOADED",
    "COMPUTING",
)
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Took:
    """Milliseconds of each request by its kind, and answers that were none of the protocol's."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    wrong: int = 0
    given: int = 0

    def note(self, kind: str, since_s: float) -> None:
        """Keep how long it took since."""
        self.ms.setdefault(kind, []).append((time.perf_counter() - since_s) * 1000)


class Connection(asyncio.Protocol):
    """One connection that is kept alive; costs as little as it can, for it runs beside the pool."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand on an answer that is whole."""
        self._data += data
        head, blank, body = self._data.partition(b"\r\n\r\n")
        if not blank or self._answer is None or self._answer.done():
            return
        found = LENGTH.search(head)
        if found is None or len(body) >= int(found[1]):
            self._data = b""
            self._answer.set_result((int(head[9:12]), body))
            self._answer = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits for an answer."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the pool hung up"))

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; returns what will be its status and body."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer


def request(method: str, path: str, token: str = "", body: object = None) -> bytes:
    """Return a request as it goes over the wire."""
    text = b"" if body is None else json.dumps(body).encode()
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    length = f"Content-Length: {len(text)}\r\n" if text or method == "POST" else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: pool\r\nContent-Type: application/json\r\n"
    return f"{head}{authorization}{length}\r\n".encode() + text


class Worker:
    """One wallet and its connection."""

    def __init__(self, number: int, took: Took) -> None:
        self._key = PrivateKey(number.to_bytes(32))
        self.took = took
        self._turn = asyncio.Lock()
        self._token = ""
        public = self._key.public_key.format(compressed=False)[1:]
        self.wallet = "0x" + keccak256(public)[12:].hex()
        self.connection = Connection()

    async def enter(self, host: str, port: int) -> None:
        """Connect, log in and register."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self.connection, host, port)
        path = f"?walletAddress={self.wallet}"
        challenge = await self._must("GET", f"/workers/challenge{path}")
        signed = self._key.sign_recoverable(challenge_digest(challenge.decode()), hasher=None)
        value = "0x" + (signed[:64] + bytes([signed[64] + 27])).hex()
        self._token = (await self._must("POST", f"/workers/login{path}", {"value": value})).decode()
        await self._must("POST", "/workers/register", self._machine())
        self._ping = request("POST", "/workers/ping", self._token)
        self._ask = request("GET", "/replicates/available?blockNumber=100", self._token)

    def _machine(self) -> dict[str, Any]:
        return {
            "name": "pi",
            "walletAddress": self.wallet,
            "os": "Linux",
            "cpu": "aarch64",
            "cpuNb": 1,
            "memorySize": 8,
            "gpuEnabled": False,
            "teeEnabled": False,
            "tdxEnabled": False,
        }

    async def _must(self, method: str, path: str, body: object = None) -> bytes:
        status, said = await self.connection.ask(request(method, path, self._token, body))
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {said!r}")
        return said

    async def keep_pinging(self, first_s: float) -> None:
        """Ping for ever, the first time after so long."""
        await asyncio.sleep(first_s)
        while True:
            next_s = time.perf_counter() + PING_S
            if (await self._timed("ping", self._ping))[0] != 200:
                self.took.wrong += 1
            await asyncio.sleep(next_s - time.perf_counter())

    async def keep_asking(self, first_s: float) -> None:
        """Ask for ever; what is given is worked on, and reported."""
        await asyncio.sleep(first_s)
        while True:
            next_s = time.perf_counter() + ASK_S
            status, body = await self._timed("ask", self._ask)
            if status == 200:
                self.took.given += 1
                await self._work(json.loads(body)["workerpoolAuthorization"]["chainTaskId"])
            elif status != 204:
                self.took.wrong += 1
            await asyncio.sleep(next_s - time.perf_counter())

    async def _work(self, task_id: str) -> None:
        for status in STEPS:
            said = request("POST", f"/replicates/{task_id}/updateStatus", self._token, {"status": status})
            if (await self._timed("report", said))[0] != 200:
                self.took.wrong += 1
            await asyncio.sleep(STEP_S)

    async def _timed(self, kind: str, said: bytes) -> tuple[int, bytes]:
        """The clock runs from when the worker wanted to speak, also while its connection is busy."""
        since_s = time.perf_counter()
        async with self._turn:
            answer = await self.connection.ask(said)
        self.took.note(kind, since_s)
        return answer


class Crowd:
    """So many workers, spread over the period in which each pings and asks."""

    def __init__(self, count: int) -> None:
        self.took = Took()
        self._workers = [Worker(number, self.took) for number in range(1, count + 1)]
        self._dice = random.Random(5)
        self._works: list[asyncio.Task[None]] = []

    async def enter(self, host: str, port: int) -> float:
        """Have all log in, fifty at a time; returns the seconds that it took."""
        since_s, gate = time.perf_counter(), asyncio.Semaphore(50)

        async def enter(worker: Worker) -> None:
            async with gate:
                await worker.enter(host, port)

        await asyncio.gather(*map(enter, self._workers))
        return time.perf_counter() - since_s

    def start(self) -> None:
        """Have all ping and ask."""
        for each in self._workers:
            self._works.append(asyncio.create_task(each.keep_pinging(self._dice.uniform(0, PING_S))))
            self._works.append(asyncio.create_task(each.keep_asking(self._dice.uniform(0, ASK_S))))

    def fresh(self) -> Took:
        """Measure anew from here."""
        self.took = Took()
        for each in self._workers:
            each.took = self.took
        return self.took

    async def stop(self) -> None:
        """Have all fall silent."""
        for each in self._works:
            each.cancel()
        await asyncio.gather(*self._works, return_exceptions=True)

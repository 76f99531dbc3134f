"""A pool with its doors open, a chain in memory, and workers that do what a test has them do."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import logging
import sqlite3
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from edgepi.testing.clock import ManualClock, settle
from edgepi_iexec.chain.model import ZERO_ADDRESS, TaskStatus
from edgepi_iexec.pool.model import PoolTask, Replicate, Stage
from edgepi_iexec.pool.pool import Pool
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.writer import Writer
from edgepi_iexec.protocol import ids, stomp
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.login import challenge_digest
from tests.plugins.iexec.fakechain import KEYS, FakeChain, Faults, Ledger

__all__ = [
    "CHAIN_ID",
    "RESULT",
    "RLC",
    "TO_COMPUTED",
    "Hand",
    "House",
    "Listener",
    "Said",
    "digest_of",
    "link",
    "packed",
]

CHAIN_ID = 65535
RLC = 10**9
RESULT: Mapping[str, bytes] = {
    "computed.json": b'{"deterministic-output-path":"/iexec_out/result.txt"}',
    "result.txt": b"3.14159\n",
}
TO_COMPUTED = (
    "STARTING",
    "STARTED",
    "APP_DOWNLOADING",
    "APP_DOWNLOADED",
    "DATA_DOWNLOADING",
    "DATA_DOWNLOADED",
    "COMPUTING",
    "COMPUTED",
)


def packed(files: Mapping[str, bytes] = RESULT) -> bytes:
    """Return a result's zip, always the same."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def digest_of(content: bytes = RESULT["result.txt"]) -> str:
    """Return the digest of a result of one file."""
    return "0x" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Said:
    """An answer of the pool's."""

    status: int
    text: str
    kind: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class House:
    """One pool, opened by `open` and again by `reopen`, as after a power cut."""

    def __init__(self, clock: ManualClock, folder: Path) -> None:
        self.clock, self.folder = clock, folder
        self.ledger = Ledger(clock, chain_id=CHAIN_ID)
        self.owner = self.wallet(0)
        self.address = self.ledger.create_pool(owner=self.owner.address)
        self.app = self.ledger.create_app("registry.test/demo:1", owner=self.owner.address)
        self.requester = self.wallet(40)
        self.session: ClientSession | None = None
        self.changes: dict[str, Any] = {}
        self.hands: list[Hand] = []
        self._pool: Pool | None = None

    @property
    def pool(self) -> Pool:
        assert self._pool is not None
        return self._pool

    @property
    def url(self) -> str:
        """Where the pool listens, whatever it tells others."""
        runner = self.pool._runner
        assert runner is not None
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    def wallet(self, number: int) -> FakeChain:
        """Return one of the wallets, with a deposit."""
        wallet = FakeChain(self.ledger, KEYS[number], Faults())
        self.ledger.fund(wallet.address, stake_nrlc=1000 * RLC)
        return wallet

    def settings(self, **changes: Any) -> PoolSettings:
        given: dict[str, Any] = {
            "pool_address": self.address,
            "hub": "0x" + "ab" * 20,
            "rpc_url": "http://127.0.0.1:8545",
            "state_dir": self.folder,
            "chain_id": CHAIN_ID,
            "port": 0,
            "start_block": 0,
            "sidechain": True,
        }
        return PoolSettings(**(given | changes))

    async def open(self, **changes: Any) -> Pool:
        """Start the pool; the workers keep their tokens."""
        self.changes = changes
        log = logging.getLogger("house.pool")
        self._pool = Pool(self.settings(**changes), self.owner, self.clock, log)
        await self._pool.start()
        self.session = self.session or ClientSession()
        return self._pool

    async def reopen(self, **changes: Any) -> Pool:
        """End the pool and start it from what is on disk."""
        await self.pool.stop()
        return await self.open(**(self.changes | changes))

    async def close(self) -> None:
        """End what was started."""
        if self.session is not None:
            await self.session.close()
        if self._pool is not None:
            await self._pool.stop()

    async def call(self, method: str, path: str, **named: Any) -> Said:
        """Ask the pool something."""
        assert self.session is not None
        async with self.session.request(method, self.url + path, **named) as answer:
            return Said(answer.status, await answer.text(), answer.content_type)

    async def hand(self, number: int = 1, **machine: Any) -> Hand:
        """Return a worker that has logged in and registered."""
        hand = Hand(self, self.wallet(number))
        self.hands.append(hand)
        await hand.login()
        assert (await hand.register(**machine)).status == 200
        return hand

    def place(self, **terms: Any) -> tuple[str, ...]:
        """Have a deal matched; returns the ids of its tasks."""
        placed = self.ledger.place(self.app, pool=self.address, requester=self.requester.address, **terms)
        return placed.task_ids

    async def order(self, **terms: Any) -> str:
        """Have a task ordered, and wait until it may be asked for."""
        (task_id,) = self.place(**terms)
        await self.until_stage(task_id, Stage.INITIALIZED)
        await self.let_pass(0.5)
        return task_id

    # Time

    async def let_pass(self, seconds: float, step_s: float = 0.5) -> None:
        """Let time pass; what the pool does in each step is done before the next."""
        passed_s = 0.0
        while passed_s < seconds:
            part_s = min(step_s, seconds - passed_s)
            passed_s += part_s
            await self.clock.advance(part_s)
            for _ in range(3):
                await self.pool.book.store.write()
                await settle()

    async def until(self, holds: Callable[[], object], *, within_s: float = 90.0) -> None:
        """Let time pass until something holds."""
        for _ in range(int(within_s / 0.5)):
            if holds():
                return
            await self.let_pass(0.5)
        assert holds(), f"not within {within_s:g} s"

    async def until_stage(self, task_id: str, *stages: Stage, within_s: float = 90.0) -> None:
        """Let time pass until a task is there."""
        await self.until(lambda: self.stage(task_id) in stages, within_s=within_s)

    async def live(self, seconds: float, step_s: float = 0.5) -> None:
        """Let time pass while all workers ping."""
        for _ in range(int(seconds / 10)):
            for hand in self.hands:
                assert (await hand.ping()).status == 200
            await self.let_pass(10.0, step_s)

    def fill_disk(self, patch: pytest.MonkeyPatch) -> None:
        """Let nothing be written until *patch* is undone."""

        def full(_writer: Writer, _db: sqlite3.Connection) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        patch.setattr(Writer, "_commit", full)

    # What is

    def task(self, task_id: str) -> PoolTask:
        return self.pool.book.tasks[task_id]

    def stage(self, task_id: str) -> Stage | None:
        task = self.pool.book.tasks.get(task_id)
        return None if task is None else task.stage

    async def stages(self, task_id: str) -> list[str]:
        """All that a task went through, also when the pool has let go of it."""
        found = await self.pool.book.store.task(task_id)
        assert found is not None
        return [each.stage.value for each in found[0].stages]

    def share(self, task_id: str, hand: Hand) -> Replicate:
        share = self.pool.book.replicate(task_id, hand.address)
        assert share is not None
        return share

    def on_chain(self, task_id: str) -> TaskStatus:
        return self.ledger.task(task_id).status


class Hand:
    """A worker by its wallet; does one thing at a time, as a test says."""

    def __init__(self, house: House, chain: FakeChain) -> None:
        self.house, self.chain, self.address = house, chain, chain.address
        self.token = ""
        self.authorizations: dict[str, dict[str, Any]] = {}

    async def call(self, method: str, path: str, **named: Any) -> Said:
        headers = {"Authorization": f"Bearer {self.token}"} | named.pop("headers", {})
        return await self.house.call(method, path, headers=headers, **named)

    async def signed_challenge(self) -> str:
        said = await self.house.call("GET", f"/workers/challenge?walletAddress={self.address}")
        assert said.status == 200, said
        return await self.chain.sign_raw(challenge_digest(said.text))

    async def login(self) -> Said:
        value = await self.signed_challenge()
        said = await self.house.call(
            "POST", f"/workers/login?walletAddress={self.address}", json={"value": value}
        )
        self.token = said.text
        return said

    def model(self, **machine: Any) -> dict[str, Any]:
        return {
            "name": "pi",
            "walletAddress": self.address,
            "os": "Linux",
            "cpu": "aarch64",
            "cpuNb": 1,
            "memorySize": 8,
            "gpuEnabled": False,
            "teeEnabled": False,
            "tdxEnabled": True,
        } | machine

    async def register(self, **machine: Any) -> Said:
        return await self.call("POST", "/workers/register", json=self.model(**machine))

    async def ping(self, **headers: str) -> Said:
        return await self.call("POST", "/workers/ping", headers=headers)

    async def asked(self, block: int = 1, headers: Mapping[str, str] | None = None) -> Said:
        return await self.call(
            "GET", f"/replicates/available?blockNumber={block}", headers=dict(headers or {})
        )

    async def ask(self, surplus: float | None = None) -> str | None:
        """Ask for work; returns the task's id, or None."""
        headers = {} if surplus is None else {"X-EdgePi-Surplus": str(surplus)}
        said = await self.asked(headers=headers)
        if said.status == 204:
            return None
        assert said.status == 200, said
        authorization = said.json["workerpoolAuthorization"]
        self.authorizations[authorization["chainTaskId"]] = authorization
        return str(authorization["chainTaskId"])

    async def ask_until(self, within_s: float = 90.0) -> str:
        """Ask again and again, as workers do."""
        for _ in range(int(within_s / 5)):
            if (found := await self.ask()) is not None:
                return found
            await self.house.let_pass(5.0)
        raise AssertionError(f"no task within {within_s:g} s")

    async def say(self, task_id: str, status: str, **details: Any) -> tuple[int, Any]:
        """Report a status; returns the HTTP status and what is to be done next."""
        body = {"status": status, "modifier": None, "date": None, "details": details or None}
        said = await self.call("POST", f"/replicates/{task_id}/updateStatus", json=body)
        return said.status, said.json if said.text[:1] == '"' else said.text

    async def compute(self, task_id: str, stdout: str = "pi is about 3") -> Any:
        """Report all that comes before a contribution; returns what is to be done next."""
        following: Any = None
        for status in TO_COMPUTED:
            details: dict[str, Any] = {}
            if status == "COMPUTED":
                logs = {"walletAddress": self.address, "stdout": stdout, "stderr": ""}
                details = {"computeLogs": logs, "exitCode": 0}
            code, following = await self.say(task_id, status, **details)
            assert code == 200, (status, code, following)
        return following

    async def send_contribution(self, task_id: str, content: bytes = RESULT["result.txt"]) -> Any:
        """Contribute on the chain and say nothing; returns the receipt."""
        digest = digest_of(content)
        return await self.chain.contribute(
            task_id,
            ids.result_hash(task_id, digest),
            ids.result_seal(self.address, task_id, digest),
            ZERO_ADDRESS,
            self.authorizations[task_id]["signature"]["value"],
        )

    async def contribute(self, task_id: str, content: bytes = RESULT["result.txt"]) -> tuple[int, Any]:
        assert await self.say(task_id, "CONTRIBUTING") == (200, "PLEASE_CONTINUE")
        return await self.told(task_id, "CONTRIBUTED", await self.send_contribution(task_id, content))

    async def reveal(self, task_id: str, content: bytes = RESULT["result.txt"]) -> tuple[int, Any]:
        assert await self.say(task_id, "REVEALING") == (200, "PLEASE_CONTINUE")
        return await self.told(task_id, "REVEALED", await self.chain.reveal(task_id, digest_of(content)))

    async def told(self, task_id: str, status: str, receipt: Any) -> tuple[int, Any]:
        return await self.say(task_id, status, chainReceipt=_shown(receipt))

    async def upload_token(self, task_id: str) -> Said:
        digest = authorization_hash(self.address, task_id, ZERO_ADDRESS)
        signature = await self.chain.sign_personal(digest)
        headers = {"Authorization": signature}
        return await self.house.call(
            "POST", "/v1/results/token", json=self.authorizations[task_id], headers=headers
        )

    async def bring(self, task_id: str, content: bytes, token: str | None = None) -> Said:
        """Bring a zip to the result store."""
        token = (await self.upload_token(task_id)).text if token is None else token
        model = {
            "chainTaskId": task_id,
            "dealId": "0x" + "00" * 32,
            "taskIndex": 0,
            "image": "",
            "cmd": "",
            "zip": b64encode(content).decode(),
            "deterministHash": digest_of(),
            "enclaveSignature": "0x" + "00" * 65,
        }
        return await self.house.call("POST", "/v1/results", json=model, headers={"Authorization": token})

    async def upload(self, task_id: str, content: bytes | None = None) -> tuple[int, Any]:
        """Bring the result and say so."""
        assert await self.say(task_id, "RESULT_UPLOADING") == (200, "PLEASE_CONTINUE")
        said = await self.bring(task_id, packed() if content is None else content)
        assert said.status == 200, said
        return await self.say(task_id, "RESULT_UPLOADED", resultLink=link(said.text))

    async def at_once(self, task_id: str) -> tuple[int, Any]:
        """Contribute and finalise in one transaction, as is asked of workers of tasks of trust 1."""
        code = (await self.say(task_id, "CONTRIBUTE_AND_FINALIZE_ONGOING"))[0]
        assert code == 200
        shown = link((await self.bring(task_id, packed())).text)
        receipt = await self.chain.contribute_and_finalize(
            task_id,
            digest_of(),
            shown.encode(),
            b"",
            ZERO_ADDRESS,
            self.authorizations[task_id]["signature"]["value"],
        )
        return await self.say(
            task_id, "CONTRIBUTE_AND_FINALIZE_DONE", chainReceipt=_shown(receipt), resultLink=shown
        )

    async def complete(self, task_id: str) -> None:
        assert (await self.say(task_id, "COMPLETING"))[0] == 200
        assert await self.say(task_id, "COMPLETED") == (200, "PLEASE_WAIT")

    async def interrupted(self) -> list[dict[str, Any]]:
        said = await self.call("GET", "/replicates/interrupted?blockNumber=1")
        assert said.status == 200, said
        found: list[dict[str, Any]] = said.json
        return found


class Listener:
    """Hears what is said of tasks, over a bare WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self.frames: list[stomp.Frame] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, house: House, *task_ids: str) -> Listener:
        assert house.session is not None
        self = cls(await house.session.ws_connect(f"{house.url}/connect/websocket"))
        await self.send(stomp.Frame("CONNECT", {"accept-version": "1.1,1.2", "heart-beat": "10000,10000"}))
        for number, task_id in enumerate(task_ids):
            topic = {"id": str(number), "destination": f"/topic/task/{task_id}"}
            await self.send(stomp.Frame("SUBSCRIBE", topic))
        await self.send(stomp.Frame("NOTHING", {"receipt": "ready"}))
        await house.until(lambda: any(frame.command == "RECEIPT" for frame in self.frames))
        return self

    async def send(self, frame: stomp.Frame) -> None:
        await self._socket.send_str(stomp.encode(frame))

    @property
    def heard(self) -> list[tuple[str, list[str]]]:
        """Types and workers of all notifications."""
        said = [json.loads(frame.body) for frame in self.frames if frame.command == "MESSAGE"]
        return [(one["taskNotificationType"], one["workersAddress"]) for one in said]

    def heard_by(self, hand: Hand) -> list[str]:
        return [kind for kind, workers in self.heard if hand.address in workers]

    async def close(self) -> None:
        await self._socket.close()
        await self._reading

    async def _read(self) -> None:
        async for message in self._socket:
            if message.data.strip():
                self.frames += stomp.decode(message.data)


def link(location: str) -> str:
    """Return what a worker says of where a result is."""
    return json.dumps({"storage": "ipfs", "location": location})


def _shown(receipt: Any) -> dict[str, Any]:
    return {"blockNumber": receipt.block_number, "txHash": receipt.tx_hash}

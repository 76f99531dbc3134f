"""A pool over a chain in memory, and workers that a test moves one request at a time."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from edgepi.testing.clock import ManualClock, settle
from edgepi_iexec.chain.model import ZERO_ADDRESS, Receipt
from edgepi_iexec.pool.model import PoolTask, Replicate
from edgepi_iexec.pool.pool import Pool
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.digest import callback_digest
from edgepi_iexec.protocol.hashing import hex_text
from edgepi_iexec.protocol.ids import result_hash, result_seal
from edgepi_iexec.protocol.links import result_link
from edgepi_iexec.protocol.login import challenge_digest
from edgepi_iexec.protocol.uploading import ResultModel
from tests.plugins.iexec.fakechain import FakeChain, Ledger, ledger_wallets
from tests.plugins.iexec.fakemarket import Placed

CALLBACK = "0x" + "ca" * 20
COMPUTED = {"deterministic-output-path": "/iexec_out/result.txt"}
MACHINE = {"name": "pi", "os": "Linux", "cpu": "aarch64", "cpuNb": 1, "memorySize": 4}
IPFS = '{"iexec_result_storage_provider":"ipfs","iexec_args":"7"}'


def zip_of(text: str = "3.14159\n", files: Mapping[str, str] | None = None) -> bytes:
    """A result as workers pack it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for name, content in (
            {"computed.json": json.dumps(COMPUTED), "result.txt": text} | dict(files or {})
        ).items():
            out.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def digest_of(text: str = "3.14159\n") -> str:
    """What `zip_of` is digested to."""
    return "0x" + hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Scene:
    """A pool, its chain and its owner; time stands still until the test moves it."""

    def __init__(self, clock: ManualClock, folder: Path, session: ClientSession, **settings: Any) -> None:
        self.clock = clock
        self.ledger = Ledger(clock, block_s=1.0)
        self.owner, self.requester, *wallets = ledger_wallets(self.ledger, 8)
        self.pool_address = self.ledger.create_pool(owner=self.owner.address)
        self.app = self.ledger.create_app("registry.test/demo:1", owner=self.requester.address)
        self.settings = PoolSettings(
            pool_address=self.pool_address,
            hub="0x" + "aa" * 20,
            rpc_url="http://127.0.0.1:8545",
            state_dir=folder,
            chain_id=self.ledger.chain_id,
            port=0,
            sidechain=True,
            block_time_s=1.0,
            start_block=0,
            **settings,
        )
        self.pool: Pool | None = None
        self.session = session
        self.hands = [Hand(self, wallet) for wallet in wallets]

    @property
    def there(self) -> Pool:
        assert self.pool is not None
        return self.pool

    @property
    def url(self) -> str:
        return self.there.url

    async def open(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        self.pool = Pool(self.settings, self.owner, self.clock, logging.getLogger("test.pool"))
        await self.pool.start()

    async def close(self) -> None:
        if self.pool is not None:
            await self.pool.stop()
            self.pool = None

    async def restart(self, **changes: Any) -> None:
        await self.close()
        await self.open(**changes)

    def order(self, **wishes: Any) -> Placed:
        wishes = {"params": IPFS} | wishes
        return self.ledger.place(self.app, pool=self.pool_address, requester=self.requester.address, **wishes)

    async def ordered(self, **wishes: Any) -> str:
        """A task that is given out."""
        task_id = self.order(**wishes).task_ids[0]
        await self.until(lambda: self.stage(task_id) in {"INITIALIZED", "RUNNING"})
        return task_id

    def task(self, task_id: str) -> PoolTask:
        return self.there.book.tasks[task_id]

    def stage(self, task_id: str) -> str:
        task = self.there.book.tasks.get(task_id)
        return "" if task is None else task.stage.value

    def share(self, task_id: str, hand: Hand) -> Replicate:
        found = self.there.book.replicate(task_id, hand.wallet)
        assert found is not None
        return found

    async def until(self, holds: Callable[[], bool], *, step_s: float = 1.0, most_s: float = 40.0) -> None:
        """Let time pass until something holds; the database's thread gets its turn between."""
        for _ in range(round(most_s / step_s)):
            if holds():
                return
            await self.pass_time(step_s)
        assert holds()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and what follows from it reach the disk."""
        await self.clock.advance(seconds)
        for _ in range(6):
            await self.there.book.store.write()
            await settle()

    async def rest(self, seconds: float, step_s: float = 1.0) -> None:
        """Let time pass in steps."""
        for _ in range(round(seconds / step_s)):
            await self.pass_time(step_s)

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        async with self.session.request(method, self.url + path, **more) as answer:
            body = await answer.read()
            return Answer(answer.status, body.decode("utf-8", "replace"), answer.headers, body)


class Hand:
    """One worker: its wallet, its token, and what it says."""

    def __init__(self, scene: Scene, chain: FakeChain) -> None:
        self.scene = scene
        self.chain = chain
        self.wallet = chain.address
        self.token = ""
        self.authorizations: dict[str, dict[str, Any]] = {}

    async def log_in(self) -> Answer:
        challenge = await self.scene.call("GET", f"/workers/challenge?walletAddress={self.wallet}")
        signed = await self.chain.sign_raw(challenge_digest(challenge.text))
        answer = await self.scene.call(
            "POST", f"/workers/login?walletAddress={self.wallet}", json={"value": signed}
        )
        self.token = answer.text
        return answer

    async def call(self, method: str, path: str, **more: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return await self.scene.call(method, path, headers=headers, **more)

    async def join(self, **machine: Any) -> Hand:
        await self.log_in()
        answer = await self.call("POST", "/workers/register", json=MACHINE | machine)
        assert answer.status == 200, answer
        return self

    async def ping(self, **headers: str) -> Answer:
        return await self.call("POST", "/workers/ping", headers=headers)

    async def ask(self, **headers: str) -> str | None:
        """The task that it gets, after as long as it must wait."""
        await self.scene.pass_time(self.scene.settings.ask_s)
        return await self.ask_now(**headers)

    async def ask_now(self, **headers: str) -> str | None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.call("GET", "/replicates/available?blockNumber=9", headers=sent)
        if answer.status == 204:
            return None
        assert answer.status == 200, answer
        authorization = answer.json["workerpoolAuthorization"]
        task_id = str(authorization["chainTaskId"])
        self.authorizations[task_id] = authorization
        return task_id

    async def say(self, task_id: str, status: str, **details: Any) -> Answer:
        body = {"status": status, "modifier": None, "date": None, "details": details or None}
        return await self.call("POST", f"/replicates/{task_id}/updateStatus", json=body)

    async def compute(self, task_id: str) -> Answer:
        """Say all that leads to COMPUTED; the answer to that."""
        for status in ("STARTING", "STARTED", "APP_DOWNLOADING", "APP_DOWNLOADED", "DATA_DOWNLOADING"):
            assert (await self.say(task_id, status)).status == 200
        assert (await self.say(task_id, "DATA_DOWNLOADED")).json == "PLEASE_COMPUTE"
        await self.say(task_id, "COMPUTING")
        logs = {"walletAddress": self.wallet, "stdout": "out", "stderr": "err"}
        return await self.say(task_id, "COMPUTED", exitCode=0, computeLogs=logs)

    async def contribute(self, task_id: str, digest: str) -> Receipt:
        return await self.chain.contribute(
            task_id,
            result_hash(task_id, digest),
            result_seal(self.wallet, task_id, digest),
            ZERO_ADDRESS,
            self.authorizations[task_id]["signature"]["value"],
        )

    async def contributed(self, task_id: str, digest: str | None = None) -> Answer:
        """Compute, contribute and say so."""
        await self.compute(task_id)
        await self.say(task_id, "CONTRIBUTING")
        receipt = await self.contribute(task_id, digest or digest_of())
        return await self.say(task_id, "CONTRIBUTED", **receipt_of(receipt))

    async def revealed(self, task_id: str, digest: str | None = None) -> Answer:
        await self.say(task_id, "REVEALING")
        receipt = await self.chain.reveal(task_id, digest or digest_of())
        return await self.say(task_id, "REVEALED", **receipt_of(receipt))

    async def upload_token(self, task_id: str) -> Answer:
        digest = authorization_hash(self.wallet, task_id)
        headers = {"Authorization": await self.chain.sign_personal(digest)}
        return await self.scene.call(
            "POST", "/v1/results/token", json=self.authorizations[task_id], headers=headers
        )

    async def upload(self, task_id: str, archive: bytes | None = None) -> Answer:
        token = (await self.upload_token(task_id)).text
        model = ResultModel(task_id=task_id, zip=zip_of() if archive is None else archive)
        return await self.scene.call(
            "POST", "/v1/results", json=model.to_json(), headers={"Authorization": token}
        )

    async def uploaded(self, task_id: str) -> Answer:
        await self.say(task_id, "RESULT_UPLOADING")
        place = (await self.upload(task_id)).text
        return await self.say(task_id, "RESULT_UPLOADED", resultLink=result_link(place))

    async def completed(self, task_id: str) -> Answer:
        await self.say(task_id, "COMPLETING")
        return await self.say(task_id, "COMPLETED")


def receipt_of(receipt: Receipt) -> dict[str, Any]:
    """As it is reported."""
    return {"chainReceipt": {"blockNumber": receipt.block_number, "txHash": receipt.tx_hash}}


def digest_of_callback(data: bytes) -> str:
    """What a deal with a callback is agreed on."""
    return callback_digest(hex_text(data))

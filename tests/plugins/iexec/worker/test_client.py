from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edgepi.errors import MarketError, PeerError, ProtocolError
from edgepi_iexec.protocol.login import challenge_digest
from edgepi_iexec.protocol.models import WorkerModel
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.reports import StatusDetails, StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus
from edgepi_iexec.worker.client import SchedulerClient
from edgepi_iexec.worker.guard import Guard

WALLET = "0x" + "52" * 20
TASK = "0x" + "ab" * 32
CHALLENGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CONFIGURATION = {
    "workerPoolAddress": "0x" + "50" * 20,
    "schedulerPublicAddress": "0x" + "51" * 20,
    "configServerUrl": "",
    "resultRepositoryURL": "http://pool.test:13200",
    "askForReplicatePeriod": 5000,
    "requiredWorkerVersion": "",
}
AUTHORIZATION = {
    "chainTaskId": TASK,
    "dealId": "0x" + "cd" * 32,
    "taskIndex": 0,
    "workerWallet": WALLET,
    "enclaveChallenge": "0x" + "00" * 20,
    "signature": {"value": "0x" + "11" * 65},
}
Answer = tuple[int, Any]


class Signer:
    """Signs by writing down what it signs."""

    address = WALLET

    async def sign_raw(self, digest: bytes) -> str:
        return "0x" + digest.hex()

    async def sign_personal(self, digest: bytes) -> str:
        return "0x" + digest.hex()

    async def sign_typed(self, domain: Any, types: Any, message: Any) -> str:
        raise NotImplementedError


class Server:
    """Lets in who signed the challenge, and answers what the test says."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[Any] = []
        self.tokens = ["token-1"]
        self.logins = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rsplit("/", 1)[-1]
        self.asked.append((request.method, request.path, dict(request.headers)))
        if name == "challenge":
            return web.Response(text=CHALLENGE)
        if name == "login":
            return await self._login(request)
        public = name in {"version", "config", "chain"}
        if not public and request.headers.get("Authorization") != f"Bearer {self.tokens[-1]}":
            return web.Response(status=401)
        if request.can_read_body:
            self.bodies.append(await request.json())
        return self._answer(name)

    async def _login(self, request: web.Request) -> web.Response:
        self.logins += 1
        value = (await request.json())["value"]
        if value != "0x" + challenge_digest(CHALLENGE).hex() or request.query["walletAddress"] != WALLET:
            return web.Response(status=401)
        return web.Response(text=self.tokens[-1])

    def _answer(self, name: str) -> web.Response:
        answer = self.answers.get(name, (200, "ok"))
        if isinstance(answer, list):
            answer = answer.pop(0)
        status, body = answer
        if isinstance(body, bytes | str):
            raw = body.encode() if isinstance(body, str) else body
            return web.Response(status=status, body=raw)
        return web.json_response(body, status=status)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    async with TestServer(app, host="127.0.0.1") as running:
        made.url = f"http://127.0.0.1:{running.port}"
        yield made


@pytest.fixture
async def client(server: Server) -> AsyncIterator[SchedulerClient]:
    async with ClientSession() as session:

        async def http() -> ClientSession:
            return session

        yield SchedulerClient(server.url, http, Guard(trusted=frozenset({"127.0.0.1"})), Signer())


async def test_logs_in_with_the_signed_challenge_and_once(server: Server, client: SchedulerClient) -> None:
    server.answers["ping"] = (200, "session-1")
    assert await client.ping() == "session-1"
    assert await client.ping() == "session-1"
    assert server.logins == 1


async def test_logs_in_again_when_the_scheduler_has_forgotten_its_tokens(
    server: Server, client: SchedulerClient
) -> None:
    server.answers["ping"] = (200, "session-1")
    await client.ping()
    server.tokens.append("token-2")
    assert await client.ping() == "session-1"
    assert server.logins == 2


async def test_a_wallet_that_is_not_let_in_is_told_whom_to_ask(
    server: Server, client: SchedulerClient
) -> None:
    class Stranger(Signer):
        async def sign_raw(self, digest: bytes) -> str:
            return "0x" + "00" * 65

    client.sign_with(Stranger())
    with pytest.raises(PeerError) as caught:
        await client.ping()
    assert caught.value.hint is not None
    assert "whitelist" in caught.value.hint


async def test_reads_configuration_and_chain(server: Server, client: SchedulerClient) -> None:
    server.answers["config"] = (200, CONFIGURATION)
    server.answers["chain"] = (
        200,
        {
            "chainId": 65535,
            "sidechain": True,
            "chainNodeUrl": "http://node.test",
            "iexecHubContractAddress": "0x" + "AA" * 20,
            "blockTime": "PT5S",
        },
    )
    assert (await client.configuration()).ask_for_replicate_period == 5000
    chain = await client.chain_configuration("")
    assert (chain.chain_id, chain.iexec_hub_contract_address) == (65535, "0x" + "aa" * 20)


async def test_asks_nobody_on_the_local_network_for_the_chain(client: SchedulerClient) -> None:
    with pytest.raises(ProtocolError):
        await client.chain_configuration("http://192.168.0.1:8888")


async def test_asks_no_name_of_the_local_network_for_the_chain(
    server: Server, client: SchedulerClient
) -> None:
    with pytest.raises(PeerError):
        await client.chain_configuration(server.url.replace("127.0.0.1", "localhost"))
    assert server.asked == []


async def test_registers_with_exactly_the_fields_of_the_protocol(
    server: Server, client: SchedulerClient
) -> None:
    worker = WorkerModel(name="pi", wallet_address=WALLET, os="Linux", cpu="aarch64", cpu_nb=2, memory_size=1)
    await client.register(worker)
    assert set(server.bodies[-1]) == {
        "name",
        "walletAddress",
        "os",
        "cpu",
        "cpuNb",
        "memorySize",
        "gpuEnabled",
        "teeEnabled",
        "tdxEnabled",
    }


async def test_says_what_energy_there_is_in_headers_only(server: Server, client: SchedulerClient) -> None:
    server.answers["available"] = (204, b"")
    assert await client.available(12, {"X-EdgePi-Surplus": "0.5"}) is None
    assert server.asked[-1][2]["X-EdgePi-Surplus"] == "0.5"
    server.answers["available"] = (200, {"workerpoolAuthorization": AUTHORIZATION, "smsUrl": None})
    found = await client.available(13, {})
    assert found is not None
    assert found.authorization.task_id == TASK


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, "PLEASE_CONTINUE", NotificationType.PLEASE_CONTINUE),
        (208, "PLEASE_WAIT", NotificationType.PLEASE_WAIT),
        (202, "PLEASE_ABORT", NotificationType.PLEASE_ABORT),
    ],
)
async def test_takes_each_answer_to_a_status(
    server: Server, client: SchedulerClient, status: int, body: str, action: NotificationType
) -> None:
    server.answers["updateStatus"] = (status, f'"{body}"')
    update = StatusUpdate(status=ReplicateStatus.STARTED, details=StatusDetails(exit_code=0))
    assert await client.update(TASK, update) is action
    assert server.asked[-1][:2] == ("POST", f"/replicates/{TASK}/updateStatus")


async def test_a_scheduler_whose_node_is_down_is_asked_again_later(
    server: Server, client: SchedulerClient
) -> None:
    server.answers["updateStatus"] = (503, "")
    with pytest.raises(PeerError):
        await client.update(TASK, StatusUpdate(status=ReplicateStatus.STARTED))


Ask = Callable[[SchedulerClient], Awaitable[Any]]
CALLS: dict[str, Ask] = {
    "version": lambda c: c.version(),
    "config": lambda c: c.configuration(),
    "ping": lambda c: c.ping(),
    "computing": lambda c: c.computing(),
    "available": lambda c: c.available(1, {}),
    "interrupted": lambda c: c.interrupted(1),
    "updateStatus": lambda c: c.update(TASK, StatusUpdate(status=ReplicateStatus.STARTED)),
}
HOSTILE: dict[str, Any] = {
    "huge": b"x" * 3_000_000,
    "deep": "[" * 100_000,
    "binary": b"\xff\xfe\x00",
    "nan": "NaN",
    "number": "1" + "0" * 5000,
    "list of nonsense": [1, None, {}],
    "object": {"a": 1},
    "script": "<script>alert(1)</script>\r\nX: y",
    "empty": "",
}


TEXTS = {"version", "ping"}  # where any word is as good as another
REFUSED = [(name, kind) for name in CALLS for kind in HOSTILE if not (name in TEXTS and kind == "nan")]


@pytest.mark.parametrize(("name", "kind"), REFUSED)
async def test_refuses_hostile_answers(server: Server, client: SchedulerClient, name: str, kind: str) -> None:
    server.answers[name] = (200, HOSTILE[kind])
    with pytest.raises(MarketError):
        await CALLS[name](client)


async def test_says_that_nobody_answers() -> None:
    async with ClientSession() as session:

        async def http() -> ClientSession:
            return session

        client = SchedulerClient("http://127.0.0.1:9", http, Guard(), Signer())
        with pytest.raises(PeerError):
            await client.ping()

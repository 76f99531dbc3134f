"""Measures the API: a server in a process of its own, one keep-alive client with a token.

Targets stand beside what Home Assistant 2025.4.4 reached in the same way on a like machine.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse
from table import show

from edgepi.clock import SystemClock
from edgepi.config.settings import HttpSettings
from edgepi.model import ReadingDescription
from edgepi.plugin import Request, Response, Route
from edgepi.runtime.states import EntityInfo
from edgepi.web.server import WebServer
from edgepi.web.tokens import Scope, TokenStore
from tests.web.demo import DemoNode

ENTITIES = 110
REQUESTS = 2000
ROUNDS = 5
PUSHES = 1500
WARM_UP = 200


async def serve(state_dir: Path) -> None:
    """Serve a node of 110 entities; a route of a plugin sets one of them."""
    node = DemoNode()

    async def write(request: Request) -> Response:
        node.states.set("bench.e0", request.body["value"], source="bench")
        return Response({})

    node.routes["bench"] = [Route("POST", "set", write, "Set a state", writes=True)]
    for number in range(ENTITIES - len(node.states.all())):
        description = ReadingDescription(key=f"e{number}", name=f"Entity {number}", unit="W", precision=1)
        node.states.describe(f"bench.e{number}", EntityInfo(description, "bench", "bench"))
        node.states.set(f"bench.e{number}", number * 1.5, source="bench")
    server = WebServer(settings=HttpSettings(port=0), state_dir=state_dir, services=node.services())
    await server.start()
    print(server.url, flush=True)
    await asyncio.Event().wait()


async def latencies_ms(work: Callable[[], Awaitable[None]], count: int) -> tuple[float, list[float]]:
    """Run *work* in a row; returns runs per second and each one's milliseconds, sorted."""
    for _ in range(WARM_UP):
        await work()
    took = []
    start = time.perf_counter()
    for _ in range(count):
        before = time.perf_counter()
        await work()
        took.append((time.perf_counter() - before) * 1000)
    return count / (time.perf_counter() - start), sorted(took)


async def measure(url: str, headers: dict[str, str], pid: int) -> list[tuple[str, str, str]]:
    """Every row of the table."""
    rows, server = [], psutil.Process(pid)
    async with ClientSession(url, headers=headers) as session:
        for name, path, target in (
            (
                "GET one state",
                "/api/v1/states/bench.e7",
                "2,200/s, p99 3 ms (HA 2,220/s, p50 0.37, p99 1.85)",
            ),
            (f"GET all {ENTITIES} states", "/api/v1/states", "(HA 870/s, p50 1.07)"),
            ("GET health", "/api/v1/health", "(HA 2,240/s, p50 0.43)"),
        ):

            async def fetch(path: str = path) -> None:
                async with session.get(path) as response:
                    await response.read()

            before_s = cpu_s(server)
            rounds = [await latencies_ms(fetch, REQUESTS) for _ in range(ROUNDS)]
            cost_ms = (cpu_s(server) - before_s) / (ROUNDS * (REQUESTS + WARM_UP)) * 1000
            rate, took = max(rounds, key=lambda one: one[0])
            rows += [
                (f"{name}, best of {ROUNDS} rounds", f"{rate:,.0f}/s, {quantiles(took)}", target),
                ("  processor time of the server", f"{cost_ms:.2f} ms each", ""),
            ]
        async with session.ws_connect("/api/v1/events") as socket:
            await socket.receive_json()
            rows += await pushes(session, socket)
    rss_mb = server.memory_info().rss / 1e6
    return [*rows, ("memory of the server process", f"{rss_mb:.0f} MB", "(whole node 60 MB; HA 177)")]


async def pushes(session: ClientSession, socket: ClientWebSocketResponse) -> list[tuple[str, str, str]]:
    """A write through a plugin's route until the WebSocket tells of it, and a ping."""
    values = iter(range(1_000_000))

    async def push() -> None:
        wanted = next(values)
        sent = asyncio.create_task(post(session, wanted))
        while (await socket.receive_json())["data"]["value"] != wanted:
            pass
        pending.append(sent)

    async def ping() -> None:
        await socket.send_str('{"type":"ping"}')
        await socket.receive_str()

    pending: list[asyncio.Task[ClientResponse]] = []
    _, took = await latencies_ms(push, PUSHES)
    await asyncio.gather(*pending)
    _, pings = await latencies_ms(ping, PUSHES)
    return [
        ("POST until WebSocket", quantiles(took), "p50 1 ms (HA p50 1.05, p99 2.7)"),
        ("WebSocket ping", quantiles(pings), "(HA p50 0.11)"),
    ]


async def post(session: ClientSession, value: int) -> ClientResponse:
    """Write the value."""
    return await session.post("/api/v1/plugins/bench/set", json={"value": value})


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def quantiles(took: list[float]) -> str:
    return f"p50 {took[len(took) // 2]:.2f}, p99 {took[len(took) * 99 // 100]:.2f} ms"


def main() -> None:
    """Start the server, measure, print."""
    with TemporaryDirectory() as directory:
        store = TokenStore(Path(directory) / "tokens.json")
        secret = store.create("bench", Scope.CONTROL, now_utc=SystemClock().now())
        command = [sys.executable, __file__, "--serve", directory]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            headers = {"Authorization": f"Bearer {secret}"}
            rows = asyncio.run(measure(url, headers, server.pid))
            server.terminate()
    show("Web API", rows)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(serve(Path(sys.argv[2])))
    else:
        main()

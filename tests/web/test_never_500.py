"""Whatever is sent, the answer is JSON in the common shape, and never the node's own fault."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import ClientSession, UnixConnector
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edgepi.config.settings import HttpSettings
from edgepi.testing.clock import ManualClock
from edgepi.web.server import WebServer
from tests.web.demo import DemoNode

# Without shrinking: every example starts a server, and the first failure says enough.
SETTINGS = settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
PER_EXAMPLE = 25

TEXT = st.text(max_size=40) | st.sampled_from(
    ["", "-6h", "-999999d", "2025-06-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
     "weather.temperature", "[", "[!", "%00", "\ud800", "1e999", "10", "auto", "raw", "9" * 5000]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["entity", "start", "end", "tier", "limit", "nonsense"])
QUERY = st.lists(st.tuples(KEYS, TEXT), max_size=6)
PATHS = st.sampled_from(["states", "history", "decisions", "status", "plugins", "health", "power/status"])
BODY = st.dictionaries(st.sampled_from(["wake_utc", "reason", "x"]), JSON, max_size=3) | JSON
POSTS = st.sampled_from(["power/wake-at", "power/off", "login-links"])
TAIL = st.text(max_size=30)


def clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


async def check(session: ClientSession, method: str, path: str, **options: Any) -> None:
    async with session.request(method, f"/api/v1/{path}", **options) as response:
        body = await response.json()
        assert response.status < 500, (method, path, options, body)
        assert body["result"] == ("ok" if response.status == 200 else "error")
        if response.status != 200:
            assert body["message"]
            assert "Traceback" not in str(body)


def run(requests: list[tuple[str, str, dict[str, Any]]]) -> None:
    async def go() -> None:
        with TemporaryDirectory() as directory:
            path = Path(directory)
            node = DemoNode(ManualClock())
            server = WebServer(settings=HttpSettings(port=0), state_dir=path, services=node.services())
            await server.start()
            connector = UnixConnector(str(path / "api.sock"))
            async with ClientSession("http://localhost", connector=connector) as session:
                for method, where, options in requests:
                    await check(session, method, where, **options)
            await server.stop()

    asyncio.run(go())


@SETTINGS
@given(st.lists(st.tuples(PATHS, QUERY), min_size=PER_EXAMPLE, max_size=PER_EXAMPLE))
def test_any_query(asked: list[tuple[str, list[tuple[str, str]]]]) -> None:
    run([("GET", path, {"params": [(k, clean(v)[:2000]) for k, v in query]}) for path, query in asked])


@SETTINGS
@given(st.lists(st.tuples(POSTS, BODY), min_size=PER_EXAMPLE, max_size=PER_EXAMPLE))
def test_any_json_body(asked: list[tuple[str, Any]]) -> None:
    run([("POST", path, {"json": body}) for path, body in asked])


@SETTINGS
@given(st.lists(st.tuples(POSTS, st.binary(max_size=200)), min_size=PER_EXAMPLE, max_size=PER_EXAMPLE))
def test_any_bytes_as_body(asked: list[tuple[str, bytes]]) -> None:
    headers = {"Content-Type": "application/json"}
    run([("POST", path, {"data": body, "headers": headers}) for path, body in asked])


@SETTINGS
@given(st.lists(TAIL, min_size=PER_EXAMPLE, max_size=PER_EXAMPLE))
def test_any_entity_and_any_plugin_path(tails: list[str]) -> None:
    from urllib.parse import quote

    requests: list[tuple[str, str, dict[str, Any]]] = []
    for tail in tails:
        escaped = quote(clean(tail), safe="")
        requests += [("GET", f"states/x{escaped}", {}), ("GET", f"plugins/weather/{escaped}", {})]
    run(requests)


@pytest.mark.parametrize("text", ["\ud800", "\x00", "a" * 100_000])
def test_odd_texts_in_a_body(text: str) -> None:
    run([("POST", "power/off", {"json": {"reason": text}})])

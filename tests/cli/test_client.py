import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli.client import NodeClient
from edgepi.config.settings import HttpSettings
from edgepi.errors import AccessError, NodeNotRunningError, RequestError
from edgepi.web.server import WebServer
from tests.web.demo import DemoNode


@pytest.fixture
def running(tmp_path: Path) -> Iterator[DemoNode]:
    """A made-up node in a thread of its own, as the client blocks."""
    node, up, loop = DemoNode(), threading.Event(), asyncio.new_event_loop()
    server = WebServer(settings=HttpSettings(enabled=False), state_dir=tmp_path, services=node.services())
    end = asyncio.Event()

    async def serve() -> None:
        await server.start()
        up.set()
        await end.wait()
        await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(10)
    yield node
    loop.call_soon_threadsafe(end.set)
    thread.join()
    loop.close()


def test_get_and_post_return_data(running: DemoNode, tmp_path: Path) -> None:
    client = NodeClient(tmp_path)
    assert client.get("health")["healthy"] is True
    assert len(client.get("states", entity="weather.*")) == 4
    assert client.get("states/weather.temperature", entity=None)["unit"] == "°C"
    assert client.post("power/off", {"reason": "night"})["sentence"].endswith("asked for by a person")
    assert running.power is not None
    assert running.power.off_reason == "night"


def test_a_refusal_carries_message_and_hint(running: DemoNode, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no entity 'moon'") as caught:
        NodeClient(tmp_path).get("states/moon")
    assert caught.value.hint


@pytest.mark.parametrize("leave", ["nothing", "directory", "dead socket", "file"])
def test_no_node_is_one_clear_error(tmp_path: Path, leave: str) -> None:
    directory = tmp_path / "state"
    if leave != "nothing":
        directory.mkdir()
    if leave == "dead socket":
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(directory / "api.sock"))
        dead.close()
    if leave == "file":
        (directory / "api.sock").touch()
    with pytest.raises(NodeNotRunningError, match="no node is running"):
        NodeClient(directory).get("health")


def answering(directory: Path, content: bytes | None) -> threading.Thread:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / "api.sock"))
    listener.listen()

    def answer() -> None:
        connection, _ = listener.accept()
        connection.recv(10_000)
        if content is not None:
            connection.sendall(content)
            connection.close()
        else:
            connection.recv(1)
            connection.close()
        listener.close()

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_what_is_no_json_is_given_as_bytes(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\n"
    thread = answering(tmp_path, head + b"\xff\xd8\xff\xd9")
    assert NodeClient(tmp_path, timeout_s=5).get("plugins/yard/snapshot.jpg") == b"\xff\xd8\xff\xd9"
    thread.join()


@pytest.mark.parametrize(
    ("content", "said", "kind"),
    [
        (b"", "did not answer", RequestError),
        (b"SSH-2.0\r\n", "did not answer", RequestError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "no JSON", RequestError),
        (None, "did not answer", RequestError),
        (
            b'HTTP/1.1 403 No\r\nContent-Length: 35\r\n\r\n{"result":"error","message":"halt"} ',
            "halt",
            AccessError,
        ),
    ],
)
def test_an_odd_answer_is_an_error_without_traceback(
    tmp_path: Path, content: bytes | None, said: str, kind: Any
) -> None:
    thread = answering(tmp_path, content)
    with pytest.raises(kind, match=said):
        NodeClient(tmp_path, timeout_s=0.2).get("health")
    thread.join()

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from edgepi.compute.engine import Engine, owner_of
from edgepi.errors import EngineError


class Handler(BaseHTTPRequestHandler):
    version = "1.41"

    def do_GET(self) -> None:
        body = json.dumps({"ApiVersion": self.version, "message": "something is wrong"}).encode()
        self.send_response(200 if self.path.endswith("/version") else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass

    def address_string(self) -> str:
        return "socket"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL of something that answers like an engine whose every action fails."""
    with ThreadingUnixStreamServer(str(tmp_path / "s"), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"unix://{tmp_path}/s"
        server.shutdown()
        thread.join()


async def failure(url: str, **settings: Any) -> EngineError:
    engine = Engine(url, **settings)
    with pytest.raises(EngineError) as caught:
        await engine.call(lambda client: client.api.info())
    await engine.close()
    return caught.value


async def test_where_no_engine_is_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    error = await failure(f"unix://{tmp_path}/none")
    assert "no container engine answers" in error.message
    assert "apt-get install docker.io" in (error.hint or "")


async def test_a_socket_that_nobody_listens_on_is_no_engine(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left"))
    assert "no container engine answers" in (await failure(f"unix://{tmp_path}/left")).message


async def test_who_may_not_use_the_socket_is_told_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(base_url: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("edgepi.compute.engine._knock", refuse)
    error = await failure(f"unix://{tmp_path}/none")
    assert "may not use" in error.message
    assert "usermod -aG docker" in (error.hint or "")


async def test_an_old_engine_is_refused(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "version", "1.30")
    error = await failure(served)
    assert "too old" in error.message
    assert error.hint is not None


async def test_what_the_engine_says_is_passed_on(served: str) -> None:
    assert "something is wrong" in (await failure(served)).message


async def test_an_engine_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute"))
        mute.listen()
        error = await failure(f"unix://{tmp_path}/mute", timeout_s=0.2)
    assert "did not answer in time" in error.message


def test_the_sdk_is_not_loaded_before_it_is_used() -> None:
    code = (
        "import sys, edgepi.compute.sandbox, edgepi.compute.leftovers;"
        "print([m for m in ('docker', 'requests', 'urllib3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_owners_differ_by_their_state_directory(tmp_path: Path) -> None:
    one, same, other = await asyncio.to_thread(
        lambda: (owner_of(tmp_path / "a"), owner_of(tmp_path / "b/../a"), owner_of(tmp_path / "b"))
    )
    assert one == same != other
    assert len(one) == 12

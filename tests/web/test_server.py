import socket
from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector

from edgepi.config.settings import HttpSettings
from edgepi.errors import ServeError
from edgepi.web.server import WebServer
from tests.web.demo import DemoNode


def server_in(state_dir: Path, http: HttpSettings) -> WebServer:
    return WebServer(settings=http, state_dir=state_dir, services=DemoNode().services())


async def test_a_taken_port_is_one_clear_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = server_in(tmp_path, HttpSettings(port=port))
        with pytest.raises(ServeError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            await server.start()
    async with ClientSession(connector=UnixConnector(str(tmp_path / "api.sock"))) as session:
        with pytest.raises(OSError, match=r"api\.sock"):
            await session.get("http://localhost/api/v1/health")


async def test_without_http_only_the_socket_is_served(tmp_path: Path) -> None:
    server = server_in(tmp_path, HttpSettings(enabled=False))
    await server.start()
    assert (server.port, server.url) == (None, None)
    with pytest.raises(ServeError):
        server.login_link()
    async with (
        ClientSession(connector=UnixConnector(str(tmp_path / "api.sock"))) as session,
        session.get("http://localhost/api/v1/health") as response,
    ):
        assert response.status == 200
    await server.stop()


async def test_a_dead_node_s_socket_is_replaced(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "api.sock"))
    dead.close()
    server = server_in(tmp_path, HttpSettings(enabled=False))
    await server.start()
    await server.stop()


async def test_a_state_directory_with_a_long_path_is_served(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server = server_in(deep, HttpSettings(enabled=False))
    await server.start()
    assert (deep / "api.sock").is_socket()
    await server.stop()


async def test_on_another_address_the_host_is_not_held_to_localhost(tmp_path: Path) -> None:
    server = server_in(tmp_path, HttpSettings(host="0.0.0.0", port=0))
    await server.start()
    assert server.login_link().startswith(f"http://{socket.gethostname()}:{server.port}/login?code=")
    async with ClientSession() as session:
        url, headers = f"http://127.0.0.1:{server.port}/api/v1/health", {"Host": "garden.lan"}
        async with session.get(url, headers=headers) as response:
            assert response.status == 200
    await server.stop()

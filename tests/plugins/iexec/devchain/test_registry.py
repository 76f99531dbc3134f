from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from edgepi.errors import PeerError
from edgepi_iexec.devchain.demo.app import DemoApp
from edgepi_iexec.devchain.demo.build import build
from edgepi_iexec.devchain.demo.image import Image, docker_archive, make_image
from edgepi_iexec.devchain.demo.registry import ImageServer, push
from tests.engine import Registry

pytestmark = pytest.mark.slow

NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


@pytest.fixture(scope="session")
def image(chain_cache: Path) -> Image:
    return make_image(build(chain_cache / "demo"))


@pytest.fixture
async def server(image: Image) -> AsyncIterator[ImageServer]:
    server = ImageServer(image)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(docker_engine: str) -> AsyncIterator[Any]:
    import docker

    made = await asyncio.to_thread(docker.DockerClient, base_url=docker_engine)
    yield made
    await asyncio.to_thread(made.close)


def run(client: Any, reference: str) -> bytes:
    said: bytes = client.containers.run(
        reference, ["1000", "7"], remove=True, network_mode="none", read_only=True, tmpfs={"/iexec_out": ""}
    )
    return said


async def pulled(client: Any, reference: str) -> Any:
    def pull() -> Any:
        client.images.pull(reference)
        return client.images.get(reference)

    return await asyncio.to_thread(pull)


async def test_an_engine_pulls_the_image_from_loopback_and_runs_it(client: Any, server: ImageServer) -> None:
    found = await pulled(client, server.reference)
    assert found.attrs["Architecture"] == NATIVE
    assert found.attrs["RepoDigests"][0].endswith(server.image.digest)
    said = await asyncio.to_thread(run, client, server.reference)
    assert said.startswith(b"months 1000\nseed 7\n")


async def test_an_engine_pulls_it_by_its_digest(client: Any, server: ImageServer) -> None:
    pinned = server.reference.rpartition(":")[0] + "@" + server.image.digest
    assert (await pulled(client, pinned)).attrs["Architecture"] == NATIVE


async def test_a_registry_takes_both_variants(client: Any, docker_registry: Registry, image: Image) -> None:
    url = f"http://{docker_registry.address}"
    async with ClientSession() as session:
        for _ in range(2):  # the second finds everything there
            assert await push(image, url, "edgepi/demo", "1", session) == image.digest
        listing = {"Accept": "application/vnd.docker.distribution.manifest.list.v2+json"}
        async with session.get(f"{url}/v2/edgepi/demo/manifests/1", headers=listing) as answer:
            assert answer.headers["Docker-Content-Digest"] == image.digest
    reference = f"{docker_registry.address}/edgepi/demo:1"
    assert (await pulled(client, reference)).attrs["Architecture"] == NATIVE


async def test_an_engine_takes_it_without_any_registry(client: Any, chain_cache: Path) -> None:
    binary = (await asyncio.to_thread(build, chain_cache / "demo"))[NATIVE]
    archive = docker_archive(binary, NATIVE, "edgepi/loaded:1")
    await asyncio.to_thread(client.images.load, archive)
    assert (await asyncio.to_thread(run, client, "edgepi/loaded:1")).startswith(b"months 1000\n")


async def test_what_is_not_there_is_not_found(server: ImageServer) -> None:
    base = f"http://{server.reference.partition('/')[0]}/v2/edgepi/demo"
    async with ClientSession() as session:
        for place in ("manifests/2", f"manifests/sha256:{'0' * 64}", f"blobs/sha256:{'0' * 64}"):
            async with session.get(f"{base}/{place}") as answer:
                assert answer.status == 404


async def test_a_registry_that_is_not_there_is_told(image: Image, unused_tcp_port: int) -> None:
    async with ClientSession() as session:
        with pytest.raises(PeerError, match="cannot be reached"):
            await push(image, f"http://127.0.0.1:{unused_tcp_port}", "demo", "1", session)


async def test_the_demo_app_finds_another_port_when_its_own_is_taken(
    server: ImageServer, chain_cache: Path, client: Any
) -> None:
    port = int(server.reference.partition("/")[0].rpartition(":")[2])
    demo = DemoApp(chain_cache / "demo", port=port)
    demand = await demo.start(every_s=60.0)
    try:
        assert demand.image != server.reference
        assert (demand.checksum, demand.every_s) == (server.image.checksum, 60.0)
        assert (await pulled(client, demand.image)).attrs["Architecture"] == NATIVE
    finally:
        await demo.stop()


async def test_a_port_that_is_taken_is_told(server: ImageServer) -> None:
    port = int(server.reference.partition("/")[0].rpartition(":")[2])
    with pytest.raises(PeerError, match="cannot be served"):
        await ImageServer(server.image).start(port)

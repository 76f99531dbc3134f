"""One chain, one engine, one registry for all scenes of a session; a pool and workers for each scene."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.devchain import CACHE
from tests.engine import Registry, docker_engine, docker_registry
from tests.foreign import foreign

from .market import LivelyChain, Scene

__all__ = ["docker_engine", "docker_registry", "foreign"]


@pytest.fixture(scope="session")
def lively_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivelyChain]:
    chain = LivelyChain(tmp_path_factory.mktemp("lively"), CACHE)
    yield chain
    chain.close()


@pytest.fixture(scope="session")
def lively_native_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivelyChain]:
    chain = LivelyChain(tmp_path_factory.mktemp("lively-native"), CACHE, native=True)
    yield chain
    chain.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the processes of containers may pass through, as a node's state directory is."""
    folder = Path(tempfile.mkdtemp(prefix="edgepi-scene-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def scene(
    lively_chain: LivelyChain, docker_engine: str, docker_registry: Registry, open_folder: Path
) -> AsyncIterator[Scene]:
    async with Scene(lively_chain, docker_engine, docker_registry, open_folder) as made:
        yield made

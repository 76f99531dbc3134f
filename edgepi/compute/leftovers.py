"""What ends all jobs of a node at once: as a power cut does, and so that nothing is left of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from edgepi.compute import containers, storage
from edgepi.compute.engine import OWNER_LABEL, Engine, connect, owner_of, translated

__all__ = ["end_all", "kill_all"]


async def kill_all(engine: Engine, owner: str) -> None:
    """End every container of an owner at once; they stay, to be found. Raises EngineError."""
    for found in await engine.call(lambda client: containers.labelled(client, owner)):
        await engine.call(partial(containers.kill, name=found["Id"]))


def end_all(engine_url: str, state_dir: Path) -> None:
    """End and remove all containers and networks of a node, by its state directory. Blocks.

    Each of its backends is an owner with a folder of its own below that directory.

    Raises:
        EngineError: the engine cannot be reached.
    """
    client = connect(engine_url)
    try:
        with translated(engine_url):
            for folder in (state_dir, *(state_dir / "plugins").glob("*")):
                _end(client, owner_of(folder))
    finally:
        client.close()
    for place in storage.mounted_below(state_dir):
        storage.unmount(place)


def _end(client: Any, owner: str) -> None:
    for found in containers.labelled(client, owner):
        containers.remove(client, found["Id"])
    for network in client.api.networks(filters={"label": f"{OWNER_LABEL}={owner}"}):
        client.api.remove_network(network["Id"])

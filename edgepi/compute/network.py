"""The network of a job that may use the internet: a bridge of its own, used only while the walls stand."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from edgepi.compute.engine import JOB_LABEL, OWNER_LABEL
from edgepi.compute.firewall import BRIDGE_PREFIX, HINT, Installed
from edgepi.compute.probe import (
    PROBE_IMAGE,
    SCRIPT,
    Breach,
    Premises,
    attempts,
    breaches,
    examine,
    image_layer,
    premises,
)
from edgepi.errors import EngineError, SandboxError

if TYPE_CHECKING:
    from edgepi.compute.engine import Engine

__all__ = [
    "JOB_RESOLVERS",
    "JobNetwork",
    "find_breaches",
    "internet_network",
    "look_again",
    "network_of",
    "remove_network",
]

JOB_RESOLVERS = ("9.9.9.9", "1.1.1.1")
"""Name servers of jobs on the internet: the local network's own is behind the wall."""

_PROBE_LABEL = "edgepi.probe"
_PROBE_TIMEOUT_S = 30
_STATUS_JOB = "firewall-status"


@dataclass(frozen=True, slots=True)
class JobNetwork:
    """What the network of a job is called, by the node and the job that it belongs to."""

    owner: str
    job_id: str
    name: str
    bridge: str

    @property
    def labels(self) -> dict[str, str]:
        """What marks it as ours."""
        return {OWNER_LABEL: self.owner, JOB_LABEL: self.job_id}


def network_of(owner: str, job_id: str) -> JobNetwork:
    """Return the names of a job's network; an interface's name has room for 15 characters."""
    digest = hashlib.sha256(f"{owner}/{job_id}".encode()).hexdigest()
    return JobNetwork(
        owner, job_id, f"edgepi-{digest[:16]}", BRIDGE_PREFIX + digest[: 15 - len(BRIDGE_PREFIX)]
    )


async def internet_network(engine: Engine, *, owner: str, job_id: str, here: Premises | None = None) -> str:
    """Make the network of a job, try its walls from inside, and return its name for Docker.

    Jobs share no bridge: between two of them are the same walls as before the local network.

    Raises:
        SandboxError: the walls do not stand; there is no network then.
        EngineError: the engine cannot be reached or refuses.
    """
    network = network_of(owner, job_id)
    found = await _examine(engine, network, here)
    if found:
        await remove_network(engine, owner=owner, job_id=job_id)
        raise SandboxError(f"jobs get no internet: {found[0].sentence}", hint=HINT)
    return network.name


async def remove_network(engine: Engine, *, owner: str, job_id: str) -> None:
    """Remove a job's network, if there is one; its container must be gone."""
    network = network_of(owner, job_id)
    await engine.call(lambda client: _remove(client, network))


async def look_again(
    engine: Engine, *, owner: str, job_id: str, here: Premises | None = None
) -> tuple[Breach, ...]:
    """Try the walls from inside the network of a job that runs; empty if all stand.

    Raises:
        SandboxError: it cannot be found out.
        EngineError: the engine cannot be reached or refuses.
    """
    there = await asyncio.to_thread(premises) if here is None else here
    installed, found = examine(there)
    if installed is None or found:
        return found
    network = network_of(owner, job_id)
    return await engine.call(lambda client: _probed(client, network, installed, there), long=True)


async def find_breaches(engine: Engine, *, owner: str, here: Premises | None = None) -> tuple[Breach, ...]:
    """Try the walls as before a job and return what does not hold; empty if all stand."""
    try:
        return await _examine(engine, network_of(owner, _STATUS_JOB), here)
    finally:
        await remove_network(engine, owner=owner, job_id=_STATUS_JOB)


async def _examine(engine: Engine, network: JobNetwork, here: Premises | None) -> tuple[Breach, ...]:
    there = await asyncio.to_thread(premises) if here is None else here
    installed, found = examine(there)
    if installed is None or found:
        return found
    try:
        return await engine.call(lambda client: _make_and_probe(client, network, installed, there), long=True)
    except EngineError as error:
        if "iptables" not in error.message:
            raise
        raise SandboxError(
            "another program has emptied Docker's own tables, so jobs have no network",
            hint="sudo systemctl restart docker",
        ) from error


def _make_and_probe(
    client: Any, network: JobNetwork, installed: Installed, here: Premises
) -> tuple[Breach, ...]:
    _make(client, network)
    try:
        return _probed(client, network, installed, here)
    except BaseException:
        _remove(client, network)
        raise


def _probed(client: Any, network: JobNetwork, installed: Installed, here: Premises) -> tuple[Breach, ...]:
    (pool,) = client.networks.get(network.name).attrs["IPAM"]["Config"]
    own = IPv4Network(pool["Subnet"])
    asked = attempts(installed, pool.get("Gateway", str(own[1])), own, here)
    return breaches(asked, _probe(client, network, [attempt.target for attempt in asked]))


def _make(client: Any, network: JobNetwork) -> None:
    _remove(client, network)  # of an earlier life of this node
    client.networks.create(
        network.name,
        driver="bridge",
        enable_ipv6=False,
        labels=network.labels,
        options={
            "com.docker.network.bridge.name": network.bridge,
            "com.docker.network.bridge.enable_icc": "false",
        },
    )


def _remove(client: Any, network: JobNetwork) -> None:
    from docker.errors import APIError, NotFound

    for found in client.networks.list(names=[network.name]):
        if found.name != network.name:
            continue
        _remove_probes(client, network)
        try:
            found.remove()
        except NotFound:
            continue
        except APIError:  # a last look at the walls has just begun
            _remove_probes(client, network)
            found.remove()


def _remove_probes(client: Any, network: JobNetwork) -> None:
    """Remove what a node that was killed while it probed has left behind, or what still looks."""
    filters = {"label": f"{_PROBE_LABEL}={network.owner}", "network": network.name}
    for container in client.containers.list(all=True, filters=filters, ignore_removed=True):
        with _unless_gone():
            container.remove(force=True, v=True)


def _probe(client: Any, network: JobNetwork, asked: Sequence[str]) -> str:
    """Run the probe: bash of this machine's own, in a container with no right but to use the network."""
    _see_to_image(client)
    with _probe_container(client, network, asked) as container:
        container.start()
        container.wait(timeout=_PROBE_TIMEOUT_S)
        said = str(container.logs().decode("utf-8", "replace"))
    if "done" not in said.splitlines():
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        raise SandboxError(
            f"whether the walls stand cannot be found out: {last[0]}",
            hint="the probe needs bash and timeout in this machine's /usr/bin",
        )
    return said


@contextmanager
def _probe_container(client: Any, network: JobNetwork, asked: Sequence[str]) -> Iterator[Any]:
    from docker.types import Mount

    container = client.containers.create(
        PROBE_IMAGE,
        ["/usr/bin/bash", "-c", SCRIPT, "probe", *asked],
        network=network.name,
        mounts=[Mount("/usr", "/usr", type="bind", read_only=True)],
        labels={_PROBE_LABEL: network.owner},
        user="65534:65534",
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        read_only=True,
    )
    try:
        yield container
    finally:
        with _unless_gone():
            container.remove(force=True, v=True)


@contextmanager
def _unless_gone() -> Iterator[None]:
    """Pass over it when another one removes it too, or has done so."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        if error.status_code not in {404, 409}:
            raise


def _see_to_image(client: Any) -> None:
    from docker.errors import ImageNotFound

    try:
        client.images.get(PROBE_IMAGE)
    except ImageNotFound:
        repository, _, tag = PROBE_IMAGE.partition(":")
        client.api.import_image_from_data(image_layer(), repository=repository, tag=tag)

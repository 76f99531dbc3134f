"""Jobs on the internet, with a real engine, real rules and a local network of namespaces."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import pytest
from docker.types import Mount

from edgepi.compute.box import Box
from edgepi.compute.engine import Engine, connect
from edgepi.compute.firewall import HINT, TABLE, on_link_networks, own_addresses, rules
from edgepi.compute.model import BoxedJob, ExitReason, Image, Limits, Network, Outcome
from edgepi.compute.network import find_breaches, internet_network, remove_network
from edgepi.compute.probe import PROBE_IMAGE, Premises
from edgepi.compute.sandbox import Sandbox
from edgepi.compute.survey import survey
from edgepi.errors import SandboxError
from edgepi.testing.clock import ManualClock
from tests.compute.lan import (
    ENGINE_OPTIONS,
    HOST,
    INTERNET,
    LAN_HOST,
    METADATA,
    NAME,
    PRIVATE,
    ROUTER,
    Lan,
    inside,
    running_lan,
)
from tests.engine import TOOL, load_image, shell

pytestmark = pytest.mark.slow

T = TypeVar("T")
OWNER = "cafe"
NEAR = (ROUTER, LAN_HOST, METADATA, *PRIVATE, HOST)
READ = 'exec 3<>/dev/tcp/$1/$2; read -r line <&3; [[ $line == hello ]] && echo "reached $1"'


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with running_lan() as made:
        yield made


@pytest.fixture
def walls(lan: Lan) -> Iterator[Premises]:
    """The rules in force on the host, and what a node there would know."""
    lan.host.run("nft", "-f", "-", stdin=rules())
    yield premises_of(lan)
    lan.host.run("nft", "delete", "table", "inet", TABLE, check=False)


def premises_of(lan: Lan, text: str | None = None) -> Premises:
    return Premises(
        rules() if text is None else text,
        on_link_networks(lan.host.run("cat", "/proc/net/route")),
        own_addresses(lan.host.run("cat", "/proc/net/fib_trie")),
    )


@pytest.fixture
def accept_all(lan: Lan) -> Iterator[Callable[[], None]]:
    """Put rules before all others that accept everything, as some VPNs do."""

    def accept() -> None:  # not before networks are made: Docker then moves its own rules to the top
        for chain in ("FORWARD", "INPUT"):
            lan.host.run("iptables", "-I", chain, "-j", "ACCEPT")

    yield accept
    for chain in ("FORWARD", "INPUT"):
        lan.host.run("iptables", "-D", chain, "-j", "ACCEPT")


def ask(lan: Lan, question: Callable[[Engine], Awaitable[T]]) -> T:
    async def asked() -> T:
        engine = Engine(lan.engine_url)
        try:
            return await question(engine)
        finally:
            await engine.close()

    return asyncio.run(asked())


def job_network(lan: Lan, job: str, here: Premises) -> str:
    return ask(lan, lambda engine: internet_network(engine, owner=OWNER, job_id=job, here=here))


def drop(lan: Lan, job: str) -> None:
    ask(lan, lambda engine: remove_network(engine, owner=OWNER, job_id=job))


def reached(lan: Lan, network: str, places: Sequence[str], **more: Any) -> set[str]:
    """Return those of *places* (an address, at port 80) that answer to a container in *network*."""
    tries = [f"timeout 2 bash -c '{READ}' x {place} 80 &" for place in places]
    script = "\n".join([*tries, "wait"])
    client = connect(lan.engine_url)
    try:
        output = client.containers.run(
            PROBE_IMAGE,
            ["/usr/bin/bash", "-c", script],
            network=network,
            mounts=[Mount("/usr", "/usr", type="bind", read_only=True)],
            remove=True,
            **more,
        )
    finally:
        client.close()
    return {line.split()[1] for line in output.decode().splitlines() if line.startswith("reached")}


def networks(lan: Lan) -> set[str]:
    client = connect(lan.engine_url)
    try:
        return {found.name for found in client.networks.list()} - {"none", "host", "bridge"}
    finally:
        client.close()


def gateway_of(lan: Lan, network: str) -> str:
    client = connect(lan.engine_url)
    try:
        return str(client.networks.get(network).attrs["IPAM"]["Config"][0]["Gateway"])
    finally:
        client.close()


def test_a_job_reaches_the_internet_and_nothing_near_whatever_other_rules_accept(
    lan: Lan, walls: Premises, accept_all: Callable[[], None]
) -> None:
    network = job_network(lan, "one", walls)
    accept_all()
    everything = [INTERNET, *NEAR, gateway_of(lan, network)]
    assert reached(lan, network, everything) == {INTERNET}
    assert reached(lan, network, [NAME], dns=[INTERNET]) == {NAME}
    assert reached(lan, network, [NAME], dns=[ROUTER]) == set(), "the LAN's name server is behind the wall"
    lan.host.run("nft", "delete", "table", "inet", TABLE)
    assert reached(lan, network, everything) == set(everything), "all of it was there to be reached"
    drop(lan, "one")
    assert networks(lan) == set()


def test_jobs_do_not_reach_each_other_and_nobody_outside_reaches_them(
    lan: Lan, walls: Premises, accept_all: Callable[[], None]
) -> None:
    first, second = job_network(lan, "first", walls), job_network(lan, "second", walls)
    accept_all()
    client = connect(lan.engine_url)
    image = load_image(client, "server:test", shell("while true; do echo hello | nc -l -p 80; done"))
    server = client.containers.run(image, network=first, detach=True)
    try:
        server.reload()
        address = server.attrs["NetworkSettings"]["Networks"][first]["IPAddress"]
        assert reached(lan, second, [address]) == set()
        assert not lan.router.reaches(address, 80)
        lan.host.run("nft", "delete", "table", "inet", TABLE)
        assert reached(lan, second, [address]) == {address}, "no other rule kept the other job out"
        assert lan.router.reaches(address, 80), "nor the router"
    finally:
        server.remove(force=True)
        client.close()
        drop(lan, "first")
        drop(lan, "second")


def test_the_engine_and_the_walls_are_surveyed(lan: Lan, walls: Premises, tmp_path: Path) -> None:
    for name in ("route", "fib_trie"):
        place = tmp_path / "proc/net" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(lan.host.run("cat", f"/proc/net/{name}"))
    before = ask(lan, lambda engine: survey(engine, root=tmp_path))
    assert (before.walls.ok, before.walls_wanted, before.missing) == (False, False, (HINT,))
    (tmp_path / "etc/edgepi").mkdir(parents=True)
    (tmp_path / "etc/edgepi/jobs.nft").write_text(walls.rules)
    after = ask(lan, lambda engine: survey(engine, root=tmp_path))
    assert after.walls.ok, after.walls
    assert after.limits.ok, after.limits
    assert networks(lan) == set()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (f"delete table inet {TABLE}", "udp port"),
        (f"flush chain inet {TABLE} input", "Connection refused"),
        (f"flush chain inet {TABLE} forward", "198.18.69.80"),
        (f"delete element inet {TABLE} refused {{ 10.0.0.0/8 }}", "10.0.0.1"),
    ],
)
def test_rules_that_were_taken_away_are_missed_at_once(
    lan: Lan, walls: Premises, change: str, said: str
) -> None:
    assert ask(lan, lambda engine: find_breaches(engine, owner=OWNER, here=walls)) == ()
    lan.host.run("nft", change)
    with pytest.raises(SandboxError, match=said) as caught:
        job_network(lan, "late", walls)
    assert caught.value.hint == HINT
    assert networks(lan) == set()


def test_rules_in_force_that_are_not_those_installed_are_no_walls(lan: Lan, walls: Premises) -> None:
    lan.host.run("nft", "-f", "-", stdin=rules([IPv4Network("198.51.100.0/24")]))
    with pytest.raises(SandboxError, match="udp port"):
        job_network(lan, "other", walls)


async def ended(box: Box, clock: ManualClock, *, within_s: int) -> Outcome | None:
    """Let time pass, as slowly as the engine needs to look at the walls; how the job ended, if so."""
    for _ in range(within_s):
        await clock.advance(1.0)
        await asyncio.sleep(0.15)
        if box.ended:
            return await box.wait()
    return None


@pytest.mark.timeout(180)
def test_a_job_whose_walls_are_taken_away_while_it_runs_is_ended(
    lan: Lan, walls: Premises, tmp_path: Path
) -> None:
    clock, log = ManualClock(), logging.getLogger("test")

    def sandbox() -> Sandbox:
        engine = Engine(lan.engine_url)
        return Sandbox(engine=engine, clock=clock, owner=OWNER, log=log, folder=tmp_path, see=lambda: walls)

    async def lived() -> tuple[Outcome | None, Outcome | None]:
        first = sandbox()
        client = await asyncio.to_thread(connect, lan.engine_url)
        await asyncio.to_thread(load_image, client, "sleeper:test", shell("true"))
        found = await asyncio.to_thread(client.api.inspect_image, "sleeper:test")
        await asyncio.to_thread(client.close)
        job = BoxedJob(
            job_id="watched",
            image=Image("sleeper:test", found["Id"], None, found["Size"]),
            limits=Limits(time_s=3600.0, memory_bytes=64 * 1024**2),
            command=("/bin/sh", "-c", "while true; do sleep 1; done"),
            network=Network.INTERNET,
        )
        standing = await ended(await first.run(job), clock, within_s=60)
        await first.close()
        second = sandbox()  # the node's next life watches on
        box = await second.find("watched")
        assert box is not None
        await asyncio.to_thread(lan.host.run, "nft", "delete", "table", "inet", TABLE)
        gone = await ended(box, clock, within_s=600)
        await second.remove("watched")
        await second.close()
        return standing, gone

    standing, gone = asyncio.run(lived())
    assert standing is None, "as long as they stand it runs"
    assert gone is not None
    assert gone.reason is ExitReason.UNWALLED
    assert "walls" in gone.sentence
    assert networks(lan) == set(), "nor did a probe stay behind"


def restart(lan: Lan) -> None:
    folder = lan.engine_url.removeprefix("unix://").removesuffix("/docker.sock")
    tool = [*inside(lan.host), sys.executable, str(TOOL)]
    subprocess.run([*tool, "stop", folder], check=True, timeout=60)
    subprocess.run([*tool, "start", folder, "--", *ENGINE_OPTIONS], check=True, timeout=60)


def test_rules_survive_a_restart_of_the_engine_and_an_emptied_ruleset_does_not_pass(
    lan: Lan, walls: Premises
) -> None:
    lan.host.run("nft", "flush", "ruleset")
    with pytest.raises(SandboxError):
        job_network(lan, "bare", walls)
    lan.host.run("nft", "-f", "-", stdin=rules())
    restart(lan)
    network = job_network(lan, "again", walls)
    assert reached(lan, network, [INTERNET, LAN_HOST]) == {INTERNET}
    drop(lan, "again")

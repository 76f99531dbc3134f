"""A node's host and the networks around it, played by network namespaces: a LAN, its router, an internet.

::

    job -- bridge -- [host: 192.168.77.2] -- LAN 192.168.77.0/24 -- [router: 192.168.77.1, and all the rest]
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.engine import running_engine

INTERNET = "203.0.113.7"
ROUTER, HOST = "192.168.77.1", "192.168.77.2"
LAN_HOST = "192.168.77.50"
PRIVATE = ("10.9.8.7", "100.64.1.1", "172.30.255.9")
METADATA = "169.254.169.254"
NAME = "somewhere.example"
ENGINE_OPTIONS = ("--iptables=true", "--ip-forward=true")

_SERVER = """
import socket, struct, sys, threading

def serve(port):
    with socket.create_server(("0.0.0.0", port), backlog=64) as server:
        while True:
            connection, _ = server.accept()
            connection.sendall(b"hello\\n")
            connection.close()

def resolve(address, at):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((at, 53))
        while True:
            query, sender = server.recvfrom(512)
            end = query.index(b"\\0", 12) + 5
            wanted = query[end - 4 : end - 2] == b"\\0\\1"
            answer = bytes.fromhex("c00c 0001 0001 00000005 0004") + socket.inet_aton(address)
            head = query[:2] + b"\\x81\\x80\\0\\1" + struct.pack(">HHH", int(wanted), 0, 0)
            server.sendto(head + query[12:end] + answer * wanted, sender)

address, *places = sys.argv[1].split(",")
jobs = [(serve, int(port)) for port in sys.argv[2:]] + [(resolve, address, place) for place in places]
for work, *arguments in jobs:
    threading.Thread(target=work, args=arguments, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""


def root(*words: str) -> list[str]:
    """Return a command line that runs as root."""
    return list(words) if os.geteuid() == 0 else ["sudo", "-n", *words]


@dataclass(frozen=True)
class Machine:
    """A network namespace that plays a machine."""

    name: str

    def run(self, *words: str, stdin: str | None = None, check: bool = True) -> str:
        """Run a command on it and return what it printed."""
        command = root("ip", "netns", "exec", self.name, *words)
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0 or not check, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def ip(self, words: str) -> None:
        """Run an ``ip`` command on it."""
        self.run("ip", *words.split())

    def reaches(self, address: str, port: int) -> bool:
        """Say whether it gets an answer there."""
        script = f"exec 3<>/dev/tcp/{address}/{port}; read -r line <&3; echo $line"
        return "hello" in self.run("timeout", "2", "bash", "-c", script, check=False)

    @contextlib.contextmanager
    def serving(self, *ports: int, names: str = "") -> Iterator[None]:
        """Answer at *ports*; *names* is what every name is resolved to, and the addresses to ask at."""
        words = (sys.executable, "-c", _SERVER, names, *map(str, ports))
        command = root("ip", "netns", "exec", self.name, *words)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield
            assert process.stdin is not None
            process.stdin.close()


@dataclass(frozen=True)
class Lan:
    """The host with an engine of its own, and the router that also plays everything behind it."""

    host: Machine
    router: Machine
    engine_url: str


@contextlib.contextmanager
def running_lan() -> Iterator[Lan]:
    """Build all of it, run an engine on the host, and take it down again."""
    host, router = (Machine(f"edgepi-{kind}-{os.getpid()}") for kind in ("host", "router"))
    with contextlib.ExitStack() as stack:
        for machine in (host, router):
            subprocess.run(root("ip", "netns", "add", machine.name), check=True)
            stack.callback(subprocess.run, root("ip", "netns", "del", machine.name), check=False)
        _wire(host, router)
        stack.enter_context(router.serving(80, names=f"{INTERNET},{INTERNET},{ROUTER}"))
        stack.enter_context(host.serving(22, 80))
        yield Lan(host, router, stack.enter_context(running_engine(*ENGINE_OPTIONS, prefix=inside(host))))


def _wire(host: Machine, router: Machine) -> None:
    host.ip(f"link add lan0 type veth peer name lan1 netns {router.name}")
    for machine, link, addresses in (
        (host, "lan0", (f"{HOST}/24",)),
        (router, "lan1", (f"{ROUTER}/24", f"{LAN_HOST}/24")),
    ):
        for address in addresses:
            machine.ip(f"addr add {address} dev {link}")
        machine.ip("link set lo up")
        machine.ip(f"link set {link} up")
    for address in (INTERNET, METADATA, *PRIVATE):
        router.ip(f"addr add {address}/32 dev lo")
    host.ip(f"route add default via {ROUTER}")
    router.ip(f"route add 172.16.0.0/12 via {HOST}")  # a neighbour that tries to come in
    router.ip(f"route add 192.168.128.0/17 via {HOST}")


def inside(machine: Machine) -> Sequence[str]:
    """Enter a network namespace and nothing else, as the same user as before."""
    enter = ("nsenter", f"--net=/run/netns/{machine.name}")
    return enter if os.geteuid() == 0 else ("sudo", "-n", *enter, "sudo", "-n", "-u", f"#{os.getuid()}")

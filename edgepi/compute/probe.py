"""Finds out from inside a job's network whether the walls stand: no right of root's is needed for that."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from edgepi.compute.firewall import (
    REFUSED,
    RULES_PATH,
    Installed,
    on_link_networks,
    own_addresses,
    read_rules,
    uncovered,
)

__all__ = [
    "PROBE_IMAGE",
    "SCRIPT",
    "Attempt",
    "Breach",
    "Premises",
    "attempts",
    "breaches",
    "examine",
    "image_layer",
    "premises",
]

PROBE_IMAGE = "edgepi-probe:1"

SCRIPT = r"""
export LC_ALL=C
while read -r address _; do
    [[ $address == 00000000000000000000000000000001 ]] || echo "ipv6 $address"
done 2>/dev/null </proc/net/if_inet6
for target in "$@"; do
    {
        if [[ $target == udp/* ]]; then
            said=$(timeout 3 bash -c "exec 3<>/dev/$target; echo >&3; read -r -u 3" 2>&1) && said=answered
        else
            said=$(timeout 3 bash -c "exec 3<>/dev/$target" 2>&1) && said=connected
        fi
        echo "$target ${said##*: }"
    } &
done
wait
echo done
"""
"""For bash: tries every target at once and says in a line each what came of it."""

_WALL = "Protocol not available"  # what an ICMP "protocol unreachable" becomes: hardly anybody else sends it
_REFUSED = "Connection refused"
_PORTS_OF_HOST = (22, 53, 80, 443, 2375, 8080)
_PORT = 80
_SIGN = IPv4Address("198.18.69.80")
_STANDING = ("10.0.0.1", "100.100.100.100", "169.254.169.254", "172.16.0.1", "172.31.255.254", "192.168.0.1")
_FOLDERS = ("dev", "etc", "proc", "sys", "tmp", "usr")
_LINKS = ("bin", "lib", "lib32", "lib64", "sbin")


@dataclass(frozen=True, slots=True)
class Premises:
    """The installed rules as text, networks reached without a router, this machine's own addresses."""

    rules: str
    networks: tuple[IPv4Network, ...] = ()
    addresses: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with the walls, in words."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A place to try, as ``tcp/address/port``, and the only answer that shows a wall there."""

    target: str
    wanted: str


def premises(root: Path = Path("/")) -> Premises:
    """Read what is known without trying; anybody may. Blocks a moment."""
    net = root / "proc/net"
    return Premises(
        rules=_text_of(root / RULES_PATH.relative_to("/")),
        networks=on_link_networks(_text_of(net / "route")),
        addresses=own_addresses(_text_of(net / "fib_trie")),
    )


def examine(here: Premises) -> tuple[Installed | None, tuple[Breach, ...]]:
    """Say what the installed rules are and what is wrong with them before anything is tried."""
    if not here.rules:
        return None, (Breach("the firewall's rules are not installed"),)
    installed = read_rules(here.rules)
    if installed is None:
        return None, (Breach(f"{RULES_PATH} is of another version, or was changed by hand"),)
    return installed, tuple(
        Breach(f"the local network {network} has public addresses and came after the rules were installed")
        for network in uncovered(here.networks, installed.refused)
    )


def attempts(installed: Installed, gateway: str, own: IPv4Network, here: Premises) -> tuple[Attempt, ...]:
    """Return what to try from the network *own*: the host, and a place in every range.

    Only two are asked for the walls' own sign, because Linux sends few such answers in a second.
    """
    signs = [Attempt(f"udp/{place}/{installed.port}", _WALL) for place in (gateway, _SIGN)]
    host = [f"tcp/{gateway}/{port}" for port in _PORTS_OF_HOST]
    host += [f"tcp/{address}/{_PORTS_OF_HOST[0]}" for address in here.addresses]
    places = [IPv4Address(place) for place in _STANDING]
    places += [_place_in(network) for network in uncovered(here.networks, REFUSED)]
    # What is in the network itself is asked for by ARP and meets no wall: nobody else is in it.
    beyond = [f"tcp/{place}/{_PORT}" for place in places if place not in own]
    return (*signs, *(Attempt(target, _REFUSED) for target in dict.fromkeys([*host, *beyond])))


def breaches(asked: Sequence[Attempt], output: str) -> tuple[Breach, ...]:
    """Judge what the probe wrote: no answer, or another than the walls', is no wall."""
    answers = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    found = [Breach(f"a job would have the IPv6 address {answers['ipv6']}")] if "ipv6" in answers else []
    return (
        *found,
        *(_breach(a, answers.get(a.target, "")) for a in asked if answers.get(a.target) != a.wanted),
    )


def image_layer() -> bytes:
    """Return the layer of an image that is empty but for links: the host's own /usr is shown to it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in _FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        for name in _LINKS:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(link)
    return buffer.getvalue()


def _breach(attempt: Attempt, said: str) -> Breach:
    way, address, port = attempt.target.split("/")
    place = f"{address} at {way} port {port}"
    if said in {"connected", "answered"}:
        return Breach(f"a job would reach {place}")
    return Breach(f"no wall refused {place} ({said or 'no answer'})")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _place_in(network: IPv4Network) -> IPv4Address:
    """Return an address in *network*, the last one that a machine may have."""
    return network[-2] if network.num_addresses > 2 else network[-1]

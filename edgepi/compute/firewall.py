"""The walls around jobs that may use the internet: rules for nftables, and what they are made of."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from pathlib import Path

__all__ = [
    "BRIDGE_PREFIX",
    "HINT",
    "REFUSED",
    "RULES_PATH",
    "TABLE",
    "UNIT_NAME",
    "UNIT_PATH",
    "Installed",
    "on_link_networks",
    "own_addresses",
    "read_rules",
    "rules",
    "uncovered",
    "unit",
]

HINT = "sudo edgepi compute firewall install"
TABLE = "edgepi_jobs"
BRIDGE_PREFIX = "edgepi"
RULES_PATH = Path("/etc/edgepi/jobs.nft")
UNIT_NAME = "edgepi-firewall.service"
UNIT_PATH = Path("/etc/systemd/system") / UNIT_NAME

REFUSED = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",
    )
)
"""What is not the internet (RFC 6890): private, shared, link-local (cloud metadata), multicast, reserved."""

_RULES = """\
# Walls around the jobs of EdgePi. `edgepi compute firewall install` writes this file.
# A table of its own, ahead of the usual priority: whatever another table accepts, this one may still refuse.
table inet {table}
delete table inet {table}
table inet {table} {{
	set refused {{
		type ipv4_addr
		flags interval
		auto-merge
		elements = {{ {refused} }}
	}}

	# The answer at one UDP port is unusual on purpose, and the port follows from these very rules:
	# by it the node knows, without being root, that it met this wall and no other, old or changed one.
	chain refuse {{
		counter
		meta nfproto ipv4 udp dport {port} reject with icmp type prot-unreachable
		meta l4proto tcp reject with tcp reset
		meta nfproto ipv4 reject with icmp type admin-prohibited
		meta nfproto ipv6 reject with icmpv6 type admin-prohibited
		drop
	}}

	chain from_job {{
		meta nfproto ipv6 goto refuse
		ip daddr @refused goto refuse
		oifname "{prefix}*" goto refuse
	}}

	chain input {{
		type filter hook input priority filter - 10; policy accept;
		iifname "{prefix}*" goto refuse
	}}

	chain forward {{
		type filter hook forward priority filter - 10; policy accept;
		iifname "{prefix}*" goto from_job
		oifname "{prefix}*" ct state established,related accept
		oifname "{prefix}*" goto refuse
	}}
}}
"""

_UNIT = """\
[Unit]
Description=Walls around the jobs of EdgePi: no local network, no host, no other job
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target docker.service shutdown.target
Conflicts=shutdown.target
# The system's own nftables.service empties every table when it starts or reloads.
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={nft} -f {rules}
ExecReload={nft} -f {rules}
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes

[Install]
WantedBy=sysinit.target
"""


def rules(more: Iterable[IPv4Network] = ()) -> str:
    """Return the rules as a file for ``nft -f``; loading it again replaces them in one step.

    Jobs' bridges are known by their names. Of the jobs' packets only those to the internet pass,
    less *more*; to a job only answers pass.
    """
    refused = ", ".join(map(str, collapse_addresses([*REFUSED, *more])))
    parts = {"table": TABLE, "prefix": BRIDGE_PREFIX, "refused": refused}
    return _RULES.format(**parts, port=_port_of(_RULES.format(**parts, port=0)))


@dataclass(frozen=True, slots=True)
class Installed:
    """What the installed rules refuse, and the UDP port at which they answer in their own way."""

    refused: tuple[IPv4Network, ...]
    port: int


def read_rules(text: str) -> Installed | None:
    """Understand the text of installed rules; None if they are not what this version would write."""
    elements = re.search(r"elements = \{ ([\d./, ]+) \}", text)
    if not elements:
        return None
    try:
        refused = tuple(IPv4Network(network) for network in elements[1].split(", "))
    except ValueError:
        return None
    if rules(refused) != text:
        return None
    port = re.search(r"dport (\d+)", text)
    return Installed(refused, int(port[1])) if port else None


def uncovered(networks: Iterable[IPv4Network], refused: Sequence[IPv4Network]) -> tuple[IPv4Network, ...]:
    """Return those of *networks* that *refused* does not hold: local networks of public addresses."""
    return tuple(n for n in networks if not any(n.subnet_of(known) for known in refused))


def unit(nft: Path) -> str:
    """Return the systemd unit that loads the rules at boot, before Docker starts."""
    return _UNIT.format(nft=nft, rules=RULES_PATH)


def on_link_networks(route_table: str) -> tuple[IPv4Network, ...]:
    """Read the networks that are reached without a router from the text of ``/proc/net/route``.

    A default route without a router, whole or in halves as tunnels have it, is the internet and is left out.
    """
    networks = set()
    for line in route_table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or int(fields[2], 16):
            continue
        network = IPv4Network((_address(fields[1]), str(_address(fields[7]))))
        if network.prefixlen >= 8:
            networks.add(network)
    return tuple(sorted(networks))


def own_addresses(fib_trie: str) -> tuple[IPv4Address, ...]:
    """Read this machine's own addresses, less loopback, from the text of ``/proc/net/fib_trie``."""
    found = set()
    latest = ""
    for line in fib_trie.splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            latest = words[1]
        elif words[1:] == ["host", "LOCAL"] and latest:
            found.add(IPv4Address(latest))
    return tuple(sorted(address for address in found if not address.is_loopback))


def _port_of(text: str) -> int:
    return 20_000 + int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 40_000


def _address(little_endian_hex: str) -> IPv4Address:
    return IPv4Address(bytes.fromhex(little_endian_hex)[::-1])

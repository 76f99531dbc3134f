"""The rules and what is made of a probe's words; pure."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from edgepi.compute.firewall import (
    REFUSED,
    RULES_PATH,
    on_link_networks,
    own_addresses,
    read_rules,
    rules,
    uncovered,
    unit,
)
from edgepi.compute.network import network_of
from edgepi.compute.probe import Premises, attempts, breaches, examine, image_layer, premises
from edgepi.compute.survey import judge_walls

CAMPUS = IPv4Network("198.51.100.0/24")
OWN = IPv4Network("172.18.0.0/16")
ROUTES = """\
Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0164A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0064A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t006433C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
wg0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
eth0\t0000080A\t0164A8C0\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
FIB = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.168.100.0
        /24 link UNICAST
     |-- 192.168.100.7
        /32 host LOCAL
     |-- 192.168.100.255
        /32 link BROADCAST
"""


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.254",
        "127.0.0.53",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.254",
        "192.168.1.1",
        "224.0.0.251",
        "239.255.255.250",
        "255.255.255.255",
    ],
)
def test_what_is_not_the_internet_is_refused(address: str) -> None:
    assert any(IPv4Address(address) in network for network in REFUSED)


@pytest.mark.parametrize("address", ["1.1.1.1", "9.9.9.9", "100.63.255.255", "172.32.0.1", "192.167.1.1"])
def test_the_internet_is_not_refused(address: str) -> None:
    assert not any(IPv4Address(address) in network for network in REFUSED)


def test_installed_rules_are_understood_with_what_was_added() -> None:
    installed = read_rules(rules([CAMPUS]))
    assert installed is not None
    assert CAMPUS in installed.refused
    assert f"udp dport {installed.port} " in rules([CAMPUS])


def test_every_change_of_the_rules_moves_their_sign() -> None:
    ports = {found.port for found in map(read_rules, (rules(), rules([CAMPUS]))) if found}
    assert len(ports) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [("goto refuse", "accept"), ("10.0.0.0/8, ", ""), ("elements", "parts"), ("10.0.0.0/8", "10.0.0.0/99")],
)
def test_rules_changed_by_hand_are_not_believed(old: str, new: str) -> None:
    assert old in rules()
    changed = read_rules(rules().replace(old, new, 1))
    assert changed is None


def test_local_networks_are_read_without_the_ways_out() -> None:
    assert on_link_networks(ROUTES) == (IPv4Network("192.168.100.0/24"), CAMPUS)
    assert own_addresses(FIB) == (IPv4Address("192.168.100.7"),)


def test_a_local_network_of_public_addresses_needs_a_rule_of_its_own() -> None:
    assert uncovered(on_link_networks(ROUTES), REFUSED) == (CAMPUS,)
    _, found = examine(Premises(rules(), on_link_networks(ROUTES)))
    assert "198.51.100.0/24" in found[0].sentence
    assert examine(Premises(rules([CAMPUS]), on_link_networks(ROUTES)))[1] == ()


def test_rules_that_are_not_there_or_of_another_version_are_told_apart() -> None:
    assert "not installed" in examine(Premises(""))[1][0].sentence
    assert "another version" in examine(Premises("table inet edgepi_jobs {}"))[1][0].sentence


def test_premises_are_read_from_files_that_anybody_may_read(tmp_path: Path) -> None:
    assert premises(tmp_path) == Premises("")
    for name, text in (
        ("etc/edgepi/jobs.nft", rules()),
        ("proc/net/route", ROUTES),
        ("proc/net/fib_trie", FIB),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = premises(tmp_path)
    assert found.rules == rules()
    assert found.networks == on_link_networks(ROUTES)
    assert found.addresses == own_addresses(FIB)


def tried(here: Premises) -> dict[str, str]:
    installed = read_rules(here.rules)
    assert installed is not None
    return {a.target: a.wanted for a in attempts(installed, "172.18.0.1", OWN, here)}


def test_the_probe_tries_the_host_every_range_and_what_is_near_but_not_its_own_network() -> None:
    here = Premises(rules([CAMPUS]), on_link_networks(ROUTES), own_addresses(FIB))
    targets = tried(here)
    wanted = ["172.18.0.1/22", "192.168.100.7/22", "10.0.0.1/80", "169.254.169.254/80", "198.51.100.254/80"]
    assert {f"tcp/{place}" for place in wanted} <= set(targets)
    assert not [t for t in targets if IPv4Address(t.split("/")[1]) in OWN and "/172.18.0.1/" not in t]


def test_only_two_of_the_answers_that_linux_sends_sparingly_are_asked_for() -> None:
    signs = [target for target in tried(Premises(rules())) if target.startswith("udp/")]
    assert [target.split("/")[1] for target in signs] == ["172.18.0.1", "198.18.69.80"]


def test_only_the_walls_own_answer_everywhere_is_a_wall() -> None:
    installed = read_rules(rules())
    assert installed is not None
    asked = attempts(installed, "172.18.0.1", OWN, Premises(rules()))
    said = {attempt.target: attempt.wanted for attempt in asked}

    def judged(**changed: str) -> tuple[str, ...]:
        lines = [f"{target} {answer}" for target, answer in {**said, **changed}.items() if answer]
        return tuple(found.sentence for found in breaches(asked, "\n".join([*lines, "done"])))

    assert judged() == ()
    lan = "tcp/192.168.0.1/80"
    assert judged(**{lan: "connected"}) == ("a job would reach 192.168.0.1 at tcp port 80",)
    assert "no answer" in judged(**{lan: ""})[0]
    sign = f"udp/172.18.0.1/{installed.port}"
    assert "Connection refused" in judged(**{sign: "Connection refused"})[0], "a closed port is no wall"
    assert "IPv6" in judged(ipv6="fe800000000000000042acfffe120002")[0]
    assert len(breaches(asked, "done")) == len(asked), "silence is no wall"


def test_walls_are_told_in_a_sentence() -> None:
    assert judge_walls(()).ok
    assert judge_walls(examine(Premises(""))[1]).sentence.startswith("jobs get no internet: ")


def test_the_probes_image_holds_nothing_but_folders_and_links() -> None:
    with tarfile.open(fileobj=io.BytesIO(image_layer())) as archive:
        members = archive.getmembers()
    assert all(member.isdir() or member.linkname.startswith("usr/") for member in members)
    assert {"usr", "lib", "lib64"} <= {member.name for member in members}


def test_names_of_networks_fit_and_differ_by_node_and_job() -> None:
    names = {network_of(owner, job).bridge for owner in ("a", "b") for job in ("0x12", "0x13")}
    assert len(names) == 4
    assert all(name.startswith("edgepi") and len(name) == 15 for name in names)


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "systemd-analyze is missing: sudo apt-get install systemd"
    place = tmp_path / "edgepi-firewall.service"
    place.write_text(unit(Path("/bin/true")))
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(place)], capture_output=True, text=True, timeout=30, check=False
    )
    assert place.name not in done.stderr, done.stderr
    assert str(RULES_PATH) in place.read_text()
    order = next(line for line in place.read_text().splitlines() if line.startswith("Before="))
    assert "docker.service" in order

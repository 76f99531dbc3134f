from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from edgepi.cli import compute, compute_steps
from edgepi.cli.compute_steps import install_steps, remove_steps
from edgepi.cli.main import main
from edgepi.compute.firewall import RULES_PATH, UNIT_PATH, read_rules, rules
from edgepi.compute.model import Readiness
from edgepi.compute.probe import Premises
from edgepi.compute.survey import KeptImage, Survey

HOLDS = Readiness(ok=True, sentence="all limits hold")
OPEN = Readiness(ok=False, sentence="jobs get no internet", hint="sudo edgepi compute firewall install")
LOOSE = Readiness(ok=False, sentence="no limit on memory", hint="change cmdline.txt")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nft and nothing near."""
    monkeypatch.setattr(compute, "find_nft", lambda: Path("/usr/sbin/nft"))
    monkeypatch.setattr(compute, "premises", lambda: Premises(""))


def found(monkeypatch: pytest.MonkeyPatch, limits: Readiness, walls: Readiness) -> None:
    async def look(url: str) -> Survey:
        images = (KeptImage("demo:1", 2_500_000),)
        return Survey(
            url=url, version="20.10", limits=limits, walls=walls, walls_wanted=walls.ok, images=images
        )

    monkeypatch.setattr(compute, "_look", look)


def test_install_writes_the_rules_and_with_systemd_the_unit(tmp_path: Path) -> None:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert main(["compute", "firewall", "install", "--root", str(tmp_path)]) == 0
    assert (tmp_path / RULES_PATH.relative_to("/")).read_text() == rules()
    assert "nft -f /etc/edgepi/jobs.nft" in (tmp_path / UNIT_PATH.relative_to("/")).read_text()
    assert main(["compute", "firewall", "remove", "--root", str(tmp_path)]) == 0
    assert not (tmp_path / RULES_PATH.relative_to("/")).exists()
    assert not (tmp_path / UNIT_PATH.relative_to("/")).exists()


def test_without_systemd_only_the_rules_are_installed_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compute", "firewall", "install", "--root", str(tmp_path)]) == 0
    assert not (tmp_path / UNIT_PATH.relative_to("/")).exists()
    assert "does not run systemd" in capsys.readouterr().out


def test_steps_on_the_machine_itself_end_with_the_rules_in_force() -> None:
    nft = Path("/usr/sbin/nft")
    assert (
        install_steps((), nft, Path("/"), systemd=False)[-1].text
        == "run `/usr/sbin/nft -f /etc/edgepi/jobs.nft`"
    )
    with_systemd = [step.text for step in install_steps((), nft, Path("/"), systemd=True)]
    assert with_systemd[-3:] == [
        "run `systemctl daemon-reload`",
        "run `systemctl enable edgepi-firewall.service`",
        "run `systemctl restart edgepi-firewall.service`",
    ]
    assert "delete table inet edgepi_jobs" in remove_steps(nft, Path("/"), systemd=True)[-1].text


def test_networks_to_refuse_are_added_and_those_of_before_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / RULES_PATH.relative_to("/")
    words = ["compute", "firewall", "install", "--root", str(tmp_path)]
    assert main([*words, "--refuse", "198.51.100.0/24"]) == 0
    monkeypatch.setattr(compute, "premises", lambda: Premises(place.read_text()))
    assert main([*words, "--refuse", "203.0.113.0/24"]) == 0
    installed = read_rules(place.read_text())
    assert installed is not None
    assert {"198.51.100.0/24", "203.0.113.0/24"} <= set(map(str, installed.refused))


def test_a_dry_run_prints_the_rules_and_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compute", "firewall", "install", "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rules"] == rules()
    assert said["dry_run"] is True
    assert main(["compute", "firewall", "install", "--dry-run"]) == 0
    assert "would write /etc/edgepi/jobs.nft" in capsys.readouterr().out


@pytest.mark.parametrize("action", ["install", "remove"])
def test_only_root_may_change_the_walls(
    action: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["compute", "firewall", action]) == 4
    assert f"sudo edgepi compute firewall {action}" in capsys.readouterr().err


def test_a_machine_without_nft_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_names, **_options: None)
    monkeypatch.setattr(compute, "find_nft", compute_steps.find_nft)
    assert main(["compute", "firewall", "install", "--root", str(tmp_path)]) == 4
    assert "apt install nftables" in capsys.readouterr().err


def test_what_is_no_network_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compute", "firewall", "install", "--refuse", "10.0.0.1/8"]) == 2
    assert "no IPv4 network" in capsys.readouterr().err


@pytest.mark.parametrize(("limits", "code"), [(HOLDS, 0), (LOOSE, 1)])
def test_status_fails_only_where_no_job_can_run(
    limits: Readiness, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, limits, OPEN)
    assert main(["compute", "status"]) == code
    said = capsys.readouterr().out
    assert limits.sentence in said
    assert f"-> {OPEN.hint}" in said
    assert "demo:1" in said
    assert main(["compute", "status", "--json"]) == code
    assert OPEN.hint in json.loads(capsys.readouterr().out)["missing"]


@pytest.mark.parametrize(("walls", "code"), [(Readiness(ok=True, sentence="walled"), 0), (OPEN, 1)])
def test_the_walls_status_is_whether_jobs_get_the_internet(
    walls: Readiness, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found(monkeypatch, HOLDS, walls)
    assert main(["compute", "firewall", "status", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["ok"] is walls.ok


def test_no_engine_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compute", "status", "--engine", f"unix://{tmp_path}/none.sock"]) == 4
    assert "no container engine answers" in capsys.readouterr().err

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from edgepi.cli import service, service_steps
from edgepi.cli.main import main
from edgepi.cli.service_files import GROUPS, ServiceOptions, polkit_rule, unit
from edgepi.errors import EdgePiError

CONFIG = "node: {name: a}\n"


def options(program: Path = Path("/opt/edgepi/bin/edgepi")) -> ServiceOptions:
    return ServiceOptions(program=program, config=Path("/etc/edgepi/edgepi.yaml"), groups=("video",))


def parsed(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mine/edgepi.yaml"
    path.parent.mkdir()
    path.write_text(CONFIG)
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(service, "_program", lambda: Path("/opt/edgepi/bin/edgepi"))
    return path


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("WatchdogSec", "60"),
        ("User", "edgepi"),
        ("SupplementaryGroups", "video"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("StateDirectory", "edgepi"),
        ("CapabilityBoundingSet", "CAP_SYS_TIME"),
        ("Restart", "on-failure"),
        ("ExecStart", "/opt/edgepi/bin/edgepi run --config /etc/edgepi/edgepi.yaml"),
    ],
)
def test_the_unit_is_watched_and_hardened(key: str, value: str) -> None:
    assert parsed(unit(options()))["Service"][key] == value


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    assert analyze, "the package systemd is missing"
    path = tmp_path / "edgepi.service"
    path.write_text(unit(options(Path("/bin/true"))))
    result = subprocess.run(
        [analyze, "verify", "--man=no", path], capture_output=True, text=True, check=False
    )
    complaints = [line for line in result.stderr.splitlines() if "edgepi.service" in line]
    assert complaints == []


def test_the_node_may_set_the_alarm_of_a_pi_5_and_watch_its_button() -> None:
    text = unit(options())
    before = text.partition("ExecStartPre=")[2].partition("ExecStart=")[0]
    assert before.startswith("-+/bin/sh"), "as root, and no harm where there is no such clock"
    assert "chgrp edgepi wakealarm /dev/rtc0" in before
    assert "ReadWritePaths=-/sys/class/rtc/rtc0\n" in text
    assert "DeviceAllow=char-input r\nDeviceAllow=char-rtc r\n" in text
    assert "input" in GROUPS


def test_the_node_may_power_off_and_nothing_else() -> None:
    rule = polkit_rule("edgepi")
    assert 'subject.user == "edgepi"' in rule
    assert rule.count("org.freedesktop.") == rule.count("login1.power-off")


def test_show_prints_what_install_writes(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    assert main(["service", "show", "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    root = config.parent.parent / "root"
    assert main(["service", "install", "--root", str(root)]) == 0
    for path, text in files.items():
        assert (root / path.lstrip("/")).read_text() == text


def test_a_user_is_made_on_this_machine_only_for_a_service_of_this_machine(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service_steps, "_user_exists", lambda _: False)
    main(["service", "install", "--dry-run", "--root", str(tmp_path / "root")])
    assert "useradd" not in capsys.readouterr().out
    main(["service", "install", "--dry-run"])
    assert "useradd" in capsys.readouterr().out


def test_install_copies_the_configuration_and_its_secrets(config: Path, tmp_path: Path) -> None:
    config.with_name("secrets.yaml").write_text("a: b\n")
    main(["service", "install", "--root", str(tmp_path / "root")])
    copied = tmp_path / "root/etc/edgepi"
    assert (copied / "edgepi.yaml").read_text() == CONFIG
    assert (copied / "secrets.yaml").stat().st_mode & 0o007 == 0


def test_install_keeps_a_configuration_that_is_there(config: Path, tmp_path: Path) -> None:
    own = tmp_path / "root/etc/edgepi/edgepi.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("precious")
    main(["service", "install", "--root", str(tmp_path / "root")])
    assert own.read_text() == "precious"


def test_a_configuration_with_includes_is_not_torn_apart(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text("node: !include node.yaml\n")
    assert main(["service", "install", "--root", str(tmp_path / "root")]) == 4
    assert "/etc/edgepi" in capsys.readouterr().err


def test_install_has_the_machines_own_watchdog_restart_a_frozen_system(config: Path, tmp_path: Path) -> None:
    main(["service", "install", "--root", str(tmp_path / "root")])
    written = tmp_path / "root/etc/systemd/system.conf.d/50-edgepi-watchdog.conf"
    assert "[Manager]\nRuntimeWatchdogSec=30s\n" in written.read_text()


def test_uninstall_takes_back_what_install_wrote_and_keeps_the_configuration(
    config: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    main(["service", "install", "--root", str(root)])
    assert main(["service", "uninstall", "--root", str(root)]) == 0
    left = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert left == ["etc/edgepi/edgepi.yaml"]


def test_a_dry_run_says_everything_and_does_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    assert main(["service", "install", "--dry-run", "--root", str(root)]) == 0
    assert f"would write {root}/etc/systemd/system/edgepi.service" in capsys.readouterr().out
    assert not root.exists()


def test_only_root_installs(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(["service", "install"]) == 4
    assert "hint: sudo /opt/edgepi/bin/edgepi service install" in capsys.readouterr().err


def test_a_program_below_home_is_refused_because_the_service_cannot_see_it(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "_program", lambda: Path("/home/pi/app/.venv/bin/edgepi"))
    assert main(["service", "install", "--dry-run"]) == 4
    assert "make install" in capsys.readouterr().err


def test_groups_that_do_not_exist_are_left_out_or_refused() -> None:
    assert set(service_steps.present_groups()) <= set(GROUPS)
    with pytest.raises(EdgePiError, match="no group 'surely-not'"):
        service_steps.present_groups(["surely-not"])


def test_a_command_that_fails_is_an_error_with_its_last_line() -> None:
    step = service_steps.run_step(["sh", "-c", "echo one >&2; echo two >&2; exit 3"])
    with pytest.raises(EdgePiError, match="failed: two"):
        step.do()

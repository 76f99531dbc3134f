from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edgepi.cli import doctor
from edgepi.cli.checks import (
    CHECKS,
    Result,
    Surroundings,
    board,
    clock,
    disk,
    docker,
    groups,
    i2c,
    packages,
    pi5,
    python,
    service,
    state,
    supply,
    watchdog,
)
from edgepi.cli.checks.base import run
from edgepi.cli.main import main
from edgepi.compute.model import Readiness
from edgepi.compute.survey import Survey
from edgepi.node.lock import locked


def machine(root: Path, said: Mapping[str, tuple[int, str]] | None = None, **changes: Any) -> Surroundings:
    answers = dict(said or {})
    parts: dict[str, Any] = {
        "state_dir": root / "state",
        "uid": 1000,
        "groups": frozenset({"i2c", "gpio"}),
        "run": lambda command: answers.get(Path(command[0]).name, (127, "")),
        "root": root,
    }
    return Surroundings(**(parts | changes))


def test_an_old_python_fails_and_32_bits_are_a_warning() -> None:
    assert python.judge((3, 10), bits=64).status == "fail"
    assert python.judge((3, 11), bits=32).status == "warn"
    assert python.judge((3, 13), bits=64).status == "ok"


def test_packages_that_do_not_fit_fail_with_pips_words(tmp_path: Path) -> None:
    def pip(_command: object) -> tuple[int, str]:
        return 1, "aiohttp 3 requires yarl, which is not installed.\nmore"

    result = packages.check(machine(tmp_path, run=pip))
    assert (result.status, result.sentence) == ("fail", "aiohttp 3 requires yarl, which is not installed.")
    assert packages.check(machine(tmp_path, run=lambda _c: (0, ""))).status == "ok"


def test_groups_are_wanted_only_where_they_exist(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    group_file = tmp_path / "etc/group"
    group_file.write_text("root:x:0:\ni2c:x:100:\ngpio:x:101:\n")
    assert groups.check(machine(tmp_path)).status == "ok"
    result = groups.check(machine(tmp_path, groups=frozenset({"gpio"})))
    assert result.status == "fail"
    assert "usermod -aG i2c" in str(result.advice)


def test_a_group_for_cameras_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/group").write_text("i2c:x:100:\nvideo:x:44:\n")
    assert groups.check(machine(tmp_path)).status == "warn"


def test_root_is_told_about_the_service(tmp_path: Path) -> None:
    assert groups.check(machine(tmp_path, uid=0)).status == "warn"


def test_a_machine_without_i2c_can_still_simulate(tmp_path: Path) -> None:
    assert i2c.check(machine(tmp_path)).status == "warn"
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/i2c-1").touch()
    assert i2c.check(machine(tmp_path)) == Result("I2C", "ok", "bus 1")


def test_a_bus_that_may_not_be_opened_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/i2c-1").touch()
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    assert i2c.check(machine(tmp_path)).status == "fail"


@pytest.mark.parametrize(("free_mb", "status"), [(50, "fail"), (300, "warn"), (5000, "ok")])
def test_little_room_is_said_before_none_is_left(free_mb: int, status: str, tmp_path: Path) -> None:
    assert disk.judge(free_mb, tmp_path, read_only=False).status == status


def test_a_read_only_card_fails_however_empty(tmp_path: Path) -> None:
    assert disk.judge(5000, tmp_path, read_only=True).status == "fail"


def test_the_disk_is_measured_where_the_state_will_be(tmp_path: Path) -> None:
    result = disk.check(machine(tmp_path, state_dir=tmp_path / "not/yet/there"))
    assert str(tmp_path) in result.sentence


def test_a_clock_that_nobody_set_is_a_warning() -> None:
    assert clock.judge(is_set=True).status == "ok"
    assert clock.judge(is_set=False).status == "warn"


def test_a_running_node_is_seen_by_its_lock(tmp_path: Path) -> None:
    place = machine(tmp_path)
    assert "first start" in state.check(place).sentence
    with locked(place.state_dir):
        assert "a node is running" in state.check(place).sentence
    assert state.check(place).sentence.endswith("is free")


def test_looking_makes_no_state_directory(tmp_path: Path) -> None:
    state.check(machine(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_vendors_daemon_fails_with_the_way_to_stop_it(tmp_path: Path) -> None:
    process = tmp_path / "proc/4711"
    process.mkdir(parents=True)
    (process / "cmdline").write_bytes(b"bash\0/home/pi/wittypi/daemon.sh\0")
    result = board.check(machine(tmp_path))
    assert (result.status, result.advice) == ("fail", "sudo systemctl disable --now wittypi")
    (process / "cmdline").write_bytes(b"vi\0notes.txt\0")
    assert board.check(machine(tmp_path)).status == "ok"


@pytest.mark.parametrize(
    ("said", "status"),
    [((0, "active"), "ok"), ((3, "failed"), "fail"), ((3, "inactive"), "warn"), ((127, ""), "warn")],
)
def test_the_service_is_as_systemd_says(said: tuple[int, str], status: str, tmp_path: Path) -> None:
    assert "not installed" in service.check(machine(tmp_path, {"systemctl": said})).sentence
    unit = tmp_path / "etc/systemd/system/edgepi.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    assert service.check(machine(tmp_path, {"systemctl": said})).status == status


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ((0, "30s"), "ok", "after 30s"),
        ((0, "0"), "warn", "nothing would restart it"),
        ((0, "infinity"), "warn", "nothing would restart it"),
        ((127, ""), "warn", "does not say"),
    ],
)
def test_a_frozen_system_is_restarted_or_that_is_said(
    said: tuple[int, str], status: str, words: str, tmp_path: Path
) -> None:
    result = watchdog.check(machine(tmp_path, {"systemctl": said}))
    assert result.status == status
    assert words in result.sentence


def test_a_machine_without_docker_is_well(tmp_path: Path) -> None:
    assert docker.check(machine(tmp_path)).status == "ok"


def test_docker_that_may_not_be_used_or_does_not_answer_is_a_warning_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "var/run/docker.sock"
    place.parent.mkdir(parents=True)
    place.touch()
    assert docker.check(machine(tmp_path)).status == "warn", "it is no socket"
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    result = docker.check(machine(tmp_path))
    assert result.status == "warn"
    assert "usermod -aG docker" in str(result.advice)


@pytest.mark.parametrize(
    ("limits", "walls", "wanted", "status", "advice"),
    [
        (True, True, True, "ok", None),
        (True, False, False, "ok", None),
        (True, False, True, "warn", "mend the walls"),
        (False, True, True, "warn", "mend the limits"),
    ],
)
def test_docker_must_limit_jobs_and_walls_that_were_installed_must_stand(
    limits: bool, walls: bool, wanted: bool, status: str, advice: str | None
) -> None:
    found = Survey(
        url="unix:///x",
        version="26.1",
        limits=Readiness(ok=limits, sentence="limits", hint=None if limits else "mend the limits"),
        walls=Readiness(ok=walls, sentence="walls", hint=None if walls else "mend the walls"),
        walls_wanted=wanted,
    )
    result = docker.judge(found)
    assert (result.status, result.advice) == (status, advice)


def test_every_result_that_is_not_well_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    for result in doctor.examine(CHECKS, machine(tmp_path)):
        assert result.status == "ok" or result.advice, result


def test_a_check_that_breaks_does_not_stop_the_others(tmp_path: Path) -> None:
    def broken(_machine: Surroundings) -> Result:
        raise RuntimeError("odd machine")

    results = doctor.examine([broken, clock.check], machine(tmp_path))
    assert results[0].status == "warn"
    assert "odd machine" in results[0].sentence
    assert results[1].name == "clock"


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_the_exit_code_is_1_only_for_failures(
    status: Any, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", [lambda _m: Result("x", status, "said", "do this")])
    monkeypatch.setattr("edgepi.cli.doctor.examine", lambda checks, m: [check(m) for check in checks])
    assert main(["doctor"]) == code
    assert "-> do this" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["results"][0]["status"] == status


def test_a_program_that_is_not_there_is_no_crash() -> None:
    assert run(["surely-there-is-no-such-program"]) == (127, "")


@pytest.mark.parametrize(("alarm", "status"), [("0", "ok"), ("1", "warn"), (None, "ok")])
def test_too_little_of_5_v_is_told(tmp_path: Path, alarm: str | None, status: str) -> None:
    other, folder = (tmp_path / f"sys/class/hwmon/hwmon{number}" for number in range(2))
    for each, name in ((other, "cpu_thermal"), (folder, "rpi_volt")):
        each.mkdir(parents=True)
        (each / "name").write_text(name + "\n")
    if alarm is not None:
        (folder / "in0_lcrit_alarm").write_text(alarm + "\n")
    assert supply.check(machine(tmp_path)).status == status
    assert supply.check(machine(tmp_path / "elsewhere")).status == "ok"


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    clock, copy = tmp_path / "sys/class/rtc/rtc0", tmp_path / "sys/bus/nvmem/devices/rmem1"
    clock.mkdir(parents=True)
    (copy / "of_node").mkdir(parents=True)
    (clock / "name").write_text("rpi-rtc soc:rpi_rtc\n")
    (copy / "of_node/compatible").write_bytes(b"raspberrypi,bootloader-config\0nvmem-rmem\0")
    (copy / "nvmem").write_text("[all]\nPOWER_OFF_ON_HALT=1\nWAKE_ON_GPIO=0\n")
    return tmp_path


def test_a_pi_5_that_switches_off_at_a_halt_is_well(pi: Path) -> None:
    assert pi5.check(machine(pi)).status == "ok"
    (pi / "sys/class/rtc/rtc0/name").write_text("rtc-ds1307 1-0068\n")
    assert "needs a power board" in pi5.check(machine(pi)).sentence


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ("[all]\nBOOT_UART=1\n", "POWER_OFF_ON_HALT=1 and WAKE_ON_GPIO=0"),
        ("[all]\nPOWER_OFF_ON_HALT=1\n", "WAKE_ON_GPIO=0"),
        ("[pi4]\nPOWER_OFF_ON_HALT=1\n[all]\nWAKE_ON_GPIO=0\n", "POWER_OFF_ON_HALT=1"),
        ("POWER_OFF_ON_HALT=1\nWAKE_ON_GPIO=0\nWAIT_FOR_POWER_BUTTON=1\n", "remove WAIT_FOR_POWER_BUTTON"),
        ("", "rpi-eeprom-config"),
    ],
)
def test_a_pi_5_that_is_not_set_up_to_sleep_says_what_to_type(pi: Path, settings: str, advice: str) -> None:
    (pi / "sys/bus/nvmem/devices/rmem1/nvmem").write_text(settings)
    result = pi5.check(machine(pi))
    assert result.status == "warn"
    assert advice in str(result.advice)

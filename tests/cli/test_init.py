from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgepi.cli import init
from edgepi.cli.init_chips import Chip, buses, machine_parts, scan
from edgepi.cli.init_questions import QUESTIONS, ask, defaults
from edgepi.cli.init_text import config_text
from edgepi.cli.main import main
from edgepi.config import load
from edgepi.config.boards import BOARDS
from edgepi.errors import BusError, ManifestError
from edgepi.plugin import Manifest, Probe
from edgepi.runtime.discovery import discover
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.bme280 import BME280
from edgepi.sim.chips.ina219 import INA219
from edgepi.sim.chips.wittypi4 import WittyPi4
from edgepi.sim.chips.wittypi4_l3v7 import WittyPi4L3V7

SENSOR = Manifest(
    name="weather",
    title="Weather station",
    summary="",
    probes=(Probe(addresses=(0x76, 0x77), register=0xD0, values=(0x60,)),),
)
METER = Manifest(
    name="meter",
    title="Meter",
    summary="",
    probes=(Probe(addresses=(0x40,), register=0, values=(0x399F,), word=True),),
)


class Registers:
    def __init__(self, values: dict[int, int]) -> None:
        self.values = values

    def read(self, register: int) -> int:
        return self.values.get(register, 0)

    def write(self, register: int, value: int) -> None:
        raise AssertionError("looking for chips must not write")

    def step(self, dt_s: float) -> None:
        pass


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(init, "buses", lambda _dev: [])
    return tmp_path


def test_chips_are_found_by_what_their_register_says() -> None:
    bus = SimulatedBus({0x77: Registers({0xD0: 0x60}), 0x40: Registers({0: 0x39, 1: 0x9F})})
    assert list(scan([SENSOR, METER], bus, 1)) == [
        Chip("weather", "Weather station", 1, 0x77),
        Chip("meter", "Meter", 1, 0x40),
    ]


def test_another_chip_at_the_same_address_is_not_taken() -> None:
    bus = SimulatedBus({0x76: Registers({0xD0: 0x58}), 0x40: Registers({0: 0x11, 1: 0x20})})
    assert list(scan([SENSOR, METER], bus, 1)) == []


def test_a_bus_that_cannot_be_opened_is_said() -> None:
    class Closed:
        def read_byte_data(self, i2c_addr: int, register: int) -> int:
            raise BusError("/dev/i2c-1: Permission denied")

        read_word_data = read_byte_data

    with pytest.raises(BusError, match="Permission denied"):
        list(scan([SENSOR], Closed(), 1))


def test_buses_are_listed_by_number(tmp_path: Path) -> None:
    for name in ("i2c-10", "i2c-1", "i2c-x", "i2c"):
        (tmp_path / name).touch()
    assert buses(tmp_path) == [1, 10]


def test_the_file_it_writes_is_valid_and_for_the_world_without_a_bus(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--yes", "--latitude", "48.1", "--name", "my node"]) == 0
    settings = load(here / "edgepi.yaml", discover(), {})
    assert (settings.node.latitude, settings.node.name) == (48.1, "my node")
    said = capsys.readouterr().out
    assert "no I2C bus" in said
    assert "next: edgepi sim" in said


def test_a_file_that_is_there_is_kept_unless_forced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "edgepi.yaml").write_text("precious")
    assert main(["init", "--yes"]) == 4
    assert (here / "edgepi.yaml").read_text() == "precious"
    assert "--force" in capsys.readouterr().err
    assert main(["init", "--yes", "--force"]) == 0
    assert (here / "edgepi.yaml").read_text() != "precious"


def test_json_asks_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _text: pytest.fail("it asked"))
    assert main(["init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["simulated"] is True


def test_options_answer_questions_and_enter_takes_the_default(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def enter(text: str) -> str:
        asked.append(text)
        return ""

    monkeypatch.setattr("builtins.input", enter)
    assert main(["init", "--chemistry", "li-ion"]) == 0
    assert len(asked) == len(QUESTIONS) - 1
    assert yaml.safe_load((here / "edgepi.yaml").read_text())["energy"]["battery"]["chemistry"] == "li-ion"


def test_an_answer_that_does_not_fit_is_asked_again() -> None:
    latitude = next(question for question in QUESTIONS if question.key == "latitude")
    answers, said = iter(["north", "91", "45.5"]), list[str]()
    assert ask(latitude, 0.0, lambda _text: next(answers), said.append) == 45.5
    assert [line.strip() for line in said] == ["'north' is not a number", "91 is not between -90 and 90"]


@pytest.mark.parametrize(
    ("key", "answers", "told"),
    [("latitude", ["48,0", "48.0"], "'48,0' is not a number: write a point"), ("chemistry", ["LiFePO4"], "")],
)
def test_what_people_write_is_understood_or_put_right(key: str, answers: list[str], told: str) -> None:
    question = next(question for question in QUESTIONS if question.key == key)
    left, said = iter(answers), list[str]()
    assert ask(question, None, lambda _text: next(left), said.append) in (48.0, "lifepo4")
    assert "".join(said).strip() == told


def test_input_that_ends_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    def ended(_text: str) -> str:
        raise EOFError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.input", ended)
        assert main(["init"]) == 4
    assert "--yes" in capsys.readouterr().err


def test_the_site_is_guessed_from_the_time_zone(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/timezone").write_text("America/Denver\n")
    table = tmp_path / "usr/share/zoneinfo/zone.tab"
    table.parent.mkdir(parents=True)
    table.write_text("# head\nUS\t+394421-1045903\tAmerica/Denver\tMountain\n")
    found = defaults(tmp_path)
    assert (found["latitude"], found["longitude"]) == (39.7392, -104.9842)


def test_the_time_zone_comes_from_the_link_where_there_is_no_name(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/Paris")
    assert defaults(tmp_path)["time-zone"] == "Europe/Paris"


@pytest.mark.parametrize(
    ("model", "board"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0\0", "pi5"),
        ("Raspberry Pi Zero 2 W Rev 1.0\0", "zero2w"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3\0", "pi3b+"),
        ("Some Other Board\0", "other"),
    ],
)
def test_the_board_is_recognised(model: str, board: str, tmp_path: Path) -> None:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").write_text(model)
    assert defaults(tmp_path)["board"] == board
    assert board in BOARDS


def test_two_chips_of_a_kind_become_a_list_with_names() -> None:
    chips = [Chip("weather", "W", 1, 0x77), Chip("weather", "W", 3, 0x76)]
    plugins: Any = yaml.safe_load(config_text(defaults(Path("/")), chips))["plugins"]
    assert plugins == {
        "weather": [
            {"name": "weather_1", "bus": 3, "address": 0x76},
            {"name": "weather_2", "address": 0x77},
        ]
    }


@pytest.mark.parametrize(("chemistry", "volts"), [("lifepo4", 11.6), ("li-ion", 9.9), ("lead-acid", 11.1)])
def test_the_power_board_gets_the_cut_off_that_waking_on_voltage_needs(chemistry: str, volts: float) -> None:
    chips = [Chip("wittypi", "W", 1, 0x08), Chip("ina219", "I", 1, None)]
    plugins: Any = yaml.safe_load(config_text({**defaults(Path("/")), "chemistry": chemistry}, chips))[
        "plugins"
    ]
    assert plugins == {"wittypi": {"address": 0x08, "low_voltage": volts}, "ina219": {}}


def test_a_board_of_a_single_cell_gets_no_cut_off_of_12_v() -> None:
    manifests = [record.manifest for record in discover().records() if record.manifest]
    chips = list(scan(manifests, SimulatedBus({0x08: WittyPi4L3V7()}), 1))
    answers = {**defaults(Path("/")), "chemistry": "li-ion"}
    written: Any = yaml.safe_load(config_text(answers, chips))
    assert written["plugins"] == {"wittypi": {"address": 0x08, "low_voltage": 3.3}}
    assert written["energy"]["battery"]["series_cells"] == 1


@pytest.mark.parametrize(
    ("clock", "beside", "found"),
    [
        ("rpi-rtc soc@107c000000:rpi_rtc", [], [Chip("pi5", "Raspberry Pi 5", 1, None)]),
        ("rpi-rtc soc@107c000000:rpi_rtc", [Chip("wittypi", "P", 1, 0x08)], []),
        ("rtc-ds1307 1-0068", [], []),
        (None, [], []),
    ],
)
def test_a_pi_5_is_its_own_power_board_unless_it_has_one(
    clock: str | None, beside: list[Chip], found: list[Chip], tmp_path: Path
) -> None:
    if clock:
        (tmp_path / "sys/class/rtc/rtc0").mkdir(parents=True)
        (tmp_path / "sys/class/rtc/rtc0/name").write_text(clock + "\n")
    manifests = [record.manifest for record in discover().records() if record.manifest]
    assert list(machine_parts(manifests, beside, tmp_path)) == found


def test_a_pi_5_without_an_i2c_bus_is_no_simulated_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "sys/class/rtc/rtc0").mkdir(parents=True)
    (here / "sys/class/rtc/rtc0/name").write_text("rpi-rtc\n")
    monkeypatch.setattr(init, "ROOT", here)
    assert main(["init", "--yes"]) == 0
    assert [each.plugin for each in load(here / "edgepi.yaml", discover(), {}).plugins] == ["pi5"]


@pytest.mark.parametrize("file", [{}, {"path": "/x"}, {"path": 1, "begins": "x"}, "rtc0"])
def test_a_manifest_with_a_broken_file_is_refused(file: object) -> None:
    with pytest.raises(ManifestError, match="path"):
        Manifest.from_table({"name": "x", "title": "x", "summary": "x", "file": file}, "here")


@pytest.mark.parametrize("name", ["yes", "12", "a: b", "Bärlauch", "# no", "node-1"])
def test_any_name_survives_yaml(name: str) -> None:
    text = config_text({**defaults(Path("/")), "name": name}, [])
    assert yaml.safe_load(text)["node"]["name"] == name


@pytest.mark.parametrize(
    "probe",
    [
        {"addresses": [1], "register": 0},
        {"addresses": 0x76, "register": 0, "values": [1]},
        {"addresses": [1], "register": 0, "values": ["x"]},
        {"addresses": [1], "register": 0, "values": [1], "cells": 0},
    ],
)
def test_a_manifest_with_a_broken_probe_is_refused(probe: dict[str, object]) -> None:
    table = {"name": "x", "title": "x", "summary": "x", "probes": [probe]}
    with pytest.raises(ManifestError, match=r"probe|lists|cells"):
        Manifest.from_table(table, "here")


def test_our_plugins_find_their_chips_on_the_worlds_bus() -> None:
    manifests = [record.manifest for record in discover().records() if record.manifest]
    bus = SimulatedBus({0x76: BME280(), 0x08: WittyPi4(), 0x40: INA219()})
    found = {(chip.plugin, chip.address) for chip in scan(manifests, bus, 1)}
    assert found == {("weather", 0x76), ("wittypi", 0x08), ("ina219", 0x40)}


@pytest.mark.parametrize("address", [0x42, 0x43, 0x47])
def test_a_meter_is_found_wherever_its_bridges_put_it(address: int) -> None:
    manifests = [record.manifest for record in discover().records() if record.manifest]
    (chip,) = scan(manifests, SimulatedBus({address: INA219()}), 1)
    assert (chip.plugin, chip.address) == ("ina219", address)


def test_what_is_found_makes_a_valid_file(here: Path) -> None:
    chips = [Chip("weather", "W", 1, 0x76), Chip("wittypi", "P", 1, 0x08), Chip("ina219", "I", 1, 0x40)]
    (here / "edgepi.yaml").write_text(config_text(defaults(Path("/")), chips))
    assert {each.plugin for each in load(here / "edgepi.yaml", discover(), {}).plugins} == {
        "weather",
        "wittypi",
        "ina219",
    }

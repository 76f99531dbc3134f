from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgepi.errors import MarketError
from edgepi_iexec.devchain.demo import build as building
from edgepi_iexec.devchain.demo.build import ARCHITECTURES, build

pytestmark = pytest.mark.slow

NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
EMULATORS = {"amd64": "qemu-x86_64", "arm64": "qemu-aarch64"}


@pytest.fixture(scope="session")
def binaries(chain_cache: Path) -> Mapping[str, bytes]:
    return build(chain_cache / "demo")


class Runner:
    """Runs a binary outside a container, with its folders."""

    def __init__(self, folder: Path, binary: bytes, *before: str) -> None:
        self.inside, self.outside, program = folder / "in", folder / "out", folder / "autonomy"
        self.inside.mkdir(parents=True)
        self.outside.mkdir()
        program.write_bytes(binary)
        program.chmod(0o755)
        self._command = [*before, str(program)]

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        env = {"IEXEC_IN": str(self.inside), "IEXEC_OUT": str(self.outside), **settings}
        command = [*self._command, *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)

    def result(self) -> dict[str, int]:
        lines = (self.outside / "result.txt").read_text().splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines)}

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.outside.iterdir()}


@pytest.fixture
def runner(tmp_path: Path, binaries: Mapping[str, bytes]) -> Runner:
    return Runner(tmp_path / "native", binaries[NATIVE])


def test_the_estimate_is_one_of_chance_and_the_same_each_time(runner: Runner) -> None:
    runner("100000", "7")
    first, files = runner.result(), runner.files()
    runner("100000", "7")
    assert runner.files() == files
    runner("100000", "8")
    second = runner.result()
    assert first["dark_months"] != second["dark_months"]
    assert abs(first["dark_millionths"] - second["dark_millionths"]) < 10_000
    assert 200_000 < first["dark_millionths"] < 400_000


def test_the_worker_is_told_where_the_result_is_and_a_contract_what_it_is(runner: Runner) -> None:
    runner("1000", "7")
    told = json.loads((runner.outside / "computed.json").read_text())
    assert told["deterministic-output-path"] == "/iexec_out/result.txt"
    data = bytes.fromhex(told["callback-data"].removeprefix("0x"))
    assert (len(data), int.from_bytes(data, "big")) == (32, runner.result()["dark_millionths"])


def test_both_architectures_come_to_the_same_bytes(
    tmp_path: Path, binaries: Mapping[str, bytes], runner: Runner
) -> None:
    foreign = next(name for name in EMULATORS if name != NATIVE)
    packages = {architecture.image: architecture.package for architecture in ARCHITECTURES}
    assert foreign in binaries, f"this test needs Debian's {packages[foreign]} and qemu-user-static"
    emulator = shutil.which(f"{EMULATORS[foreign]}-static") or shutil.which(EMULATORS[foreign])
    assert emulator, "this test needs Debian's qemu-user-static"
    other = Runner(tmp_path / "foreign", binaries[foreign], emulator)
    for one in (runner, other):
        (one.inside / "days").write_text("60\n12.5\n7\n\n90\n")
        assert one("20000", "42").returncode == 0
    assert other.files() == runner.files()
    for one in (runner, other):
        assert one("20000", "42", IEXEC_DATASET_FILENAME="days").returncode == 0
    assert other.files() == runner.files()


def test_days_are_read_from_dataset_and_input_files(runner: Runner) -> None:
    (runner.inside / "0xda7a").write_text("23.9\n")
    (runner.inside / "0xf11e").write_text("23\n23")
    runner("100", "1", IEXEC_DATASET_FILENAME="0xda7a")
    assert (runner.result()["days_read"], runner.result()["dark_months"]) == (1, 0)
    files = {"IEXEC_INPUT_FILES_NUMBER": "1", "IEXEC_INPUT_FILE_NAME_1": "0xf11e"}
    runner("100", "1", IEXEC_DATASET_FILENAME="0xda7a", **files)
    assert runner.result()["days_read"] == 3
    (runner.inside / "0xda7a").write_text("2\n" * 5)
    runner("100", "1", IEXEC_DATASET_FILENAME="0xda7a")
    assert runner.result()["dark_months"] == 100


def test_no_dataset_has_the_name_of_nobody(runner: Runner) -> None:
    nobody = {"IEXEC_DATASET_FILENAME": "0x" + "0" * 40, "IEXEC_INPUT_FILES_NUMBER": "0"}
    assert runner("10", "1", **nobody).returncode == 0


@pytest.mark.parametrize("arguments", [(), ("5",), ("0", "1"), ("x", "1"), ("1", "-1"), ("1", "2", "3")])
def test_wrong_arguments_fail_with_a_word(runner: Runner, arguments: tuple[str, ...]) -> None:
    done = runner(*arguments)
    assert (done.returncode, done.stderr[:6]) == (2, "usage:")
    assert runner.files() == {}


def test_a_missing_file_fails_with_a_word(runner: Runner) -> None:
    done = runner("10", "1", IEXEC_DATASET_FILENAME="gone")
    assert (done.returncode, done.stderr) == (2, "a file of days cannot be read\n")


def test_without_a_compiler_it_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(MarketError, match="sudo apt install gcc"):
        build(tmp_path)


def test_a_compiler_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "FLAGS", ("--no-such-flag",))
    with pytest.raises(MarketError, match="cannot be compiled"):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []

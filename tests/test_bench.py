"""The benchmarks run one after the other, whatever happens to one of them."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from types import ModuleType

import psutil
import pytest

TOOL = Path(__file__).parent.parent / "tools" / "bench.py"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, with *tmp_path* as its folder of benchmarks."""
    spec = importlib.util.spec_from_file_location("bench", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BENCHMARKS", tmp_path)
    return module


def _write(folder: Path, part: str, code: str) -> None:
    (folder / f"bench_{part}.py").write_text(code, encoding="utf-8")


def test_a_broken_benchmark_is_named_and_the_others_run(
    bench: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, "a", "print('a ran')")
    _write(tmp_path, "b", "raise SystemExit(3)")
    _write(tmp_path, "c", "print('c ran')")
    assert bench.main([]) == 1
    said = capfd.readouterr().out
    assert "a ran" in said
    assert "c ran" in said
    assert "b: broken, exit code 3" in said
    assert bench.main(["a"]) == 0


def test_long_benchmarks_come_last(
    bench: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for part in ("power_cut", "web", "node"):
        _write(tmp_path, part, f"print('{part} ran')")
    assert bench.main([]) == 0
    ran = [line.split()[0] for line in capfd.readouterr().out.splitlines() if line.endswith(" ran")]
    assert ran == ["node", "web", "power_cut"]


def test_an_unknown_benchmark_is_refused(
    bench: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, "a", "print('a ran')")
    assert bench.main(["z"]) == 2
    assert capfd.readouterr().out == "no benchmark 'z'; there are a\n"


HANGS = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(r"{file}", "w").write(str(child.pid))
child.wait()
"""


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.slow
def test_one_that_hangs_is_ended_with_all_that_it_started(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "LIMIT_S", 5.0)
    _write(tmp_path, "hangs", HANGS.format(file=tmp_path / "pid"))
    assert bench.main([]) == 1
    assert "hangs: stopped after 5 s" in capfd.readouterr().out
    child = int((tmp_path / "pid").read_text())
    for _ in range(200):  # a killed process takes a moment to be gone
        if _ended(child):
            break
        time.sleep(0.05)
    assert _ended(child)


def test_starts_are_measured_with_bytecode_cached(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    _write(tmp_path, "a", "import sys; print('forbidden', sys.dont_write_bytecode)")
    assert bench.main([]) == 0
    assert "forbidden False" in capfd.readouterr().out

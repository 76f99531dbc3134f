"""Runs every benchmark, each in a process of its own: ``tools/bench.py [PART ...]``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
LIMIT_S = 300.0
LONG_S = {
    "camera": 1800.0,
    "camera_motion": 3600.0,
    "dark": 1800.0,
    "energy": 1800.0,
    "recorder_kill": 900.0,
    "power_cut": 1800.0,
    "real_bus": 900.0,
    "real_camera": 1800.0,
    "wake": 3600.0,
}  # and these come last


def main(parts: list[str]) -> int:
    """Run the benchmarks named, or all; 1 if one breaks or takes too long."""
    found = {path.stem.removeprefix("bench_"): path for path in sorted(BENCHMARKS.glob("bench_*.py"))}
    found |= {name: found.pop(name) for name in LONG_S if name in found}
    if unknown := sorted(set(parts) - set(found)):
        print(f"no benchmark {unknown[0]!r}; there are {', '.join(found)}")
        return 2
    # Bytecode is cached on any machine that did not forbid it, and starts are measured.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPATH": str(ROOT)}
    began, broken = time.monotonic(), []
    for name in parts or found:
        how = _run([sys.executable, str(found[name])], LONG_S.get(name, LIMIT_S), env)
        if how is not None:
            print(f"\n{name}: {how}", flush=True)
            broken.append(name)
    print(f"\n{_load()}; all took {time.monotonic() - began:.0f} s")
    if broken:
        print(f"broken: {', '.join(broken)}")
    return 1 if broken else 0


def _run(command: list[str], limit_s: float, env: dict[str, str]) -> str | None:
    """Run one with all that it starts; returns what went wrong."""
    benchmark = subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True)
    try:
        code = benchmark.wait(limit_s)
    except subprocess.TimeoutExpired:
        return f"stopped after {limit_s:g} s"
    finally:
        _end(benchmark)
    return f"broken, exit code {code}" if code else None


def _end(benchmark: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # nothing of it is left
        os.killpg(benchmark.pid, signal.SIGKILL)
    benchmark.wait()


def _load() -> str:
    return f"{os.cpu_count()} processors, load of the last minutes {os.getloadavg()[1]:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

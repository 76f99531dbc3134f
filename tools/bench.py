"""Runs every benchmark, each in a process of its own: ``tools/bench.py [PART ...]``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"


def main(parts: list[str]) -> int:
    """Run the benchmarks named, or all; 1 if one breaks."""
    found = {path.stem.removeprefix("bench_"): path for path in sorted(BENCHMARKS.glob("bench_*.py"))}
    if unknown := sorted(set(parts) - set(found)):
        print(f"no benchmark {unknown[0]!r}; there are {', '.join(found)}")
        return 2
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    broken = [name for name in parts or found if subprocess.call([sys.executable, found[name]], env=env)]
    for name in broken:
        print(f"bench {name}: broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

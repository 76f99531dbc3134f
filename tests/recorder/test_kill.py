from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

LOAD = Path(__file__).parents[2] / "benchmarks" / "recorder_load.py"
KILLS = 15


@pytest.mark.slow
def test_killing_the_writer_at_any_moment_loses_no_committed_row(tmp_path: Path) -> None:
    path, dice, count = tmp_path / "history.db", random.Random(7), 0
    for day in range(KILLS):
        safe = kill_once(path, count, day, dice.uniform(0.02, 0.8))
        check = [sys.executable, str(LOAD), "--check", str(path)]
        found = json.loads(subprocess.run(check, check=True, capture_output=True).stdout)
        assert found["torn"] == ""
        assert found["hourly"] == found["count"] >= safe
        count = found["count"]
    assert count > 100 * KILLS
    assert [p.name for p in tmp_path.glob("*.corrupt.*")] == []


def kill_once(path: Path, first: int, day: int, after_s: float) -> int:
    """Return how many rows the writer called safe before it was killed."""
    command = [sys.executable, str(LOAD), str(path), str(first), str(day), "2000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(after_s)
        writer.kill()
        said = writer.stdout.read().splitlines()
    assert not any(line.startswith("problem") for line in said)
    return max((int(line.split()[1]) for line in said if line.startswith("safe ")), default=first)

"""Kill a writing process at random moments, again and again; count what is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from recorder_load import Found, examine
from scratch import scratch
from table import show

KILLS = 200
ROWS_PER_S = 3000
LOAD = Path(__file__).with_name("recorder_load.py")


def main() -> None:
    with scratch() as directory:
        path = directory / "history.db"
        lost, torn, found = kill_often(path, KILLS, random.Random(5))
        damaged = len(list(path.parent.glob("*.corrupt.*")))
    show(
        f"kill -9 at {KILLS} random moments under {ROWS_PER_S} rows/s",
        [
            ("databases that did not open", str(damaged), "0"),
            ("committed rows lost", str(lost), "0"),
            ("looks that found rows doubled or missing", f"{torn} of {KILLS}", "0"),
            ("rows checked, raw and hourly", f"{found.count:,}", ""),
        ],
    )


def kill_often(path: Path, kills: int, dice: random.Random) -> tuple[int, int, Found]:
    """Return how many safe rows are lost, how often rows were not whole, and what is there."""
    lost, torn, found = 0, 0, Found(0, 0, 0, "")
    for day in range(kills):
        safe = _kill_once(path, found.count, day, dice.uniform(0.02, 0.8))
        found = examine(path)
        torn += bool(found.torn) or found.hourly != found.count
        lost += max(0, safe - found.count)
    return lost, torn, found


def _kill_once(path: Path, first: int, day: int, after_s: float) -> int:
    command = [sys.executable, str(LOAD), str(path), str(first), str(day), str(ROWS_PER_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(after_s)
        writer.kill()
        said = writer.stdout.read().splitlines()
    assert not any(line.startswith("problem") for line in said), said
    return max((int(line.split()[1]) for line in said if line.startswith("safe ")), default=first)


if __name__ == "__main__":
    main()

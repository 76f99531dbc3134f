"""Some nights with faults in pure time, for each kind of board: the node is back, or it said it might not."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARK = ROOT / "benchmarks" / "bench_wake.py"
NIGHTS = {"wittypi4": 32, "wittypi4l3v7": 8, "wittypi5": 8, "pi5": 16}


def lived(board: str, nights: int) -> tuple[dict[str, int], str]:
    """Live through nights in a process with a time of its own; returns counts and stories."""
    done = subprocess.run(
        [
            sys.executable,
            str(BENCHMARK),
            *("--nights", str(nights), "--seed", "7", "--board", board, "--processes", "1", "--json"),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr[-6000:]
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])[board]
    return counts, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("board", NIGHTS)
async def test_the_node_is_back_when_energy_allows_or_said_before_that_it_might_not(board: str) -> None:
    counts, stories = await asyncio.to_thread(lived, board, NIGHTS[board])
    assert counts.get("FAILED", 0) == 0, stories[-6000:]
    assert sum(counts.values()) == NIGHTS[board]
    assert counts["in time"] >= NIGHTS[board] // 2, "who only warns is of no use"

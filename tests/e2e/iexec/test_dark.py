"""Some hours of a node in pure time, with cuts in the middle of anything: nothing is lost to the dark."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BENCHMARK = ROOT / "benchmarks" / "bench_dark.py"


def lived() -> dict[str, object]:
    """Run the shortest life of the benchmark: in a process of its own, for it has a time of its own."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--quick", "--seeds", "3", "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    counts: dict[str, object] = json.loads(done.stdout.splitlines()[-1])["3"]
    return counts


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_no_stake_is_lost_to_cuts_and_every_task_let_go_of_was_not_contributed() -> None:
    counts = await asyncio.to_thread(lived)
    assert counts["wrong"] == []
    assert counts["stakes_lost"] == 0
    assert counts["abandoned_after"] == 0
    assert counts["computed_twice"] == 0
    assert int(str(counts["cuts"])) >= 3, "the dark did not try"
    assert int(str(counts["completed"])) >= 3, "nothing was at stake"
    assert counts["revealed"] == counts["contributed"]

from __future__ import annotations

import asyncio
import importlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.runtime.discovery import discover
from edgepi.runtime.lastrun import review
from edgepi.runtime.quarantine import Quarantine
from edgepi.runtime.records import PluginRecord, PluginStatus
from edgepi.runtime.registry import PluginRegistry
from edgepi.runtime.safemode import StartFlag
from edgepi.runtime.watchdog import EXIT_CODE, REPORT_NAME, LoopWatchdog, take_report
from edgepi.testing.clock import ManualClock

BLOCKS = """
def hold(event):
    event.wait(20)
"""


def blocking(make_dist: Callable[..., str], name: str = "hog") -> Callable[[threading.Event], None]:
    make_dist(name, BLOCKS)
    hold: Callable[[threading.Event], None] = importlib.import_module(f"throwaway_{name}.plugin").hold
    return hold


async def test_who_blocks_the_loop_is_written_down_and_the_process_ended(
    make_dist: Callable[..., str], tmp_path: Path
) -> None:
    hold = blocking(make_dist)
    release, codes = threading.Event(), []

    def end(code: int) -> None:
        codes.append(code)
        release.set()

    watchdog = LoopWatchdog(state_dir=tmp_path, packages={"throwaway_hog": "hog"}, limit_s=0.3, end=end)
    watchdog.start()
    await asyncio.sleep(0.05)
    asyncio.get_running_loop().call_soon(hold, release)
    await asyncio.sleep(0.01)
    watchdog.stop()
    assert codes == [EXIT_CODE]
    report = json.loads((tmp_path / REPORT_NAME).read_text())
    assert report["plugin"] == "hog"
    assert any("throwaway_hog/plugin.py" in line and line.endswith("hold") for line in report["stack"])


async def test_a_loop_that_turns_is_left_alone(tmp_path: Path) -> None:
    codes: list[int] = []
    watchdog = LoopWatchdog(state_dir=tmp_path, packages={}, limit_s=0.5, end=codes.append)
    watchdog.start()
    for _ in range(20):
        await asyncio.sleep(0.05)
    watchdog.stop()
    assert codes == []
    assert not (tmp_path / REPORT_NAME).exists()


async def test_a_machine_that_stood_still_blames_nobody(tmp_path: Path) -> None:
    codes: list[int] = []
    jump_s = 0.0

    def stopwatch() -> float:
        return time.monotonic() + jump_s

    watchdog = LoopWatchdog(
        state_dir=tmp_path, packages={}, limit_s=0.5, end=codes.append, stopwatch=stopwatch
    )
    watchdog.start()
    await asyncio.sleep(0.1)
    jump_s = 3600.0
    await asyncio.sleep(0.3)
    watchdog.stop()
    assert codes == []


def registry(*names: str) -> PluginRegistry:
    return PluginRegistry(
        PluginRecord(name=name, distribution=f"edgepi-{name}", version="1", target=f"{name}.plugin")
        for name in names
    )


def write_report(state_dir: Path, plugin: str | None) -> None:
    table = {"plugin": plugin, "blocked_s": 21.3, "stack": ["a.py:1 main", "b.py:2 hold"]}
    (state_dir / REPORT_NAME).write_text(json.dumps(table))


def test_the_next_start_puts_the_culprit_in_quarantine(tmp_path: Path) -> None:
    write_report(tmp_path, "hog")
    assert take_report(tmp_path, ManualClock()) is not None
    confinement = Quarantine(tmp_path).confined()["hog"]
    assert confinement.reason == "it held up the node for more than 21 s at b.py:2 hold"
    assert confinement.since.startswith("2025-06-01T12:00")
    assert take_report(tmp_path, ManualClock()) is None


def test_no_date_is_written_before_the_clock_is_trusted(tmp_path: Path) -> None:
    write_report(tmp_path, "hog")
    take_report(tmp_path, ManualClock(trusted=False))
    assert Quarantine(tmp_path).confined()["hog"].since == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"plugin": "hog"}', '{"plugin": 1, "blocked_s": "x"}'])
def test_a_report_that_cannot_be_read_is_removed(tmp_path: Path, content: str) -> None:
    (tmp_path / REPORT_NAME).write_text(content)
    assert take_report(tmp_path, ManualClock()) is None
    assert list(tmp_path.iterdir()) == []


def look_back(
    state_dir: Path, plugins: PluginRegistry, *, allow: bool = True
) -> tuple[bool, tuple[str, ...]]:
    last = review(
        state_dir=state_dir,
        registry=plugins,
        clock=ManualClock(),
        flag=StartFlag(state_dir, "boot 1"),
        allow_safe_mode=allow,
    )
    return last.safe_mode, last.notes


def test_after_a_crash_at_start_the_node_runs_without_third_party_plugins_and_says_so(tmp_path: Path) -> None:
    plugins = registry("camera")
    assert look_back(tmp_path, plugins) == (False, ())
    safe, notes = look_back(tmp_path, plugins)
    assert safe
    assert "left out: camera" in notes[0]
    assert plugins.record("camera").status is PluginStatus.DISABLED


def test_safe_mode_can_be_declined(tmp_path: Path) -> None:
    plugins = registry("camera")
    look_back(tmp_path, plugins)
    assert look_back(tmp_path, plugins, allow=False) == (False, ())
    assert plugins.record("camera").status is PluginStatus.AVAILABLE


def test_when_the_culprit_is_known_the_others_stay(tmp_path: Path) -> None:
    plugins = registry("camera", "hog")
    look_back(tmp_path, plugins)
    write_report(tmp_path, "hog")
    safe, notes = look_back(tmp_path, plugins)
    assert not safe
    assert "'hog'" in notes[0]
    assert plugins.record("hog").status is PluginStatus.QUARANTINED
    assert plugins.record("camera").status is PluginStatus.AVAILABLE


def test_a_hold_up_by_the_node_itself_quarantines_nobody(tmp_path: Path) -> None:
    write_report(tmp_path, None)
    plugins = registry("camera")
    safe, notes = look_back(tmp_path, plugins)
    assert not safe
    assert "the node itself" in notes[0]
    assert Quarantine(tmp_path).confined() == {}


def test_the_own_plugins_can_be_found_on_a_stack() -> None:
    from edgepi.runtime.blame import packages_of

    assert packages_of(discover().records())["edgepi_weather"] == "weather"

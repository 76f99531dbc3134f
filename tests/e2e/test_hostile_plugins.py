"""Third-party plugins that do everything wrong, beside one that only wants to measure."""

from __future__ import annotations

import re
import signal

import pytest

from tests.throwaway import MANIFEST, install

from .living import Living

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SENSOR = """
import asyncio, os, sys, time
import voluptuous as vol
from edgepi.model import *

class Probe(Sensor):
    name = "probe"
    interval_s = 1.0
    timeout_s = 0.5
    def describe(self): return [ReadingDescription(key="value", name="Value")]
    async def start(self): {start}
    async def read(self):
        {read}
        return [Reading("value", 1.0)]

@hookimpl
def sensors(context): return [Probe()]
"""


def probe(*, start: str = "pass", read: str = "pass") -> str:
    return SENSOR.format(start=start, read=read)


SCHEMA = "@hookimpl\ndef config_schema(): return "
HANGS = "await asyncio.Event().wait()"
SPAWNED = """
async def leave(): raise SystemExit(9)
"""

LEFT_OUT = {
    "import_raises": ("raise RuntimeError('no luck')", "load error", "importing .* RuntimeError: no luck"),
    "import_exits": ("raise SystemExit(3)", "load error", "SystemExit: 3"),
    "schema_wrong": (SCHEMA + "ConfigSchema({}, None, secrets=None)", "config error", "itself failed"),
    "schema_raises": (SCHEMA + "1 / 0", "load error", "config_schema.* ZeroDivisionError"),
    "hook_raises": ("@hookimpl\ndef sensors(): raise OSError('x')", "load error", "'sensors' raised OSError"),
    "hook_exits": ("@hookimpl\ndef cards(): raise SystemExit", "load error", "'cards' raised SystemExit"),
    "hook_rubbish": ("@hookimpl\ndef sensors(): return [7]", "load error", "must give Sensor, not int"),
    "hook_unknown": ("@hookimpl\ndef sensor(): return []", "load error", "did you mean 'sensors'"),
}

UNAVAILABLE = {
    "start_hangs": (probe(start=HANGS), "starting sensor probe took longer than 0.5 s"),
    "start_raises": (probe(start="raise ValueError('nope')"), "ValueError: nope"),
    "read_hangs": (probe(read=HANGS), "reading sensor probe took longer than 0.5 s"),
    "read_exits": (probe(read="raise SystemExit(4)"), "SystemExit"),
}


ELSEWHERE = """
@hookimpl
def sensors(context): return [Probe(context)]

class Probe(Probe):
    interval_s = 1.0
    timeout_s = 10.0
    def __init__(self, context): self.context = context
    async def read(self):
        bus = self.context.hardware.i2c(1)
        chip = await self.context.run_blocking(bus.read_byte_data, 0x76, 0xD0)
        died = self.context.state_dir / "died"
        if not died.exists():
            died.touch()
            os.abort()
        return [Reading("value", chip)]
"""


def test_a_plugin_in_a_process_of_its_own_measures_in_the_world_and_survives_its_own_abort(
    living: Living,
) -> None:
    code = probe().partition("@hookimpl")[0] + ELSEWHERE
    install(living.site, "elsewhere", code, manifest=MANIFEST + "own_process = true\n")
    living.configure("  elsewhere: {}\n")
    living.start()
    living.measures_weather()
    living.until("the chip's number", lambda: living.client.get("states/elsewhere.value")["value"] == 0x60)
    assert living.plugin("elsewhere") == ("enabled", "")
    assert "exit code -6" in living.said()
    assert living.end() == 0


def test_nothing_that_can_be_contained_keeps_the_others_from_their_work(living: Living) -> None:
    for name, (code, *_) in (LEFT_OUT | UNAVAILABLE).items():
        install(living.site, name, code)
    install(living.site, "spawns", SPAWNED + probe(read="self.task = asyncio.create_task(leave())"))
    names = [*LEFT_OUT, *UNAVAILABLE, "spawns"]
    wrong = "  not_installed: {}\n  weather_too: 5\n"
    living.configure("".join(f"  {name}: {{}}\n" for name in names) + wrong)
    living.start()
    living.measures_weather()
    for name, (_, status, sentence) in LEFT_OUT.items():
        found, reason = living.plugin(name)
        assert found == status, (name, found, reason)
        assert re.search(sentence, reason), (name, reason)
    for name, (_, sentence) in UNAVAILABLE.items():
        state = living.unavailable(f"{name}.value")
        assert sentence in state["reason"], (name, state)
    status, reason = living.plugin("not_installed")
    assert status == "config error"
    assert re.search(r"edgepi\.yaml:\d+:3: no plugin 'not_installed' is installed", reason)
    assert living.plugin("weather_too")[0] == "config error"
    assert living.plugin("weather") == ("enabled", "")
    assert "plugin not_installed: config error: " in living.said()
    living.until("the spawned task has done its worst", lambda: "with code 9; it goes on" in living.said())
    living.measures_weather()
    assert living.end() == 0


def test_who_blocks_the_node_is_named_and_confined_until_released(living: Living) -> None:
    install(living.site, "blocks", probe(read="time.sleep(600)"))
    living.configure("  blocks: {}\n")
    living.start(EDGEPI_BLOCKED_S="2")
    assert living.ended() == 75
    assert "the event loop is blocked, plugin 'blocks'" in living.said()
    living.start(EDGEPI_BLOCKED_S="5")
    living.measures_weather()
    status, reason = living.plugin("blocks")
    assert status == "quarantined"
    assert re.search(r"held up the node for more than \d+ s at .*throwaway_blocks", reason)
    (note,) = living.client.get("status")["notes"]
    assert note.startswith("the last run was ended because of plugin 'blocks'")
    assert living.end() == 0
    assert living.edgepi("plugins", "release", "blocks")["released"]
    assert living.plugin("blocks")[0] == "available"


def test_who_aborts_at_start_is_left_out_the_next_time_and_tried_again_after(living: Living) -> None:
    install(living.site, "aborts", "import os\nos.abort()")
    living.configure("  aborts: {}\n")
    living.start()
    assert living.ended() == -signal.SIGABRT
    living.start()
    living.measures_weather()
    status, reason = living.plugin("aborts")
    assert (status, reason.partition(",")[0]) == ("disabled", "left out in safe mode")
    (note,) = living.client.get("status")["notes"]
    assert note == "safe mode: the last start crashed; left out: aborts"
    assert note in living.said()
    assert living.end() == 0
    living.start()
    assert living.ended() == -signal.SIGABRT

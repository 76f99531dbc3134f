"""Plugins with a process of their own: measured through it, and unharmed by its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from edgepi.errors import PluginError
from edgepi.model import Availability
from edgepi.plugin import Duty, SupplyMeter
from edgepi.runtime import ownprocess
from edgepi.runtime.ownprocess import OwnProcess
from tests.runtime.test_host import House, one
from tests.throwaway import MANIFEST

pytestmark = [pytest.mark.timeout(60), pytest.mark.slow]
MakeDist = Callable[..., str]
NODE = "node: {name: test, latitude: 48.0, longitude: 11.0, elevation: 500, time_zone: UTC}\n"

PLUGIN = """
import asyncio, ctypes, os, time
import voluptuous as vol
from datetime import UTC, datetime
from pathlib import Path
from edgepi.errors import BusError
from edgepi.model import *

@hookimpl
def config_schema():
    return ConfigSchema({vol.Optional("offset", default=0.0): vol.Coerce(float)}, dict)

class Probe(Sensor):
    name = "probe"
    interval_s = 10.0
    timeout_s = TIMEOUT
    def __init__(self, context): self.context = context
    def describe(self):
        return [
            ReadingDescription(key="pid", name="Process", state_class=StateClass.MEASUREMENT),
            ReadingDescription(key="seen", name="Seen", device_class=DeviceClass.TIMESTAMP),
            ReadingDescription(key="more", name="More"),
        ]
    async def start(self): self.open = True
    async def read(self):
        assert self.open
        self.context.log.warning("reading as %s", self.context.instance)
        do = self.context.state_dir / "do"
        if do.exists():
            what = do.read_text()
            do.unlink()
            exec(what)
        return [Reading("pid", float(os.getpid())), Reading("seen", datetime(2025, 6, 1, tzinfo=UTC))]

class Gauge(SupplyMeter):
    name = "gauge"
    def __init__(self, context): self.context = context
    async def read(self):
        self.context.report([Reading("more", 7.0 + self.context.config["offset"])])
        return Supply(time_utc=datetime(2025, 6, 1, tzinfo=UTC), source="x", input_w=3.5)

class Watch(Duty):
    name = "watch"
    def __init__(self, context): self.file = context.state_dir / "level"
    def levels(self): return [Level("off", 0, 0), Level("full", 1.0, 2.0)]
    async def apply(self, level): self.file.write_text(f"{level} {os.getpid()}")

@hookimpl
def sensors(context): return [Probe(context)]
@hookimpl
def supply_meters(context): return [Gauge(context)]
@hookimpl
def duties(context): return [Watch(context)]
@hookimpl
def cards(context): return [Card("Probe", ("probe.pid",))]
"""


class Elsewhere(House):
    """A house whose one plugin lives in a process of its own."""

    async def open(self, keys: str = "{}") -> tuple[str, str]:
        self.config = self.state_dir.parent / "edgepi.yaml"
        await asyncio.to_thread(self.config.write_text, f"{NODE}plugins: {{probe: {keys}}}\n")
        await self.start(one("probe"))
        return self.status("probe")

    def tell(self, code: str) -> None:
        (self.state_dir / "plugins" / "probe" / "do").write_text(code)

    async def poll(self, after_s: float = 10.0) -> None:
        """Let the next interval pass and its measurement end."""
        before = self.states.get("probe.pid")
        await self.clock.advance(after_s)
        for _ in range(1000):
            if self.states.get("probe.pid") != before:
                return
            await asyncio.sleep(0.02)

    def state(self, key: str) -> Any:
        state = self.states.get(f"probe.{key}")
        assert state is not None
        return state

    async def measuring(self) -> int:
        """Start to measure and return the process that does."""
        duty, _ = self.desk.duties["probe"]
        await duty.apply("full")
        await self.poll(0.0)
        return int(self.state("pid").value)


@pytest.fixture
async def elsewhere(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Elsewhere]:
    monkeypatch.setenv("PYTHONPATH", str(site))
    house = Elsewhere(site, tmp_path / "state")
    yield house
    for duty, _ in house.desk.duties.values():
        with contextlib.suppress(PluginError, TimeoutError):
            await duty.stop()
    await house.stop()


@pytest.fixture
def probe(make_dist: MakeDist) -> Callable[..., None]:
    def make(code: str = "", *, first: str = "", timeout: float = 10.0) -> None:
        text = first + PLUGIN.replace("TIMEOUT", str(timeout)) + code
        make_dist("probe", text, manifest=MANIFEST + "own_process = true\n")

    return make


async def test_what_it_declares_and_measures_arrives_as_if_it_lived_here(
    probe: Callable[..., None], elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    probe()
    assert await elsewhere.open("{offset: 0.5}") == ("enabled", "")
    pid = await elsewhere.measuring()
    assert pid != os.getpid()
    assert elsewhere.state("seen").value.year == 2025
    assert [card.title for card in elsewhere.host.cards["probe"]] == ["Probe"]
    meter = elsewhere.desk.sources["probe.gauge"]
    assert isinstance(meter, SupplyMeter)
    assert (await meter.read()).input_w == 3.5
    assert elsewhere.state("more").value == 7.5
    assert "reading as probe" in caplog.text
    await elsewhere.host.stop()
    await elsewhere.host.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("os.abort()", "exit code -6"),
        ("time.sleep(600)", "no answer within 1 s"),
        pytest.param("os._exit(3)", "exit code 3", marks=pytest.mark.slow),
        pytest.param("os.kill(os.getpid(), 9)", "exit code -9", marks=pytest.mark.slow),
        pytest.param("os.write(1, b'rubbish'); print('rubbish')", None, marks=pytest.mark.slow),
        pytest.param("raise SystemExit(4)", "SystemExit: 4", marks=pytest.mark.slow),
        pytest.param("raise BusError('no answer at 0x76')", "no answer at 0x76", marks=pytest.mark.slow),
        pytest.param("x = bytearray(3 * 2**30)", "MemoryError", marks=pytest.mark.slow),
    ],
)
async def test_whatever_it_does_harms_nothing_and_it_is_started_again(
    probe: Callable[..., None],
    elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
    harm: str,
    said: str | None,
) -> None:
    monkeypatch.setattr(ownprocess, "_half_of_memory", lambda: 2 * 2**30)
    probe(timeout=1.0)
    await elsewhere.open()
    first = await elsewhere.measuring()
    await asyncio.to_thread(elsewhere.tell, harm)
    await elsewhere.poll()
    if said is None:
        assert elsewhere.state("pid").availability is Availability.KNOWN
        return
    assert elsewhere.state("pid").availability is Availability.UNAVAILABLE
    assert said in elsewhere.state("pid").reason
    died = elsewhere.status("probe")[0] == "failed"
    assert died == ("exit code" in said or "no answer within" in said)
    await elsewhere.poll()
    assert elsewhere.status("probe") == ("enabled", "")
    assert (int(elsewhere.state("pid").value) != first) == died


@pytest.mark.slow
async def test_a_duty_goes_on_at_its_level_in_the_next_process(
    probe: Callable[..., None], elsewhere: Elsewhere
) -> None:
    probe()
    await elsewhere.open()
    duty, _ = elsewhere.desk.duties["probe.watch"]
    assert isinstance(duty, Duty)
    assert [level.name for level in duty.levels()] == ["off", "full"]
    await duty.apply("full")
    file = elsewhere.state_dir / "plugins" / "probe" / "level"
    level, pid = (await asyncio.to_thread(file.read_text)).split()
    assert level == "full"
    os.kill(int(pid), signal.SIGKILL)
    deadline = time.monotonic() + 20
    text = f"{level} {pid}"
    while text.endswith(pid) and time.monotonic() < deadline:
        await elsewhere.clock.advance(5)
        await asyncio.sleep(0.05)
        text = await asyncio.to_thread(file.read_text)
    assert text.startswith("full ")
    assert not text.endswith(pid)


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        (("import os; os.abort()\n", "", "{}"), "load error", "exit code -6"),
        (("raise SystemExit(2)\n", "", "{}"), "load error", "SystemExit: 2"),
        (("", "1 / 0\n", "{}"), "load error", "ZeroDivisionError"),
        (("", "@hookimpl\ndef routes(): return []\n", "{}"), "load error", "routes cannot be served"),
        (("", "", "{offset: x}"), "config error", "edgepi.yaml:2:27: expected a number"),
    ],
)
async def test_what_cannot_be_started_is_left_out_with_its_reason(
    probe: Callable[..., None], elsewhere: Elsewhere, wrong: tuple[str, str, str], status: str, said: str
) -> None:
    first, code, keys = wrong
    probe(code, first=first)
    found, reason = await elsewhere.open(keys)
    assert found == status
    assert said in reason


async def test_the_processes_end_with_the_node(probe: Callable[..., None], elsewhere: Elsewhere) -> None:
    probe()
    await elsewhere.open()
    process: OwnProcess | None = elsewhere.host._instances["probe"].process
    assert process is not None
    pid = process.pid
    assert pid is not None
    await elsewhere.host.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from edgepi.errors import BusError, DeviceNotFoundError, HardwareError
from edgepi.model import LeaseState, Offer, Reading, RunPhase
from edgepi.plugin import VideoFeed
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import BME280
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import FakeBudget, FakeHardware, FakeTimers, run_in_thread
from edgepi.testing.driving import drive
from edgepi.testing.faults import bus_garbage, bus_hangs, bus_silent, bus_stuck, writes_lost
from edgepi.testing.pytest_plugin import ContextFactory

OFFER = Offer(
    offer_id="1",
    consumer="job",
    title="A job",
    value_points=1.0,
    run=RunPhase(energy_wh=1.0, duration_s=60.0),
)


async def test_a_context_is_made_of_the_fixtures(
    plugin_context: ContextFactory,
    fake_hardware: FakeHardware,
    fake_timers: FakeTimers,
    manual_clock: ManualClock,
    reports: list[Reading],
) -> None:
    context = plugin_context({"key": 1}, plugin="thing", instance="roof")
    assert context.config == {"key": 1}
    assert (context.plugin, context.instance) == ("thing", "roof")
    assert context.hardware is fake_hardware
    assert context.timers is fake_timers
    assert context.clock is manual_clock
    context.report([Reading("x", 1)])
    assert reports == [Reading("x", 1)]
    assert context.state("any.thing") is None
    with pytest.raises(HardwareError, match="no network"):
        await context.http_client()


async def test_blocking_work_leaves_the_event_loop_s_thread() -> None:
    assert await run_in_thread(threading.get_ident) != threading.get_ident()


async def test_leases_go_through_their_life(fake_budget: FakeBudget) -> None:
    handle = await fake_budget.offer(OFFER)
    assert handle.lease.state is LeaseState.GRANTED
    waiting = asyncio.create_task(handle.changed())
    await asyncio.sleep(0)
    fake_budget.leases[0].become(LeaseState.PAUSED)
    assert (await waiting).state is LeaseState.PAUSED
    assert (await handle.commit()).yes
    assert fake_budget.leases[0].lease.state is LeaseState.COMMITTED
    await handle.finished()
    assert not handle.lease.state.open
    fake_budget.refuse()
    assert (await fake_budget.offer(OFFER)).lease.state is LeaseState.REFUSED
    assert not (await fake_budget.would_grant(OFFER)).yes


async def test_timers_fire_when_told_and_never_after_cancel(fake_timers: FakeTimers) -> None:
    fired: list[str] = []
    handle = fake_timers.every(5.0, lambda: fired.append("a"), name="a")
    await fake_timers["a"].fire()
    handle.cancel()
    await fake_timers["a"].fire()
    assert fired == ["a"]


async def test_video_devices_are_those_that_a_test_put_there(fake_hardware: FakeHardware) -> None:
    with pytest.raises(DeviceNotFoundError, match="video0"):
        await fake_hardware.video("/dev/video0")
    fake_hardware.videos["/dev/video0"] = VideoFeed("clip.mp4", None, "a clip")
    assert (await fake_hardware.video("/dev/video0")).label == "a clip"


async def test_hardware_remembers_what_was_done(fake_hardware: FakeHardware) -> None:
    wire: list[bool] = []
    fake_hardware.wires[17] = wire.append
    line = fake_hardware.output_line(17)
    line.set(True)
    line.close()
    assert wire == [True]
    assert fake_hardware.outputs[17].closed
    seen: list[bool] = []
    watched = fake_hardware.input_line(4, on_change=seen.append)
    fake_hardware.inputs[4].set(False)
    assert seen == [False]
    assert watched.value() is False
    counter = fake_hardware.pulse_counter(5)
    fake_hardware.counters[5].count += 3
    assert counter.total() == 3
    now = datetime(2026, 1, 1, tzinfo=UTC)
    await fake_hardware.set_clock(now)
    assert fake_hardware.clock_sets == [now]
    fake_hardware.processes = ["/bin/thing --flag"]
    assert await fake_hardware.process_runs("thing")
    assert not await fake_hardware.process_runs("other")
    with pytest.raises(HardwareError, match="bus 7"):
        fake_hardware.i2c(7)


def test_each_fault_ends_with_its_block(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x76, BME280())
    for fault in (bus_silent(simulated_bus), bus_stuck(simulated_bus)):
        with fault, pytest.raises(BusError):
            simulated_bus.read_byte_data(0x76, 0xD0)
        assert simulated_bus.read_byte_data(0x76, 0xD0) == 0x60
    with bus_garbage(simulated_bus, 0x76):
        assert simulated_bus.read_i2c_block_data(0x76, 0xD0, 4) != [0x60, 0, 0, 0]
    with writes_lost(simulated_bus):
        simulated_bus.write_byte_data(0x76, 0xF5, 0x20)
    assert simulated_bus.read_i2c_block_data(0x76, 0xD0, 4) == [0x60, 0, 0, 0]
    assert simulated_bus.read_byte_data(0x76, 0xF5) == 0


async def test_a_hanging_bus_hangs_its_thread_only_until_the_block_ends(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(0x76, BME280())
    with bus_hangs(simulated_bus):
        task = asyncio.create_task(run_in_thread(simulated_bus.read_byte_data, 0x76, 0xD0))
        done, _ = await asyncio.wait((task,), timeout=0.02)
        assert not done
    assert await task == 0x60


async def test_driving_lets_the_clock_go_on_until_the_work_is_done(manual_clock: ManualClock) -> None:
    async def work() -> str:
        await manual_clock.sleep(3.0)
        await run_in_thread(int)
        await manual_clock.sleep(2.0)
        return "done"

    assert await drive(work(), manual_clock) == "done"
    assert 5.0 <= manual_clock.monotonic() < 5.2


async def test_driving_gives_up_on_what_never_ends(manual_clock: ManualClock) -> None:
    async def work() -> None:
        while True:
            await manual_clock.sleep(1.0)

    with pytest.raises(AssertionError, match="still not done after 30 s"):
        await drive(work(), manual_clock, limit_s=30.0, step_s=1.0)


def test_the_pytest_plugin_costs_an_ordinary_run_nothing() -> None:
    code = (
        "import sys, edgepi.testing.pytest_plugin; "
        "sys.exit(any(name.startswith(('edgepi.sim', 'edgepi.model', 'aiohttp')) for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_files_of_the_kernel_are_those_that_a_test_put_there(fake_hardware: FakeHardware) -> None:
    wake = "/sys/class/rtc/rtc0/wakealarm"
    with pytest.raises(HardwareError, match="No such file"):
        await fake_hardware.read_attribute(wake)
    with pytest.raises(HardwareError, match="No such file"):
        await fake_hardware.write_attribute(wake, "1")
    fake_hardware.attributes[wake] = ""
    await fake_hardware.write_attribute(wake, "1")
    assert await fake_hardware.read_attribute(wake) == "1"
    assert fake_hardware.attribute_sets == [(wake, "1")]
    with pytest.raises(HardwareError, match="not below"):
        await fake_hardware.read_attribute("/etc/passwd")


async def test_files_may_be_answered_by_a_simulated_board(fake_hardware: FakeHardware) -> None:
    class Board:
        held = "then"

        def attribute(self, path: str) -> str:
            return f"{path}={self.held}"

        def set_attribute(self, path: str, text: str) -> None:
            del path
            self.held = text

        def set_rtc(self, time_utc: datetime) -> None:
            self.held = f"{time_utc:%Y}"

    with pytest.raises(HardwareError, match="/dev/rtc0"):
        await fake_hardware.set_rtc(datetime(2030, 1, 1, tzinfo=UTC))
    fake_hardware.files = Board()
    await fake_hardware.set_rtc(datetime(2030, 1, 1, tzinfo=UTC))
    assert await fake_hardware.read_attribute("/sys/class/b") == "/sys/class/b=2030"
    await fake_hardware.write_attribute("/sys/class/a/../b", "now")
    assert await fake_hardware.read_attribute("/sys/class/b") == "/sys/class/b=now"


def test_a_key_tells_whoever_still_watches_it(fake_hardware: FakeHardware) -> None:
    with pytest.raises(HardwareError, match="no key"):
        fake_hardware.watch_key(116, print)
    fake_hardware.keys[116] = []
    pressed: list[int] = []
    first = fake_hardware.watch_key(116, lambda: pressed.append(1))
    fake_hardware.watch_key(116, lambda: pressed.append(2))
    first.close()
    fake_hardware.press_key(116)
    assert pressed == [2]

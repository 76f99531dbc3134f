from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgepi.errors import BusError, DeviceNotFoundError, HardwareError, WorldError
from edgepi.hardware import Machine, Phase, open_hardware, world_clock
from edgepi.model import Lease, LeaseState, Offer, RunPhase
from edgepi.sim.simulation import Simulation
from edgepi.sim.world import SYS_UP


@pytest.fixture
async def machine(served: Path) -> AsyncIterator[Machine]:
    async with open_hardware(served, allow_halt=True) as opened:
        yield opened


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (the other side tells nobody)
            await asyncio.sleep(0.01)


async def test_the_clock_is_the_worlds_from_the_first_moment(
    machine: Machine, simulation: Simulation
) -> None:
    assert machine.simulated
    assert machine.clock.rate == 60.0
    assert machine.clock.trusted
    off_s = machine.clock.now().timestamp() - simulation.keeper.wall_s
    assert off_s == pytest.approx(0.0, abs=0.5)


async def test_other_machines_follow_the_worlds_true_time(served: Path, simulation: Simulation) -> None:
    async with world_clock(served) as clock:
        simulation.keeper.step_node_wall(86400.0)
        simulation.keeper.ask(5.0)
        await until(lambda: clock.rate == 5.0)
        assert clock.now().timestamp() == pytest.approx(simulation.keeper.wall_s, abs=0.5)


async def test_a_new_rate_reaches_the_clock(machine: Machine, simulation: Simulation) -> None:
    simulation.keeper.ask(5.0)
    await until(lambda: machine.clock.rate == 5.0)
    assert machine.clock.monotonic() == pytest.approx(simulation.keeper.monotonic_s, abs=0.5)


async def test_monotonic_time_never_steps_back_when_the_rate_falls(
    machine: Machine, simulation: Simulation
) -> None:
    simulation.keeper.ask(3600.0)
    await until(lambda: machine.clock.rate == 3600.0)
    seen = [machine.clock.monotonic()]
    simulation.keeper.ask(1.0)
    while machine.clock.rate != 1.0:
        seen.append(machine.clock.monotonic())
        await asyncio.sleep(0)
    seen.append(machine.clock.monotonic())
    assert seen == sorted(seen)


async def test_a_sleep_follows_the_rate(machine: Machine, simulation: Simulation) -> None:
    simulation.keeper.ask(1.0)
    sleep = asyncio.create_task(machine.clock.sleep(600.0))
    await asyncio.sleep(0)
    simulation.keeper.ask(3600.0)
    await asyncio.wait_for(sleep, 30)


async def test_setting_the_clock_moves_the_node_and_not_the_world(
    machine: Machine, simulation: Simulation
) -> None:
    truth_s = simulation.keeper.wall_s
    ahead = machine.clock.now() + timedelta(days=365)
    await machine.set_clock(ahead)
    await until(lambda: machine.clock.now() >= ahead)
    assert simulation.keeper.wall_s - truth_s < 86400


async def test_the_bus_answers_and_fails_as_a_bus_does(machine: Machine) -> None:
    bus = machine.i2c(1)
    assert await asyncio.to_thread(bus.read_byte_data, 0x76, 0xD0) == 0x60
    with pytest.raises(BusError, match="0x50"):
        await asyncio.to_thread(bus.read_byte_data, 0x50, 0)
    assert await asyncio.to_thread(bus.read_byte_data, 0x08, 0) == 0x26


async def test_every_transaction_of_the_bus_arrives(machine: Machine, simulation: Simulation) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.cells = [0] * 256

        def read(self, register: int) -> int:
            return self.cells[register]

        def write(self, register: int, value: int) -> None:
            self.cells[register] = value

        def step(self, dt_s: float) -> None:
            pass

    simulation.world.bus.attach(0x33, Recorder())
    bus = machine.i2c()

    def talk() -> list[object]:
        bus.write_byte_data(0x33, 1, 0xAB)
        bus.write_word_data(0x33, 2, 0x1234)
        bus.write_i2c_block_data(0x33, 4, [7, 8, 9])
        bus.write_byte(0x33, 4)
        return [
            bus.read_byte(0x33),
            bus.read_byte_data(0x33, 1),
            bus.read_word_data(0x33, 2),
            bus.read_i2c_block_data(0x33, 4, 3),
        ]

    assert await asyncio.to_thread(talk) == [7, 0xAB, 0x1234, [7, 8, 9]]


async def test_threads_share_a_bus_without_mixing_answers(machine: Machine) -> None:
    bus = machine.i2c(1)

    def both(_: int) -> tuple[int, int]:
        return bus.read_byte_data(0x76, 0xD0), bus.read_byte_data(0x08, 0)

    def hammer() -> set[tuple[int, int]]:
        with ThreadPoolExecutor(8) as pool:
            return set(pool.map(both, range(200)))

    assert await asyncio.to_thread(hammer) == {(0x60, 0x26)}


async def test_a_driven_pin_reaches_the_board_in_order(machine: Machine, simulation: Simulation) -> None:
    simulation.world.advance(1.0)
    simulation.world.set_line(14, high=True)
    seen: list[str] = []
    simulation.world.on_board = lambda event: seen.append(event.kind)
    line = machine.output_line(SYS_UP)
    for high in (True, False, True, False):
        line.set(high)
    await until(lambda: "sys_up" in seen)
    line.close()
    await until(lambda: SYS_UP not in simulation.world.lines)


async def test_a_watched_pin_tells_of_every_change(machine: Machine, simulation: Simulation) -> None:
    changes: list[bool] = []
    line = machine.input_line(4, on_change=changes.append)
    await until(line.value)
    simulation.world.board.press()
    await until(lambda: not line.value())
    simulation.world.board.release()
    await until(line.value)
    assert changes == [False, True]
    line.close()
    simulation.world.board.press()
    await until(lambda: not line.value())
    assert changes == [False, True]


async def test_a_pin_nobody_drives_shows_its_pull(machine: Machine) -> None:
    assert machine.input_line(22).value() is True
    assert machine.input_line(22, pull_up=False).value() is False


async def test_wind_closes_the_counters_switch(machine: Machine) -> None:
    counter = machine.pulse_counter(5)
    await until(lambda: counter.total() > 10)


async def test_a_counter_counts_nothing_of_the_time_before_it_was_opened(
    machine: Machine, simulation: Simulation
) -> None:
    storm = replace(simulation.world.weather, wind_speed_m_s=30.0)
    simulation.world.pulses.step(storm, 0.0, 3600.0)
    counter = machine.pulse_counter(5)
    await until(lambda: counter.total() > 0)
    assert counter.total() < 10_000
    assert machine.pulse_counter(5).total() == 0


async def test_a_video_device_that_the_world_has_not_is_missing_as_on_a_machine(machine: Machine) -> None:
    with pytest.raises(DeviceNotFoundError, match="/dev/video63"):
        await machine.video("/dev/video63")


async def test_levels_and_leases_reach_the_worlds_own_power(machine: Machine, simulation: Simulation) -> None:
    offer = Offer(
        offer_id="1",
        consumer="iexec",
        title="job",
        value_points=1.0,
        run=RunPhase(energy_wh=1.0, duration_s=3600.0),
    )
    lease = Lease(offer=offer, state=LeaseState.RUNNING, since_utc=datetime(2022, 1, 1, tzinfo=UTC))
    await machine.tell({"camera": "full"}, [lease])
    assert simulation.world.levels == {"camera": "full"}
    assert [job.computes for job in simulation.world.jobs] == [True]


async def test_the_world_waits_while_the_node_saves(machine: Machine, simulation: Simulation) -> None:
    await machine.phase(Phase.SAVING)
    assert simulation.keeper.rate == 1.0
    await until(lambda: machine.clock.rate == 1.0)
    await machine.phase(Phase.READY)
    assert simulation.keeper.rate == 60.0


async def test_halting_needs_leave(served: Path, simulation: Simulation) -> None:
    async with open_hardware(served, allow_halt=False) as machine:
        with pytest.raises(HardwareError, match="not allowed"):
            await machine.halt("night")
        assert simulation.halting is None
        machine.permit_halt()
        await machine.halt("night")
        assert simulation.halting == "night"


async def test_the_truth_can_be_asked(machine: Machine, simulation: Simulation) -> None:
    truth = await machine.truth()
    assert truth is not None
    assert truth["soc"] == pytest.approx(simulation.world.battery.soc, abs=0.01)


async def test_a_vendor_daemon_that_the_world_pretends_is_found(
    machine: Machine, simulation: Simulation
) -> None:
    assert not await machine.process_runs("wittypi/daemon")
    simulation.processes.add("/home/pi/wittypi/daemon.sh")
    assert await machine.process_runs("wittypi/daemon")


async def test_a_world_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="edgepi sim"):
        async with open_hardware(tmp_path / "world.sock", allow_halt=False):
            pass


async def test_a_world_that_goes_away_is_noticed_at_once(simulation: Simulation) -> None:
    from edgepi.testing.world import served_world

    async with served_world(simulation) as path:
        opened = open_hardware(path, allow_halt=False)
        machine = await opened.__aenter__()
        await asyncio.to_thread(machine.i2c().read_byte_data, 0x08, 0)
    assert "gone away" in await asyncio.wait_for(machine.gone(), 30)
    with pytest.raises(WorldError):
        await machine.phase(Phase.SAVING)
    with pytest.raises(WorldError):
        await asyncio.to_thread(machine.i2c().read_byte_data, 0x08, 0)
    await opened.__aexit__(None, None, None)

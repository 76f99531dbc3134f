"""What every sensor must do."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Sequence

import pytest

from edgepi.model import DeviceClass, Reading, ReadingDescription
from edgepi.plugin import Sensor
from edgepi.sim.bus import SimulatedBus
from edgepi.testing.conformance.base import (
    EXPECTED,
    GARBAGE_READS,
    Conformance,
    Run,
    bus_not_in_this_thread,
    needs,
    needs_chip,
)
from edgepi.testing.doubles import FakeHardware
from edgepi.testing.faults import bus_garbage, bus_silent, bus_stuck, bus_swapped, writes_lost

__all__ = ["SensorConformance"]

KEY = re.compile(r"[a-z][a-z0-9_]*")


@pytest.mark.asyncio
class SensorConformance(Conformance[Sensor]):
    """What every sensor must do."""

    async def test_describes_readings_that_people_and_machines_understand(
        self, make: Callable[[], Sensor]
    ) -> None:
        sensor = make()
        described = list(sensor.describe())
        assert described, "a sensor measures something"
        assert described == list(sensor.describe()), "the list stays the same"
        keys = [each.key for each in described]
        assert len(set(keys)) == len(keys), f"a key is used twice: {keys}"
        for each in described:
            _check_description(each)

    async def test_is_made_without_touching_hardware(
        self, make: Callable[[], Sensor], simulated_bus: SimulatedBus, fake_hardware: FakeHardware
    ) -> None:
        with bus_silent(simulated_bus):
            make().describe()
        assert {**fake_hardware.outputs, **fake_hardware.inputs, **fake_hardware.counters} == {}

    async def test_measures_what_it_describes(self, make: Callable[[], Sensor], run: Run) -> None:
        sensor = make()
        await run(sensor.start())
        readings = list(await run(_read(sensor)))
        assert readings, "nothing was measured on working hardware"
        _check_readings(sensor.describe(), readings)
        await run(sensor.stop())

    async def test_lacks_only_what_it_says(
        self, make: Callable[[], Sensor], simulated_bus: SimulatedBus
    ) -> None:
        make()
        assert "bus" not in self.lacks or not simulated_bus.addresses(), "it has a chip to be broken"

    async def test_can_be_stopped_at_any_time_and_started_again(
        self, make: Callable[[], Sensor], run: Run
    ) -> None:
        sensor = make()
        await run(sensor.stop())
        await run(sensor.start())
        await run(sensor.stop())
        await run(sensor.stop())
        await run(sensor.start())
        assert list(await run(_read(sensor)))
        await run(sensor.stop())

    @needs("bus")
    async def test_says_when_the_device_is_gone_and_comes_back_with_it(
        self, make: Callable[[], Sensor], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        sensor = make()
        await run(sensor.start())
        with bus_silent(simulated_bus, *addresses), pytest.raises(EXPECTED) as caught:
            await run(_start_and_read(sensor))
        assert str(caught.value), "an error says what is wrong"
        await run(sensor.start())
        assert list(await run(_read(sensor)))
        await run(sensor.stop())

    @needs("bus")
    async def test_takes_no_garbage_for_a_measurement(
        self, make: Callable[[], Sensor], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        sensor = make()
        await run(sensor.start())
        with bus_garbage(simulated_bus, *addresses):
            for _ in range(GARBAGE_READS):
                try:
                    readings = list(await run(_read(sensor)))
                except EXPECTED:
                    continue
                _check_readings(sensor.describe(), readings)
        await run(sensor.stop())

    @needs("bus")
    async def test_measures_again_after_each_fault(
        self, make: Callable[[], Sensor], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        sensor = make()
        await run(sensor.start())
        for fault in (bus_silent, bus_garbage, writes_lost, lambda bus, *_: bus_stuck(bus)):
            with fault(simulated_bus, *addresses), contextlib.suppress(*EXPECTED):
                _check_readings(sensor.describe(), await run(_read(sensor)))
            await run(_start_and_read(sensor))
            readings = await run(_read(sensor))
            assert readings
            _check_readings(sensor.describe(), readings)
        await run(sensor.stop())

    @needs("bus")
    async def test_takes_no_stranger_for_its_device(
        self, make: Callable[[], Sensor], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        sensor = make()
        await run(sensor.start())
        for answer in (0x00, 0xFF):
            with bus_swapped(simulated_bus, *addresses, answer=answer), contextlib.suppress(*EXPECTED):
                _check_readings(sensor.describe(), await run(_read(sensor)))
                await run(sensor.start())
                _check_readings(sensor.describe(), await run(_read(sensor)))
            await run(_start_and_read(sensor))
            assert await run(_read(sensor)), "its own device is back"
        await run(sensor.stop())

    @needs("bus")
    async def test_leaves_the_event_loop_alone(
        self, make: Callable[[], Sensor], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        sensor = make()
        with bus_not_in_this_thread(simulated_bus):
            await run(sensor.start())
            await run(_read(sensor))
            await run(sensor.stop())


async def _read(sensor: Sensor) -> list[Reading]:
    return list(await sensor.read())


async def _start_and_read(sensor: Sensor) -> None:
    await sensor.start()
    await sensor.read()


def _check_description(each: ReadingDescription) -> None:
    assert KEY.fullmatch(each.key), f"{each.key!r} is not lower_case"
    assert each.name, f"{each.key} has no name"
    if each.device_class is DeviceClass.ENUM:
        assert each.options, f"{each.key} is an enum without options"
    if each.valid_min is not None and each.valid_max is not None:
        assert each.valid_min < each.valid_max


def _check_readings(described: Sequence[ReadingDescription], readings: Sequence[Reading]) -> None:
    by_key = {each.key: each for each in described}
    for reading in readings:
        assert reading.key in by_key, f"{reading.key} is not described"
        description, value = by_key[reading.key], reading.value
        assert reading.time_utc is None or reading.time_utc.tzinfo is not None, "times are aware"
        if description.options:
            assert value is None or value in description.options
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert math.isfinite(value)
            low, high = description.valid_min, description.valid_max
            assert low is None or value >= low, f"{reading.key} {value} is below {low}"
            assert high is None or value <= high, f"{reading.key} {value} is above {high}"

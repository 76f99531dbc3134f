"""What every supply meter must do."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import pytest

from edgepi.model import Supply
from edgepi.plugin import SupplyMeter
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
from edgepi.testing.faults import bus_garbage, bus_silent, bus_stuck, writes_lost

__all__ = ["SupplyMeterConformance"]


@pytest.mark.asyncio
class SupplyMeterConformance(Conformance[Any]):
    """What every supply meter must do; power controllers, too."""

    def _check(self, supply: Supply) -> None:
        measured = _check_supply(supply)
        assert bool(measured) == ("measure" not in self.lacks), f"measured: {measured}"

    async def test_lacks_only_what_it_says(
        self, make: Callable[[], SupplyMeter], simulated_bus: SimulatedBus
    ) -> None:
        make()
        assert "bus" not in self.lacks or not simulated_bus.addresses(), "it has a chip to be broken"

    @needs("measure")
    async def test_measures_something_with_its_time_and_source(
        self, make: Callable[[], SupplyMeter], run: Run
    ) -> None:
        meter = make()
        await run(meter.start())
        self._check(await run(meter.read()))
        await run(meter.stop())

    async def test_can_be_stopped_at_any_time_and_started_again(
        self, make: Callable[[], SupplyMeter], run: Run
    ) -> None:
        meter = make()
        await run(meter.stop())
        await run(meter.start())
        await run(meter.stop())
        await run(meter.stop())
        await run(meter.start())
        self._check(await run(meter.read()))
        await run(meter.stop())

    @needs("bus")
    async def test_says_when_the_device_is_gone_and_comes_back_with_it(
        self, make: Callable[[], SupplyMeter], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        meter = make()
        await run(meter.start())
        with bus_silent(simulated_bus, *addresses), pytest.raises(EXPECTED) as caught:
            await run(_start_and_read(meter))
        assert str(caught.value), "an error says what is wrong"
        await run(meter.start())
        self._check(await run(meter.read()))
        await run(meter.stop())

    @needs("bus")
    async def test_takes_no_garbage_for_a_measurement(
        self, make: Callable[[], SupplyMeter], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        meter, noise = make(), 0
        await run(meter.start())
        before = _check_supply(await run(meter.read()))
        with bus_garbage(simulated_bus, *addresses):
            for _ in range(GARBAGE_READS):
                try:
                    supply = await run(meter.read())
                except EXPECTED:
                    continue
                self._check(supply)
                noise += _check_supply(supply) != before
        assert noise < GARBAGE_READS, (
            "all noise is taken for measurements: look at its id, and at what cannot be"
        )
        await run(meter.stop())

    @needs("bus")
    async def test_leaves_the_event_loop_alone(
        self, make: Callable[[], SupplyMeter], run: Run, simulated_bus: SimulatedBus, addresses: Sequence[int]
    ) -> None:
        needs_chip(addresses)
        meter = make()
        with bus_not_in_this_thread(simulated_bus):
            await run(meter.start())
            await run(meter.read())
            await run(meter.stop())

    @needs("bus")
    async def test_measures_again_after_each_fault(
        self,
        make: Callable[[], SupplyMeter],
        run: Run,
        simulated_bus: SimulatedBus,
        addresses: Sequence[int],
    ) -> None:
        needs_chip(addresses)
        meter = make()
        await run(meter.start())
        for fault in (bus_silent, bus_garbage, writes_lost, lambda bus, *_: bus_stuck(bus)):
            with fault(simulated_bus, *addresses), contextlib.suppress(*EXPECTED):
                await run(meter.read())
            await run(_start_and_read(meter))
            self._check(await run(meter.read()))
        await run(meter.stop())


async def _start_and_read(meter: SupplyMeter) -> None:
    await meter.start()
    await meter.read()


def _check_supply(supply: Supply) -> list[float]:
    assert supply.time_utc.tzinfo is not None, "times are aware"
    assert supply.source, "a record names its source"
    names = [each.name for each in fields(supply) if each.name not in ("time_utc", "source")]
    values = [getattr(supply, name) for name in names]
    measured = [value for value in values if value is not None]
    assert all(math.isfinite(value) for value in measured)
    return measured

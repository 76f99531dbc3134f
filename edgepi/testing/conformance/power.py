"""What every supply meter and every power controller must do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest

from edgepi.errors import EdgePiError
from edgepi.model import Supply, WakePlan, WakeReason
from edgepi.plugin import PowerController, SupplyMeter
from edgepi.sim.bus import SimulatedBus
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance.base import (
    EXPECTED,
    GARBAGE_READS,
    Conformance,
    Run,
    bus_not_in_this_thread,
    needs,
    needs_chip,
)
from edgepi.testing.faults import bus_garbage, bus_silent, writes_lost

__all__ = ["PowerControllerConformance", "SupplyMeterConformance"]


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
        meter = make()
        await run(meter.start())
        with bus_garbage(simulated_bus, *addresses):
            for _ in range(GARBAGE_READS):
                try:
                    supply = await run(meter.read())
                except EXPECTED:
                    continue
                self._check(supply)
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


class PowerControllerConformance(SupplyMeterConformance):
    """What every board that switches the node must do."""

    async def test_hides_no_capability(self, make: Callable[[], PowerController]) -> None:
        can = make().capabilities
        assert "wake" not in self.lacks or not can.can_wake_at, "it can wake"
        assert "clock" not in self.lacks or not can.has_clock, "it has a clock"
        assert ("measure" in self.lacks) == (not can.measures), "say whether it measures"

    async def test_can_do_what_its_capabilities_say(self, make: Callable[[], PowerController]) -> None:
        can = make().capabilities
        assert can.min_interval_s > 0.0
        assert can.cut_delay_s[0] <= can.cut_delay_s[1]
        assert not can.can_wake_at or can.wake_horizon_s > 0.0, "a board that wakes at a time has a horizon"
        assert can.heartbeat_s > 0.0
        assert can.watchdog_s == 0.0 or can.has_watchdog
        assert can.watchdog_s == 0.0 or can.heartbeat_s <= can.watchdog_s / 2, "one beat may be lost"

    async def test_tells_how_it_is_and_takes_heartbeats(
        self, make: Callable[[], PowerController], run: Run
    ) -> None:
        board = make()
        await run(board.start())
        await run(board.ready())
        for _ in range(2):
            await run(board.heartbeat())
        health = await run(board.health())
        assert not isinstance(health, str), "a sequence of sentences"
        assert all(isinstance(sentence, str) and sentence for sentence in health)
        await run(board.stop())

    async def test_says_why_the_node_was_switched_on(
        self, make: Callable[[], PowerController], run: Run
    ) -> None:
        board = make()
        await run(board.start())
        await run(board.ready())
        reason = await run(board.last_reason())
        assert isinstance(reason, WakeReason)
        assert reason.text, "a reason has words"
        await run(board.stop())

    @needs("wake")
    async def test_holds_the_wake_that_its_receipt_says(
        self, make: Callable[[], PowerController], run: Run, manual_clock: ManualClock
    ) -> None:
        board = make()
        assert board.capabilities.can_wake_at, "or say `lacks = frozenset({'wake'})`"
        await run(board.start())
        wanted = manual_clock.now() + timedelta(hours=8)
        receipt = await run(board.arm(WakePlan(wake_utc=wanted)))
        assert receipt.triggers, "something will wake the node"
        assert receipt.wake_utc is not None
        late_s = (receipt.wake_utc - wanted).total_seconds()
        assert 0.0 <= late_s <= board.capabilities.alarm_resolution_s, "at the time asked, never before"
        again = await run(board.arm(WakePlan(wake_utc=wanted)))
        assert again == receipt, "arming twice changes nothing"
        await run(board.prepare_cut())
        await run(board.disarm())
        await run(board.stop())

    @needs("wake")
    async def test_never_takes_a_wake_in_the_past(
        self, make: Callable[[], PowerController], run: Run, manual_clock: ManualClock
    ) -> None:
        board = make()
        assert board.capabilities.can_wake_at, "or say `lacks = frozenset({'wake'})`"
        await run(board.start())
        plan = WakePlan(wake_utc=manual_clock.now() - timedelta(minutes=1))
        try:
            receipt = await run(board.arm(plan))
        except EdgePiError:
            return
        finally:
            await run(board.stop())
        assert receipt.wake_utc is not None
        assert receipt.wake_utc > manual_clock.now(), "a wake in the past would never come"

    @needs("bus", "wake")
    async def test_says_when_the_board_ignores_what_is_written(
        self,
        make: Callable[[], PowerController],
        run: Run,
        simulated_bus: SimulatedBus,
        addresses: Sequence[int],
        manual_clock: ManualClock,
    ) -> None:
        needs_chip(addresses)
        board = make()
        assert board.capabilities.can_wake_at, "or say `lacks = frozenset({'wake'})`"
        await run(board.start())
        with writes_lost(simulated_bus, *addresses), pytest.raises(EdgePiError):
            await run(board.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=3))))
        await run(board.stop())

    @needs("clock")
    async def test_keeps_the_time_it_is_given(
        self, make: Callable[[], PowerController], run: Run, manual_clock: ManualClock
    ) -> None:
        board = make()
        assert board.capabilities.has_clock, "or say `lacks = frozenset({'clock'})`"
        await run(board.start())
        await run(board.set_clock(manual_clock.now()))
        held = await run(board.clock())
        assert isinstance(held, datetime)
        assert held.tzinfo is not None, "aware, UTC"
        assert abs((held - manual_clock.now()).total_seconds()) < 2.0
        await run(board.stop())


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

"""What every power controller must do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.errors import EdgePiError
from edgepi.model import WakePlan, WakeReason
from edgepi.plugin import PowerCapabilities, PowerController
from edgepi.sim.bus import SimulatedBus
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance.base import (
    EXPECTED,
    GARBAGE_READS,
    Run,
    needs,
    needs_chip,
)
from edgepi.testing.conformance.meter import SupplyMeterConformance
from edgepi.testing.faults import bus_garbage, bus_silent, writes_lost

__all__ = ["PowerControllerConformance"]

_EARLIEST, _LATEST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2106, 1, 1, tzinfo=UTC)
_TRIGGERS: Mapping[str, Callable[[PowerCapabilities], bool]] = {
    "alarm": lambda can: can.can_wake_at,
    "voltage": lambda can: can.can_wake_on_voltage,
    "charge": lambda can: can.can_wake_on_charge,
    "connected": lambda can: can.can_wake_on_power,
}


class PowerControllerConformance(SupplyMeterConformance):
    """What every board that switches the node must do.

    A suite of a board with a clock says by the fixture `lose_clock` how its simulation loses the time, or
    `lacks` ``clock loss``.
    """

    @pytest.fixture
    def lose_clock(self) -> Callable[[], None]:
        """Make the simulated board forget the time."""
        pytest.fail(f"{type(self).__name__} needs a fixture `lose_clock`, or lacks 'clock loss'")

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
        _check_health(await run(board.health()))
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
        soon = timedelta(hours=1, seconds=board.capabilities.alarm_resolution_s)
        assert receipt.wake_utc < manual_clock.now() + soon, "it is moved to soon, not to next month"

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

    async def test_names_no_trigger_that_it_does_not_have(
        self, make: Callable[[], PowerController], run: Run, manual_clock: ManualClock
    ) -> None:
        board = make()
        await run(board.start())
        wake_utc = manual_clock.now() + timedelta(hours=8)
        plan = WakePlan(wake_utc=wake_utc, recovery_v=13.0, recovery_percent=40, fallback_hours=10)
        try:
            receipt = await run(board.arm(plan))
        except EXPECTED:
            assert not board.capabilities.can_wake_at, "a board that wakes holds a plan"
            return
        finally:
            await run(board.stop())
        can = board.capabilities
        assert receipt.wake_utc is None or can.can_wake_at
        for word, has in _TRIGGERS.items():
            assert has(can) or not any(word in trigger.lower() for trigger in receipt.triggers), word

    async def test_gives_one_reason_however_often_it_is_asked(
        self, make: Callable[[], PowerController], run: Run
    ) -> None:
        board = make()
        await run(board.start())
        first = await run(board.last_reason())
        await run(board.ready())
        await run(board.heartbeat())
        assert await run(board.last_reason()) == first, "the start that it tells of is over"
        await run(board.stop())

    async def test_has_its_heartbeat_done_before_the_next_is_due(
        self, make: Callable[[], PowerController], run: Run, manual_clock: ManualClock
    ) -> None:
        board = make()
        await run(board.start())
        await run(board.ready())
        for _ in range(3):
            begun_s = manual_clock.monotonic()
            await run(board.heartbeat())
            assert manual_clock.monotonic() - begun_s < board.capabilities.heartbeat_s
        await run(board.stop())

    @needs("bus")
    async def test_believes_no_garbage(
        self,
        make: Callable[[], PowerController],
        run: Run,
        simulated_bus: SimulatedBus,
        addresses: Sequence[int],
    ) -> None:
        needs_chip(addresses)
        board, asked = make(), list[str]()
        board.on_shutdown_request = asked.append
        await run(board.start())
        before = await run(board.last_reason())
        with bus_garbage(simulated_bus, *addresses):
            for _ in range(GARBAGE_READS):
                with contextlib.suppress(*EXPECTED):
                    await run(board.heartbeat())
                with contextlib.suppress(*EXPECTED):
                    held = await run(board.clock())
                    assert held is None or _EARLIEST < held < _LATEST, f"{held} is no time"
                with contextlib.suppress(*EXPECTED):
                    _check_health(await run(board.health()))
        assert asked == [], "noise is no request to go"
        assert await run(board.last_reason()) == before
        await run(board.stop())

    @needs("bus", "wake")
    async def test_holds_a_wake_after_each_fault(
        self,
        make: Callable[[], PowerController],
        run: Run,
        simulated_bus: SimulatedBus,
        addresses: Sequence[int],
        manual_clock: ManualClock,
    ) -> None:
        needs_chip(addresses)
        board = make()
        await run(board.start())
        for fault in (bus_silent, bus_garbage, writes_lost):
            plan = WakePlan(wake_utc=manual_clock.now() + timedelta(hours=5))
            with fault(simulated_bus, *addresses), contextlib.suppress(*EXPECTED):
                await run(board.arm(plan))
            receipt = await run(board.arm(plan))
            assert receipt.triggers
            assert receipt.wake_utc is not None
            assert receipt.wake_utc >= plan.wake_utc
            await run(board.disarm())
        await run(board.stop())

    @needs("clock", "clock loss")
    async def test_shows_no_time_when_its_clock_has_lost_it(
        self, make: Callable[[], PowerController], run: Run, lose_clock: Callable[[], None]
    ) -> None:
        board = make()
        await run(board.start())
        lose_clock()
        assert await run(board.clock()) is None, "a time that nobody set is none"
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


def _check_health(health: Sequence[str]) -> None:
    assert not isinstance(health, str), "a sequence of sentences"
    said: Sequence[object] = health
    assert all(isinstance(sentence, str) and sentence.strip() for sentence in said)
    assert len(set(health)) == len(health), "each thing is said once"

"""Each suite lets a right object pass and catches a wrong one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgepi.errors import BusError, ContractError
from edgepi.model import (
    DeviceClass,
    FinishPhase,
    LeaseState,
    Level,
    Offer,
    Reading,
    ReadingDescription,
    RunPhase,
    SunForecast,
    Supply,
    WakePlan,
    WakeReason,
    WakeReasonKind,
    WakeReceipt,
)
from edgepi.plugin import (
    ComputeBackend,
    Duty,
    LeaseHandle,
    Notifier,
    PluginContext,
    PowerCapabilities,
    PowerController,
    Sensor,
    SupplyMeter,
)
from edgepi.sim.bus import SimulatedBus
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import (
    ComputeBackendConformance,
    DutyConformance,
    NotifierConformance,
    PowerControllerConformance,
    SensorConformance,
    SunForecasterConformance,
    SupplyMeterConformance,
)
from edgepi.testing.conformance.base import Run
from edgepi.testing.doubles import FakeBudget, FakeHardware
from edgepi.testing.driving import drive
from edgepi.testing.power import FakeForecaster
from edgepi.testing.pytest_plugin import ContextFactory

ADDRESS, ID = 0x30, 0x5A


class Chip:
    """Register 0 says who it is, register 1 what it measures, register 2 holds what is written."""

    held = 0

    def read(self, register: int) -> int:
        return (ID, 42, self.held)[register]

    def write(self, register: int, value: int) -> None:
        self.held = value if register == 2 else self.held

    def step(self, dt_s: float) -> None:
        """Nothing to wait for."""


class Thing(Sensor):
    def __init__(self, context: PluginContext[Any]) -> None:
        self.context = context

    def describe(self) -> Sequence[ReadingDescription]:
        return [ReadingDescription(key="value", name="Value", valid_min=0.0, valid_max=100.0)]

    async def read(self) -> Sequence[Reading]:
        return [Reading("value", await self.context.run_blocking(self.measure))]

    def measure(self) -> int:
        bus = self.context.hardware.i2c(1)
        if bus.read_byte_data(ADDRESS, 0) != ID:
            raise BusError("that is no Thing")
        return bus.read_byte_data(ADDRESS, 1)


class NoDescription(Thing):
    def describe(self) -> Sequence[ReadingDescription]:
        return []


class ShoutingKey(Thing):
    def describe(self) -> Sequence[ReadingDescription]:
        return [ReadingDescription(key="My Value", name="Value")]


class EnumWithoutOptions(Thing):
    def describe(self) -> Sequence[ReadingDescription]:
        return [ReadingDescription(key="value", name="Value", device_class=DeviceClass.ENUM)]


class Eager(Thing):
    def __init__(self, context: PluginContext[Any]) -> None:
        super().__init__(context)
        self.first = self.measure()


class Undescribed(Thing):
    async def read(self) -> Sequence[Reading]:
        return [Reading("other", 1)]


class Credulous(Thing):
    def measure(self) -> int:
        return self.context.hardware.i2c(1).read_byte_data(ADDRESS, 1)


class Blocking(Thing):
    async def read(self) -> Sequence[Reading]:
        return [Reading("value", self.measure())]


class Silent(Thing):
    async def read(self) -> Sequence[Reading]:
        try:
            return await super().read()
        except BusError:
            return [Reading("value", 0)]


class Sulking(Thing):
    """Never again after one failure."""

    hurt = False

    async def read(self) -> Sequence[Reading]:
        if self.hurt:
            raise BusError("it failed once")
        try:
            return await super().read()
        except BusError:
            self.hurt = True
            raise


class FailsToStop(Thing):
    async def stop(self) -> None:
        raise RuntimeError("not started")


@pytest.fixture
def chip_on_bus(simulated_bus: SimulatedBus) -> None:
    simulated_bus.attach(ADDRESS, Chip())


@pytest.fixture
def run(manual_clock: ManualClock) -> Run:
    def run(work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
        return drive(work, manual_clock)

    return run


@pytest.mark.usefixtures("chip_on_bus")
class TestRightSensor(SensorConformance):
    @pytest.fixture
    def make(self, plugin_context: ContextFactory) -> Callable[[], Thing]:
        return lambda: Thing(plugin_context())


@pytest.mark.usefixtures("chip_on_bus")
@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (NoDescription, "test_describes_readings_that_people_and_machines_understand"),
        (ShoutingKey, "test_describes_readings_that_people_and_machines_understand"),
        (EnumWithoutOptions, "test_describes_readings_that_people_and_machines_understand"),
        (Eager, "test_is_made_without_touching_hardware"),
        (Undescribed, "test_measures_what_it_describes"),
        (FailsToStop, "test_can_be_stopped_at_any_time_and_started_again"),
        (Silent, "test_says_when_the_device_is_gone_and_comes_back_with_it"),
        (Credulous, "test_takes_no_garbage_for_a_measurement"),
        (Credulous, "test_takes_no_stranger_for_its_device"),
        (Sulking, "test_measures_again_after_each_fault"),
        (Blocking, "test_leaves_the_event_loop_alone"),
    ],
)
async def test_a_wrong_sensor_is_caught(  # noqa: PLR0917
    plugin_context: ContextFactory,
    fake_hardware: FakeHardware,
    simulated_bus: SimulatedBus,
    run: Run,
    wrong: type[Thing],
    caught_by: str,
) -> None:
    parts = {
        "run": run,
        "simulated_bus": simulated_bus,
        "addresses": (ADDRESS,),
        "fake_hardware": fake_hardware,
    }
    await _must_fail(SensorConformance(), caught_by, lambda: wrong(plugin_context()), parts)


class Lamp(Duty):
    name = "lamp"
    listed: Sequence[Level] = (Level("off", 0.0, 0.0), Level("dim", 1.0, 1.0), Level("bright", 3.0, 2.0))

    def levels(self) -> Sequence[Level]:
        return self.listed

    async def apply(self, level: str) -> None:
        self.level = level


class NeverOff(Lamp):
    listed = (Level("dim", 1.0, 1.0), Level("bright", 3.0, 2.0))


class CostlyOff(Lamp):
    listed = (Level("off", 0.5, 0.0), Level("bright", 3.0, 2.0))


class UpsideDown(Lamp):
    listed = (Level("off", 0.0, 0.0), Level("bright", 3.0, 2.0), Level("dim", 1.0, 1.0))


class OneWay(Lamp):
    async def apply(self, level: str) -> None:
        if level == getattr(self, "level", None):
            raise RuntimeError("already there")
        self.level = level


class TestRightDuty(DutyConformance):
    @pytest.fixture
    def make(self) -> Callable[[], Lamp]:
        return Lamp


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (NeverOff, "test_lists_levels_from_off_to_full"),
        (CostlyOff, "test_lists_levels_from_off_to_full"),
        (UpsideDown, "test_lists_levels_from_off_to_full"),
        (OneWay, "test_goes_from_each_level_to_each_other"),
    ],
)
async def test_a_wrong_duty_is_caught(run: Run, wrong: type[Lamp], caught_by: str) -> None:
    await _must_fail(DutyConformance(), caught_by, wrong, {"run": run})


NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


class Meter(SupplyMeter):
    async def read(self) -> Supply:
        return Supply(time_utc=NOW, source="meter", battery_v=12.8)


class EmptyMeter(Meter):
    async def read(self) -> Supply:
        return Supply(time_utc=NOW, source="meter")


class NaiveMeter(Meter):
    async def read(self) -> Supply:
        return Supply(time_utc=NOW.replace(tzinfo=None), source="meter", battery_v=12.8)


class NanMeter(Meter):
    async def read(self) -> Supply:
        return Supply(time_utc=NOW, source="meter", battery_v=float("nan"))


class TestRightMeter(SupplyMeterConformance):
    lacks = frozenset({"bus"})

    @pytest.fixture
    def make(self) -> Callable[[], Meter]:
        return Meter


@pytest.mark.parametrize("wrong", [EmptyMeter, NaiveMeter, NanMeter])
async def test_a_wrong_meter_is_caught(run: Run, wrong: type[Meter]) -> None:
    caught_by = "test_measures_something_with_its_time_and_source"
    await _must_fail(SupplyMeterConformance(), caught_by, wrong, {"run": run})


class Board(PowerController):
    held: datetime | None = None

    @property
    def capabilities(self) -> PowerCapabilities:
        return PowerCapabilities(can_cut=True, can_wake_at=True, wake_horizon_s=86400.0)

    async def read(self) -> Supply:
        return Supply(time_utc=NOW, source="board", input_v=12.8)

    async def ready(self) -> None:
        """Nobody to tell."""

    async def last_reason(self) -> WakeReason:
        return WakeReason(WakeReasonKind.UNKNOWN, "it does not say")

    async def arm(self, plan: WakePlan) -> WakeReceipt:
        self.held = max(plan.wake_utc, NOW + timedelta(minutes=1))
        return WakeReceipt(wake_utc=self.held, triggers=("alarm",))

    async def disarm(self) -> None:
        self.held = None

    async def prepare_cut(self) -> None:
        """Always ready."""


class Early(Board):
    async def arm(self, plan: WakePlan) -> WakeReceipt:
        return WakeReceipt(wake_utc=plan.wake_utc - timedelta(minutes=5), triggers=("alarm",))


class Tardy(Board):
    async def arm(self, plan: WakePlan) -> WakeReceipt:
        late = plan.wake_utc if plan.wake_utc > NOW else NOW + timedelta(days=30)
        return WakeReceipt(wake_utc=late, triggers=("alarm",))


class Careless(Board):
    async def arm(self, plan: WakePlan) -> WakeReceipt:
        return WakeReceipt(wake_utc=plan.wake_utc, triggers=("alarm",))


class Hopeless(Board):
    async def arm(self, plan: WakePlan) -> WakeReceipt:
        return WakeReceipt(wake_utc=plan.wake_utc, triggers=())


class Wordless(Board):
    async def last_reason(self) -> WakeReason:
        return WakeReason(WakeReasonKind.UNKNOWN, "")


class Unbounded(Board):
    @property
    def capabilities(self) -> PowerCapabilities:
        return PowerCapabilities(can_cut=True, can_wake_at=True)


class Hungry(Board):
    @property
    def capabilities(self) -> PowerCapabilities:
        able = super().capabilities
        return replace(able, has_watchdog=True, heartbeat_s=10.0, watchdog_s=15.0)


class Blind(Board):
    @property
    def capabilities(self) -> PowerCapabilities:
        return replace(super().capabilities, measures=False)


class Complaining(Board):
    async def health(self) -> str:
        return "not one sentence but a string"


class Repetitive(Board):
    async def health(self) -> Sequence[str]:
        return ("its cell is empty", "its cell is empty")


class Boasting(Board):
    async def arm(self, plan: WakePlan) -> WakeReceipt:
        held = await super().arm(plan)
        return replace(held, triggers=("alarm", "recovery voltage 13.0 V"))


class Wavering(Board):
    asked = 0

    async def last_reason(self) -> WakeReason:
        self.asked += 1
        return WakeReason(WakeReasonKind.UNKNOWN, f"reason {self.asked}")


class Dozing(Board):
    async def heartbeat(self) -> None:
        await DOZE.sleep(12.0)


class ChipBoard(Board):
    """One whose chip says, in register 1, what it measures; it has lost its clock if the chip says so."""

    shown: datetime | None = NOW

    def __init__(self, bus: SimulatedBus) -> None:
        self.bus = bus

    def lose_clock(self) -> None:
        self.shown = None

    @property
    def capabilities(self) -> PowerCapabilities:
        return replace(super().capabilities, has_clock=True)

    def ask(self) -> int:
        if self.bus.read_byte_data(ADDRESS, 0) != ID:
            raise BusError("that is no board")
        return self.bus.read_byte_data(ADDRESS, 1)

    async def asked(self) -> int:
        return await asyncio.to_thread(self.ask)

    async def start(self) -> None:
        await self.asked()

    async def read(self) -> Supply:
        return Supply(time_utc=NOW, source="board", input_v=float(await self.asked()))

    async def clock(self) -> datetime | None:
        await self.asked()
        return self.shown

    async def set_clock(self, now_utc: datetime) -> None:
        self.shown = now_utc

    def hold(self, value: int) -> None:
        self.bus.write_byte_data(ADDRESS, 2, value)
        if self.bus.read_byte_data(ADDRESS, 2) != value:
            raise BusError("it does not hold what is written")

    async def arm(self, plan: WakePlan) -> WakeReceipt:
        await self.asked()
        await asyncio.to_thread(self.hold, 1 + plan.wake_utc.hour)
        return await super().arm(plan)

    async def disarm(self) -> None:
        await asyncio.to_thread(self.hold, 0)


class Nervous(ChipBoard):
    async def heartbeat(self) -> None:
        if await asyncio.to_thread(self.bus.read_byte_data, ADDRESS, 1) != 42 and self.on_shutdown_request:
            self.on_shutdown_request("it wants to go")


class Dreaming(ChipBoard):
    async def clock(self) -> datetime | None:
        day = await asyncio.to_thread(self.bus.read_byte_data, ADDRESS, 1)
        return datetime(1970 + day, 1, 1, tzinfo=UTC)


class Trusting(ChipBoard):
    async def read(self) -> Supply:
        tenths = await asyncio.to_thread(self.bus.read_byte_data, ADDRESS, 1)
        return Supply(time_utc=NOW, source="board", battery_v=tenths / 10)


class Forgetful(ChipBoard):
    async def clock(self) -> datetime | None:
        return datetime(2000, 1, 1, tzinfo=UTC)


class Offended(ChipBoard):
    hurt = False

    async def asked(self) -> int:
        if self.hurt:
            raise BusError("it failed once")
        try:
            return await super().asked()
        except BusError:
            self.hurt = True
            raise


DOZE = ManualClock()


class TestRightChipBoard(PowerControllerConformance):
    @pytest.fixture
    def boards(self, simulated_bus: SimulatedBus) -> list[ChipBoard]:
        simulated_bus.attach(ADDRESS, Chip())
        return []

    @pytest.fixture
    def make(self, boards: list[ChipBoard], simulated_bus: SimulatedBus) -> Callable[[], ChipBoard]:
        def build() -> ChipBoard:
            boards.append(ChipBoard(simulated_bus))
            return boards[-1]

        return build

    @pytest.fixture
    def lose_clock(self, boards: list[ChipBoard]) -> Callable[[], None]:
        def lose() -> None:
            for board in boards:
                board.lose_clock()

        return lose


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (Nervous, "test_believes_no_garbage"),
        (Trusting, "test_takes_no_garbage_for_a_measurement"),
        (Dreaming, "test_believes_no_garbage"),
        (Forgetful, "test_shows_no_time_when_its_clock_has_lost_it"),
        (Offended, "test_measures_again_after_each_fault"),
        (Offended, "test_holds_a_wake_after_each_fault"),
    ],
)
async def test_a_board_that_believes_or_gives_up_is_caught(
    run: Run, manual_clock: ManualClock, simulated_bus: SimulatedBus, wrong: type[ChipBoard], caught_by: str
) -> None:
    simulated_bus.attach(ADDRESS, Chip())
    parts = {
        "run": run,
        "manual_clock": manual_clock,
        "simulated_bus": simulated_bus,
        "addresses": (ADDRESS,),
        "lose_clock": lambda: None,
    }
    await _must_fail(PowerControllerConformance(), caught_by, lambda: wrong(simulated_bus), parts)


async def test_a_slow_heartbeat_is_caught(manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.DOZE", manual_clock)
    parts = {"run": lambda work: drive(work, manual_clock), "manual_clock": manual_clock}
    caught_by = "test_has_its_heartbeat_done_before_the_next_is_due"
    await _must_fail(PowerControllerConformance(), caught_by, Dozing, parts)


class TestRightBoard(PowerControllerConformance):
    lacks = frozenset({"bus", "clock"})

    @pytest.fixture
    def make(self) -> Callable[[], Board]:
        return Board


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (Early, "test_holds_the_wake_that_its_receipt_says"),
        (Hopeless, "test_holds_the_wake_that_its_receipt_says"),
        (Careless, "test_never_takes_a_wake_in_the_past"),
        (Tardy, "test_never_takes_a_wake_in_the_past"),
        (Wordless, "test_says_why_the_node_was_switched_on"),
        (Hungry, "test_can_do_what_its_capabilities_say"),
        (Blind, "test_hides_no_capability"),
        (Complaining, "test_tells_how_it_is_and_takes_heartbeats"),
        (Repetitive, "test_tells_how_it_is_and_takes_heartbeats"),
        (Boasting, "test_names_no_trigger_that_it_does_not_have"),
        (Wavering, "test_gives_one_reason_however_often_it_is_asked"),
        (Unbounded, "test_can_do_what_its_capabilities_say"),
    ],
)
async def test_a_wrong_board_is_caught(
    run: Run, manual_clock: ManualClock, wrong: type[Board], caught_by: str
) -> None:
    parts = {"run": run, "manual_clock": manual_clock}
    await _must_fail(PowerControllerConformance(), caught_by, wrong, parts)


class Dated(FakeForecaster):
    """Speaks of the day before the one asked for."""

    async def fetch(self) -> SunForecast:
        forecast = await super().fetch()
        return replace(forecast, start_utc=forecast.start_utc - timedelta(days=9))


class Nameless(FakeForecaster):
    async def fetch(self) -> SunForecast:
        return replace(await super().fetch(), source="")


class Pushy(FakeForecaster):
    interval_s = 10.0


class Clumsy(FakeForecaster):
    async def stop(self) -> None:
        if not self.starts:
            raise RuntimeError("not started")


class Patient(FakeForecaster):
    async def fetch(self) -> SunForecast:
        await asyncio.sleep(1e6)
        return await super().fetch()


class TestRightForecaster(SunForecasterConformance):
    @pytest.fixture
    def make(self, manual_clock: ManualClock) -> Callable[[], FakeForecaster]:
        return lambda: FakeForecaster(manual_clock)


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (Dated, "test_foretells_the_time_to_come_and_names_its_source"),
        (Nameless, "test_foretells_the_time_to_come_and_names_its_source"),
        (Pushy, "test_asks_seldom_and_not_for_long"),
        (Clumsy, "test_can_be_stopped_at_any_time_and_started_again"),
        (Patient, "test_foretells_the_time_to_come_and_names_its_source"),
    ],
)
async def test_a_wrong_forecaster_is_caught(
    run: Run,
    manual_clock: ManualClock,
    wrong: type[FakeForecaster],
    caught_by: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgepi.testing.conformance.forecast._PATIENCE_S", 0.2)
    parts = {"run": run, "manual_clock": manual_clock}
    await _must_fail(SunForecasterConformance(), caught_by, lambda: wrong(manual_clock), parts)


class Mailbox(Notifier):
    name = "mailbox"

    async def notify(self, title: str, message: str) -> None:
        assert title


class TestRightNotifier(NotifierConformance):
    @pytest.fixture
    def make(self) -> Callable[[], Mailbox]:
        return Mailbox


class AsciiOnly(Mailbox):
    async def notify(self, title: str, message: str) -> None:
        title.encode("ascii")


async def test_a_wrong_notifier_is_caught(run: Run) -> None:
    with pytest.raises(UnicodeError):
        await NotifierConformance().test_sends_what_it_is_given(AsciiOnly, run, "Ünïcode", "")


class Miner(ComputeBackend):
    name = "miner"

    def __init__(self, budget: FakeBudget) -> None:
        self.budget = budget
        self.lease: LeaseHandle | None = None

    async def start(self) -> None:
        self.lease = await self.budget.offer(OFFER)
        if self.lease.lease.state is LeaseState.GRANTED:
            await self.lease.started()

    async def stop(self) -> None:
        if self.lease is not None and self.lease.lease.state.open:
            await self.lease.give_back("stopping")


class Hoarder(Miner):
    async def stop(self) -> None:
        """Keep the lease."""


class Poacher(Miner):
    async def start(self) -> None:
        self.lease = await self.budget.offer(OFFER)
        await self.lease.started()


OFFER = Offer(
    offer_id="1",
    consumer="miner",
    title="A job",
    value_points=3.0,
    run=RunPhase(energy_wh=1.0, duration_s=600.0),
    finish=FinishPhase(energy_wh=0.1, duration_s=10.0, deadline_utc=NOW + timedelta(hours=5)),
)


class TestRightBackend(ComputeBackendConformance):
    @pytest.fixture
    def make(self, fake_budget: FakeBudget) -> Callable[[], Miner]:
        return lambda: Miner(fake_budget)


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [
        (Hoarder, "test_leaves_no_lease_open_when_it_stops"),
        (Poacher, "test_runs_nothing_without_a_lease"),
    ],
)
async def test_a_wrong_backend_is_caught(
    run: Run, fake_budget: FakeBudget, manual_clock: ManualClock, wrong: type[Miner], caught_by: str
) -> None:
    parts = {"run": run, "fake_budget": fake_budget, "manual_clock": manual_clock}
    await _must_fail(ComputeBackendConformance(), caught_by, lambda: wrong(fake_budget), parts)


async def _must_fail(suite: Any, test: str, make: Callable[[], Any], parts: dict[str, Any]) -> None:
    """Run one test of a suite by hand and see it fail, not skip."""
    function = getattr(suite, test)
    wanted = function.__func__.__code__.co_varnames[1 : function.__func__.__code__.co_argcount]
    arguments = {name: parts[name] for name in wanted if name != "make"}
    failed = (AssertionError, BusError, ContractError, RuntimeError, pytest.fail.Exception)
    with pytest.raises(failed):
        await function(make=make, **arguments)


def test_a_suite_has_no_test_of_what_its_object_lacks() -> None:
    assert TestRightBoard.test_keeps_the_time_it_is_given is None
    assert TestRightBoard.test_leaves_the_event_loop_alone is None
    assert TestRightBoard.test_holds_the_wake_that_its_receipt_says is not None
    assert PowerControllerConformance.test_keeps_the_time_it_is_given is not None


async def test_a_board_that_hides_a_capability_is_caught() -> None:
    class Hiding(PowerControllerConformance):
        lacks = frozenset({"wake"})

    with pytest.raises(AssertionError, match="it can wake"):
        await Hiding().test_hides_no_capability(Board)


async def test_an_object_that_hides_its_chip_is_caught(simulated_bus: SimulatedBus) -> None:
    class Hiding(SupplyMeterConformance):
        lacks = frozenset({"bus"})

    simulated_bus.attach(ADDRESS, Chip())
    with pytest.raises(AssertionError, match="a chip to be broken"):
        await Hiding().test_lacks_only_what_it_says(Board, simulated_bus)

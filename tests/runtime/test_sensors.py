from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

import pytest

from edgepi.errors import BusError, ContractError
from edgepi.model import Availability, Reading, ReadingDescription, State
from edgepi.plugin import Sensor
from edgepi.runtime.bus import EventBus
from edgepi.runtime.readings import ReadingDesk
from edgepi.runtime.sensors import OFF_REASON, SensorDuty
from edgepi.runtime.states import StateStore
from edgepi.testing.clock import ManualClock


class Thermometer(Sensor):
    name = "thermometer"
    interval_s = 10.0
    power_w = 0.02
    timeout_s = 0.05

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.reads: list[float] = []
        self.events: list[str] = []
        self.error: BaseException | None = None
        self.start_error: BaseException | None = None
        self.hang = False
        self.readings: Iterable[Reading] = [Reading("temperature", 21.5), Reading("humidity", 40.0)]

    def describe(self) -> Sequence[ReadingDescription]:
        return [
            ReadingDescription(key="temperature", name="Temperature", unit="°C"),
            ReadingDescription(key="humidity", name="Humidity", unit="%"),
        ]

    async def start(self) -> None:
        self.events.append("start")
        if self.start_error:
            raise self.start_error

    async def read(self) -> Iterable[Reading]:
        self.reads.append(self.clock.monotonic())
        if self.hang:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        return self.readings

    async def stop(self) -> None:
        self.events.append("stop")


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.states = StateStore(EventBus(), self.clock)
        self.log = logging.getLogger("edgepi.plugins.roof")
        self.desk = ReadingDesk(
            plugin="weather", instance="roof", states=self.states, settings={}, log=self.log
        )
        self.sensor = Thermometer(self.clock)
        self.desk.describe(self.sensor.describe())
        self.duty = self.make(self.sensor)

    def make(self, *sensors: Sensor, points_per_h: float = 5.0) -> SensorDuty:
        return SensorDuty(
            name="roof",
            sensors=sensors,
            desk=self.desk,
            clock=self.clock,
            log=self.log,
            points_per_h=points_per_h,
        )

    def state(self, key: str = "temperature") -> State:
        state = self.states.get(f"roof.{key}")
        assert state is not None
        return state


@pytest.fixture
def bench(caplog: pytest.LogCaptureFixture) -> Bench:
    caplog.set_level(logging.INFO)
    return Bench()


def test_levels_rise_in_power_and_worth_and_full_is_high(bench: Bench) -> None:
    off, saver, full = bench.make(bench.sensor, Thermometer(bench.clock)).levels()
    assert (off.name, off.power_w, off.points_per_h) == ("off", 0.0, 0.0)
    assert full.power_w == pytest.approx(0.04)
    assert full.points_per_h == 5.0
    assert saver.power_w == pytest.approx(0.008)
    assert 0 < saver.points_per_h < full.points_per_h


def test_importance_sets_what_full_is_worth(bench: Bench) -> None:
    assert bench.make(bench.sensor, points_per_h=0.5).levels()[-1].points_per_h == 0.5


async def test_nothing_is_read_before_a_level_is_applied(bench: Bench) -> None:
    await bench.duty.start()
    await bench.clock.advance(100)
    assert bench.sensor.reads == []


async def test_full_reads_each_interval_and_saver_each_five(bench: Bench) -> None:
    await bench.duty.apply("full")
    await bench.clock.advance(25)
    assert bench.sensor.reads == [0, 10, 20]
    await bench.duty.apply("saver")
    await bench.clock.advance(105)
    assert bench.sensor.reads == [0, 10, 20, 30, 80, 130]
    await bench.duty.stop()


async def test_going_up_from_saver_reads_at_once(bench: Bench) -> None:
    await bench.duty.apply("saver")
    await bench.clock.advance(12)
    await bench.duty.apply("full")
    await bench.clock.advance(0)
    assert bench.sensor.reads == [0, 12]
    await bench.duty.stop()


async def test_off_closes_the_sensor_and_says_why(bench: Bench) -> None:
    await bench.duty.apply("full")
    await bench.clock.advance(1)
    await bench.duty.apply("off")
    await bench.clock.advance(100)
    assert bench.sensor.reads == [0]
    assert bench.sensor.events == ["start", "stop"]
    assert bench.state().availability is Availability.UNAVAILABLE
    assert bench.state().reason == OFF_REASON
    await bench.duty.apply("full")
    await bench.clock.advance(1)
    assert bench.state().value == 21.5
    await bench.duty.stop()


async def test_going_off_lets_a_measurement_in_progress_end(bench: Bench) -> None:
    finished: list[str] = []

    class Slow(Thermometer):
        async def read(self) -> Iterable[Reading]:
            await asyncio.sleep(0.01)
            finished.append("read")
            return []

    duty = bench.make(Slow(bench.clock))
    await duty.apply("full")
    await bench.clock.advance(0)
    await duty.apply("off")
    assert finished == ["read"]


async def test_a_sensor_that_fails_is_logged_once_and_its_recovery_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.sensor.error = BusError("no answer at 0x76")
    await bench.duty.apply("full")
    await bench.clock.advance(600)
    assert bench.state().availability is Availability.UNAVAILABLE
    assert bench.state().reason == "no answer at 0x76"
    assert len(bench.sensor.reads) > 3
    bench.sensor.error = None
    await bench.clock.advance(900)
    assert bench.state().value == 21.5
    messages = [r.message for r in caplog.records]
    assert len(messages) == 2
    assert "'thermometer' fails: no answer at 0x76" in messages[0]
    assert "works again after" in messages[1]
    await bench.duty.stop()


async def test_faults_that_the_plugin_logs_itself_are_not_logged_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.sensor.logs_faults = False
    bench.sensor.error = BusError("no answer at 0x76")
    await bench.duty.apply("full")
    await bench.clock.advance(1)
    assert bench.state().reason == "no answer at 0x76"
    bench.sensor.error = None
    await bench.clock.advance(60)
    assert bench.state().value == 21.5
    assert caplog.records == []
    await bench.duty.stop()


async def test_a_failing_sensor_is_opened_anew_at_growing_distance(bench: Bench) -> None:
    bench.sensor.error = OSError(121, "Remote I/O error")
    await bench.duty.apply("full")
    await bench.clock.advance(200)
    assert bench.sensor.reads == [0, 10, 30, 70, 150]
    assert bench.sensor.events == ["start", "stop"] * 5
    assert bench.state().reason == "Remote I/O error"
    await bench.duty.stop()


async def test_a_sensor_that_cannot_start_is_let_go_and_started_again(bench: Bench) -> None:
    bench.sensor.start_error = BusError("nobody there")
    await bench.duty.apply("full")
    await bench.clock.advance(5)
    assert bench.sensor.events == ["start", "stop"]
    bench.sensor.start_error = None
    await bench.clock.advance(10)
    assert bench.state().value == 21.5
    await bench.duty.stop()


@pytest.mark.parametrize(
    ("error", "said"), [(SystemExit(1), "SystemExit"), (ValueError("oops"), "ValueError: oops")]
)
async def test_whatever_a_sensor_raises_is_contained(bench: Bench, error: BaseException, said: str) -> None:
    bench.sensor.error = error
    await bench.duty.apply("full")
    await bench.clock.advance(1)
    assert said in str(bench.state().reason)
    await bench.duty.stop()


async def test_a_read_that_hangs_is_given_up_after_its_timeout(bench: Bench) -> None:
    bench.sensor.hang = True
    await bench.duty.apply("full")
    await bench.clock.advance(0)
    await asyncio.sleep(0.1)
    assert "took longer than 0.05 s" in str(bench.state().reason)
    await bench.duty.stop()


async def test_a_hanging_sensor_does_not_delay_its_neighbour(bench: Bench) -> None:
    other = Thermometer(bench.clock)
    bench.sensor.hang = True
    duty = bench.make(bench.sensor, other)
    await duty.apply("full")
    await bench.clock.advance(35)
    assert other.reads == [0, 10, 20, 30]
    await duty.stop()


async def test_a_reading_left_out_becomes_unknown(bench: Bench) -> None:
    await bench.duty.apply("full")
    await bench.clock.advance(1)
    bench.sensor.readings = [Reading("temperature", 22.0)]
    await bench.clock.advance(10)
    assert bench.state("humidity").availability is Availability.UNKNOWN
    assert bench.state().value == 22.0
    await bench.duty.stop()


async def test_a_read_that_returns_no_list_is_contained(bench: Bench) -> None:
    bench.sensor.readings = 17  # type: ignore[assignment]
    await bench.duty.apply("full")
    await bench.clock.advance(1)
    assert "TypeError" in str(bench.state().reason)
    await bench.duty.stop()


@pytest.mark.parametrize("value", [float("nan"), -1.0, "10", None, True])
def test_impossible_numbers_of_a_sensor_break_the_contract(bench: Bench, value: object) -> None:
    bench.sensor.interval_s = value  # type: ignore[assignment]
    with pytest.raises(ContractError, match="interval_s must be a number"):
        bench.make(bench.sensor)

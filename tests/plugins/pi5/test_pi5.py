from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import edgepi_pi5
from edgepi.errors import DeviceNotFoundError, HardwareError, VerificationError
from edgepi.model import WakePlan, WakeReasonKind
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pi5_clock import Pi5Clock
from edgepi.sim.chips.powerboard import TXD
from edgepi.sim.files import FILES
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance import PowerControllerConformance
from edgepi.testing.doubles import FakeHardware
from edgepi_pi5 import plugin
from edgepi_pi5.config import Pi5Config
from edgepi_pi5.controller import Pi5Controller

Build = Callable[..., Pi5Controller]


class TestPi5Controller(PowerControllerConformance):
    lacks = frozenset({"measure"})

    @pytest.fixture
    def addresses(self) -> tuple[int, ...]:
        return (FILES,)

    @pytest.fixture
    def lose_clock(self, board: Pi5Clock) -> Callable[[], None]:
        return board.lose_clock

    @pytest.fixture
    def make(self, build: Build) -> Callable[[], Pi5Controller]:
        return build


async def later(clock: ManualClock, bus: SimulatedBus, seconds: float) -> None:
    await clock.advance(seconds)
    bus.step(seconds)


async def night(clock: ManualClock, bus: SimulatedBus, board: Pi5Clock, hours: float) -> None:
    """Halt, and let time pass."""
    board.set_line(TXD, high=False)
    await later(clock, bus, hours * 3600.0)
    board.set_line(TXD, high=True)


async def sleep(controller: Pi5Controller, clock: ManualClock, hours: float = 8.0) -> None:
    await controller.arm(WakePlan(wake_utc=clock.now() + timedelta(hours=hours)))
    await controller.prepare_cut()
    await controller.stop()


def test_the_manifest_reads_and_fits_the_hooks() -> None:
    manifest = Manifest.read(Path(edgepi_pi5.__file__).with_name(MANIFEST_NAME))
    assert manifest.name == "pi5"
    assert manifest.offers == ("power_controllers",)
    assert plugin.config_schema().build is Pi5Config


async def test_another_machine_is_told_apart(fake_hardware: FakeHardware, build: Build) -> None:
    fake_hardware.files = None
    fake_hardware.attributes = {"/sys/class/rtc/rtc0/name": "rtc-ds1307 1-0068"}
    with pytest.raises(DeviceNotFoundError, match="no clock of a Raspberry Pi 5"):
        await build().start()


async def test_it_says_which_machine_it_is(build: Build) -> None:
    controller = build()
    assert controller.identity == ""
    await controller.start()
    assert controller.identity == "Raspberry Pi 5 Model B Rev 1.0"


async def test_its_clock_is_found_behind_another(fake_hardware: FakeHardware, build: Build) -> None:
    fake_hardware.files = None
    held = {"name": "rpi-rtc soc:rpi_rtc", "since_epoch": "1767225600", "wakealarm": ""}
    fake_hardware.attributes = {f"/sys/class/rtc/rtc1/{name}": text for name, text in held.items()}
    fake_hardware.attributes["/sys/class/rtc/rtc0/name"] = "rtc-ds1307 1-0068"
    controller = build()
    await controller.start()
    assert await controller.clock() == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(HardwareError, match="only rtc0 is set"):
        await controller.set_clock(datetime(2026, 1, 1, tzinfo=UTC))


async def test_it_sleeps_and_says_that_its_alarm_woke_it(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, simulated_bus: SimulatedBus
) -> None:
    first = build()
    await first.start()
    await sleep(first, manual_clock)
    await night(manual_clock, simulated_bus, board, 8.01)
    assert board.rail_on
    again = build()
    await again.start()
    reason = await again.last_reason()
    assert reason.kind is WakeReasonKind.ALARM
    restarted = build()
    await restarted.start()
    assert await restarted.last_reason() == reason, "a restart of the service is no start of the machine"


async def test_a_start_before_the_alarm_stays_unexplained(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, simulated_bus: SimulatedBus
) -> None:
    first = build()
    await first.start()
    await sleep(first, manual_clock)
    await night(manual_clock, simulated_bus, board, 1.0)
    board.press()
    again = build()
    await again.start()
    reason = await again.last_reason()
    assert reason.kind is WakeReasonKind.UNKNOWN
    assert "before its alarm" in reason.text


async def test_a_start_at_the_alarm_without_a_planned_halt_stays_unexplained(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, simulated_bus: SimulatedBus
) -> None:
    first = build()
    await first.start()
    await first.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1)))
    await night(manual_clock, simulated_bus, board, 1.01)
    again = build()
    await again.start()
    assert (await again.last_reason()).kind is WakeReasonKind.UNKNOWN


async def test_what_the_power_chip_says_comes_first(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, simulated_bus: SimulatedBus
) -> None:
    for volts in (4.2, 5.1):
        board.feed(input_v=12.8, output_v=volts, output_a=0.5, temperature_c=20.0)
        simulated_bus.step(1.0)
    controller = build()
    await controller.start()
    reason = await controller.last_reason()
    assert reason.kind is WakeReasonKind.POWER_CONNECTED
    assert "too low" in reason.text


async def test_registers_that_make_no_sense_explain_nothing(build: Build, board: Pi5Clock) -> None:
    board.state.rsts = 0x0000FF00
    controller = build()
    await controller.start()
    assert (await controller.last_reason()).kind is WakeReasonKind.UNKNOWN


@pytest.mark.parametrize("missing", ["POWER_OFF_ON_HALT=1", "WAKE_ON_GPIO=0"])
async def test_a_boot_loader_that_is_not_set_is_a_doubt_with_what_to_type(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, missing: str
) -> None:
    board.state.settings = board.state.settings.replace(missing, "")
    controller = build()
    await controller.start()
    receipt = await controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1)))
    assert not receipt.certain
    assert "rpi-eeprom-config --edit" in receipt.doubts[0]
    assert receipt.doubts[0] in await controller.health()


@pytest.mark.parametrize(("key", "certain"), [("auto", False), ("yes", True)])
async def test_settings_that_cannot_be_read_are_doubted_unless_vouched_for(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, key: str, certain: bool
) -> None:
    board.state.settings = "\x00\x00"
    controller = build(power_off_on_halt=key)
    await controller.start()
    receipt = await controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1)))
    assert receipt.certain is certain


async def test_a_pi_that_waits_for_its_button_does_not_promise_to_start_with_its_supply(
    build: Build, board: Pi5Clock, manual_clock: ManualClock
) -> None:
    board.state.settings += "WAIT_FOR_POWER_BUTTON=1\n"
    controller = build()
    await controller.start()
    assert not controller.capabilities.can_wake_on_power
    receipt = await controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1)))
    assert len(receipt.triggers) == 1
    assert receipt.certain
    assert any("WAIT_FOR_POWER_BUTTON" in sentence for sentence in await controller.health())


async def test_a_near_or_past_wake_is_moved_where_it_cannot_be_missed(
    build: Build, board: Pi5Clock, manual_clock: ManualClock
) -> None:
    controller = build(alarm_margin=300.0)
    await controller.start()
    receipt = await controller.arm(WakePlan(wake_utc=manual_clock.now() - timedelta(hours=1)))
    assert receipt.wake_utc is not None
    assert receipt.wake_utc >= manual_clock.now() + timedelta(seconds=299)
    assert "past or too near" in receipt.triggers[0]


async def test_an_alarm_that_passed_unseen_does_not_block_the_next(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, simulated_bus: SimulatedBus
) -> None:
    board.set_attribute("/sys/class/rtc/rtc0/wakealarm", "+60")
    await later(manual_clock, simulated_bus, 600.0)
    controller = build()
    await controller.start()
    wanted = (manual_clock.now() + timedelta(hours=1)).replace(microsecond=0)
    assert (await controller.arm(WakePlan(wake_utc=wanted))).wake_utc == wanted
    await controller.disarm()
    assert board.attribute("/sys/class/rtc/rtc0/wakealarm") == ""


async def test_other_software_that_sets_the_alarm_is_noticed(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = build()
    await controller.start()
    monkeypatch.setattr(board.rtc, "wakealarm", lambda: "1900000000")
    with pytest.raises(VerificationError, match="holds the alarm 2030"):
        await controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1)))


async def test_a_user_without_the_right_is_told_how_to_get_it(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, text: str) -> None:
        del text
        error = HardwareError(f"{path} cannot be written: Permission denied")
        error.errno = errno.EACCES
        raise error

    monkeypatch.setattr(board, "set_attribute", refuse)
    controller = build()
    await controller.start()
    with pytest.raises(HardwareError, match="may not set the Pi 5's alarm") as caught:
        await controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1)))
    assert "service install" in str(caught.value.hint)


async def test_the_button_asks_the_node_to_go(build: Build, board: Pi5Clock) -> None:
    asked: list[str] = []
    controller = build()
    controller.on_shutdown_request = asked.append
    await controller.start()
    board.press()
    assert asked == ["the Pi's button was pressed"]
    await controller.stop()
    board.release()
    board.press()
    assert len(asked) == 1


async def test_a_button_may_be_left_alone_or_missing(
    build: Build, board: Pi5Clock, fake_hardware: FakeHardware, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    ignoring = build(button=False)
    await ignoring.start()
    board.press()
    assert not caplog.records
    fake_hardware.keys.clear()
    watching = build()
    await watching.start()
    assert any("button is not watched" in sentence for sentence in await watching.health())


@pytest.mark.parametrize(("cell_v", "words"), [(0.0, "no cell at J5"), (2.1, "2.10 V"), (3.0, None)])
async def test_the_cell_at_j5_is_looked_after(
    build: Build, board: Pi5Clock, cell_v: float, words: str | None
) -> None:
    board.state.cell_v = cell_v
    controller = build()
    await controller.start()
    health = " ".join(await controller.health())
    assert (words in health) if words else not health


async def test_a_node_that_knows_the_time_sets_the_clock(
    build: Build, board: Pi5Clock, manual_clock: ManualClock
) -> None:
    board.lose_clock()
    await build().start()
    shown = board.clock_utc()
    assert shown is not None
    assert abs((shown - manual_clock.now()).total_seconds()) <= 1.0


async def test_a_node_that_does_not_takes_the_clocks_time(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, fake_hardware: FakeHardware
) -> None:
    manual_clock.trusted = False
    board.set_clock(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))
    await build().start()
    assert fake_hardware.clock_sets == [datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)]


async def test_when_nobody_knows_the_time_it_is_said_and_no_alarm_is_set(
    build: Build, board: Pi5Clock, manual_clock: ManualClock, fake_hardware: FakeHardware
) -> None:
    manual_clock.trusted = False
    board.lose_clock()
    controller = build()
    await controller.start()
    assert await controller.clock() is None
    assert fake_hardware.clock_sets == []
    assert any("knows the time" in sentence for sentence in await controller.health())
    with pytest.raises(HardwareError, match="lost the time"):
        await controller.arm(WakePlan(wake_utc=manual_clock.now() + timedelta(hours=1)))


async def test_an_alarm_that_could_come_while_the_pi_still_halts_is_put_off(
    build: Build, board: Pi5Clock, manual_clock: ManualClock
) -> None:
    controller = build()
    await controller.start()
    await sleep(controller, manual_clock, hours=0.05)
    for _ in range(300):
        board.step(1.0)
    board.set_line(TXD, high=False)
    for _ in range(30):
        board.step(1.0)
    assert not board.rail_on
    for _ in range(60):
        board.step(1.0)
    assert board.rail_on

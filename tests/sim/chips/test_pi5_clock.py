"""The Pi 5's own clock, button and power chip, at the level at which software sees them."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta

import pytest

from edgepi.errors import HardwareError
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips.pi5_clock import Pi5Clock
from edgepi.sim.chips.powerboard import KEY_POWER, TXD, AttributeBoard, BoardEvent

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
WAKE = "/sys/class/rtc/rtc0/wakealarm"
RSTS = "/proc/device-tree/chosen/bootloader/rsts"
RESET = "/proc/device-tree/chosen/power/power_reset"


class Desk:
    """A Pi 5 with a supply and somebody who handles it."""

    def __init__(self) -> None:
        self.board = Pi5Clock()
        self.bus = SimulatedBus()
        self.events: list[str] = []
        self.keys: list[int] = []
        self.board.on_event = self._told
        self.board.on_key = self.keys.append
        self.board.attach(self.bus)
        self.board.set_clock(NOW)
        self.supply(5.1)
        self.board.power_on()
        self.board.set_line(TXD, high=True)

    def _told(self, event: BoardEvent) -> None:
        self.events.append(event.kind)

    def supply(self, volts: float) -> None:
        self.board.feed(
            input_v=12.8 if volts else 0.0, output_v=volts or 5.1, output_a=0.0, temperature_c=20.0
        )

    def halt(self) -> None:
        self.board.set_line(TXD, high=False)
        self.bus.step(5.0)

    def write(self, text: str) -> str:
        self.board.set_attribute(WAKE, text)
        return self.board.attribute(WAKE)

    def refuses(self, text: str) -> int | None:
        with pytest.raises(HardwareError) as caught:
            self.board.set_attribute(WAKE, text)
        return caught.value.errno


@pytest.fixture
def desk() -> Desk:
    return Desk()


def epoch(**later: int) -> str:
    return str(int((NOW + timedelta(**later)).timestamp()))


def test_it_is_seen_through_files_and_a_key(desk: Desk) -> None:
    assert isinstance(desk.board, AttributeBoard)
    assert desk.board.attribute("/sys/class/rtc/rtc0/name").startswith("rpi-rtc ")
    assert desk.board.attribute("/sys/class/rtc/rtc0/since_epoch") == epoch()
    assert desk.board.attribute("/sys/class/rtc/rtc0/date") == "2026-06-01"
    assert desk.board.attribute("/sys/class/rtc/rtc0/time") == "12:00:00"
    assert desk.bus.addresses() == ()


def test_an_alarm_is_set_from_now_or_from_1970_and_shown(desk: Desk) -> None:
    assert desk.board.attribute(WAKE) == ""
    assert desk.write("+600") == epoch(minutes=10)
    assert desk.write("0") == ""
    assert desk.write(epoch(hours=1)) == epoch(hours=1)
    assert desk.write("+=60") == epoch(hours=1, minutes=1)


def test_a_second_alarm_is_refused_while_one_is_set(desk: Desk) -> None:
    desk.write("+600")
    assert desk.refuses("+1200") == errno.EBUSY
    assert desk.board.attribute(WAKE) == epoch(minutes=10)


def test_a_time_in_the_past_is_no_error_but_switches_the_alarm_off(desk: Desk) -> None:
    desk.write("+600")
    assert desk.write(epoch(minutes=-1)) == ""


@pytest.mark.parametrize("text", ["", "soon", "12:00", "1e9", "+-", "+=60"])
def test_what_is_no_number_and_a_push_of_nothing_are_refused(desk: Desk, text: str) -> None:
    assert desk.refuses(text) == errno.EINVAL


def test_an_alarm_that_passed_unseen_blocks_the_next_until_it_is_cleared(desk: Desk) -> None:
    desk.write("+60")
    desk.bus.step(120.0)
    assert desk.board.attribute(WAKE) == epoch(seconds=60)
    assert desk.refuses("+600") == errno.EBUSY
    desk.board.set_rtc(NOW + timedelta(minutes=2))
    assert desk.board.attribute(WAKE) == ""
    assert desk.write("+600") == epoch(minutes=12)


def test_the_alarm_starts_a_machine_that_was_halted(desk: Desk) -> None:
    desk.write("+600")
    desk.halt()
    assert not desk.board.rail_on
    desk.bus.step(590.0)
    assert not desk.board.rail_on
    desk.bus.step(10.0)
    assert desk.board.rail_on
    assert desk.board.reason() == "its alarm"
    assert desk.board.attribute(WAKE) == "", "it has passed"
    assert desk.events == ["on", "halt_seen", "cut", "on"]


def test_an_alarm_that_comes_before_the_halt_is_lost(desk: Desk) -> None:
    desk.write("+600")
    desk.bus.step(700.0)
    desk.halt()
    desk.bus.step(86400.0)
    assert not desk.board.rail_on


@pytest.mark.parametrize("missing", ["POWER_OFF_ON_HALT=1", "WAKE_ON_GPIO=0"])
def test_without_its_settings_it_stays_on_and_nothing_but_the_button_starts_it(
    desk: Desk, missing: str
) -> None:
    desk.board.state.settings = desk.board.state.settings.replace(missing, "")
    desk.write("+600")
    desk.halt()
    desk.bus.step(1200.0)
    assert desk.board.rail_on
    assert not desk.board.asks_to_go
    desk.board.press()
    desk.board.release()
    assert not desk.board.rail_on
    desk.bus.step(1.0)
    assert desk.board.rail_on
    assert desk.board.reason() == "its button"


def test_settings_for_other_machines_do_not_count(desk: Desk) -> None:
    desk.board.state.settings = (
        "[all]\nPOWER_OFF_ON_HALT=0\nWAKE_ON_GPIO=0\n[pi4]\nPOWER_OFF_ON_HALT=1\n[none]\nPOWER_OFF_ON_HALT=1"
    )
    desk.halt()
    assert desk.board.rail_on


def test_a_short_press_is_a_key_and_a_long_one_cuts(desk: Desk) -> None:
    desk.board.press()
    desk.bus.step(1.0)
    desk.board.release()
    assert desk.keys == [KEY_POWER]
    assert desk.board.rail_on
    desk.board.press()
    desk.bus.step(10.0)
    assert not desk.board.rail_on
    desk.board.release()
    desk.board.press()
    assert desk.board.rail_on
    assert desk.keys == [KEY_POWER, KEY_POWER]


def test_it_dies_of_a_low_supply_and_starts_at_once_when_it_is_back(desk: Desk) -> None:
    desk.write("+600")
    desk.halt()
    desk.supply(4.4)
    desk.bus.step(1.0)
    assert not desk.board.powered
    desk.supply(4.7)
    desk.bus.step(1.0)
    assert not desk.board.powered, "not before it is safely back"
    desk.supply(5.1)
    desk.bus.step(1.0)
    assert desk.board.rail_on
    assert desk.board.attribute(WAKE) == epoch(minutes=10), "its own alarm still stands"
    assert desk.board.attribute(RESET) == "\0\0\0\2", "under voltage"


def test_it_may_be_told_to_wait_for_the_button_after_an_outage(desk: Desk) -> None:
    desk.board.state.settings += "WAIT_FOR_POWER_BUTTON=1\n"
    for volts in (0.0, 5.1):
        desk.supply(volts)
        desk.bus.step(60.0)
    assert desk.board.powered
    assert not desk.board.rail_on


@pytest.mark.parametrize(("cell_v", "kept"), [(3.0, True), (0.0, False)])
def test_only_a_cell_keeps_the_time_without_a_supply(desk: Desk, cell_v: float, kept: bool) -> None:
    desk.board.state.cell_v = cell_v
    desk.write("+6000")
    for volts in (0.0, 5.1):
        desk.supply(volts)
        desk.bus.step(60.0)
    shown = desk.board.clock_utc()
    assert shown is not None
    assert (shown.year == NOW.year) is kept
    assert (desk.board.attribute(WAKE) != "") is kept


def test_an_alarm_may_fail(desk: Desk) -> None:
    desk.board.alarms_to_miss = 1
    desk.write("+60")
    desk.halt()
    desk.bus.step(120.0)
    assert not desk.board.rail_on
    assert desk.events[-1] == "alarm_lost"


def test_it_tells_a_restart_from_a_start_and_each_boot_from_the_last(desk: Desk) -> None:
    assert desk.board.attribute(RSTS) == "\0\0\x10"
    boot = desk.board.attribute("/proc/sys/kernel/random/boot_id")
    desk.halt()
    desk.board.press()
    assert desk.board.attribute("/proc/sys/kernel/random/boot_id") != boot


def test_no_other_file_is_there_or_may_be_written(desk: Desk) -> None:
    with pytest.raises(HardwareError) as missing:
        desk.board.attribute("/sys/class/rtc/rtc1/name")
    assert missing.value.errno == errno.ENOENT
    with pytest.raises(HardwareError) as closed:
        desk.board.set_attribute("/sys/class/rtc/rtc0/since_epoch", "0")
    assert closed.value.errno == errno.EACCES

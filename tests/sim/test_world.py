from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepi.errors import BusError, RequestError, WorldError
from edgepi.sim.battery import BatterySpec
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import ADS1115, Reg, WittyPi4
from edgepi.sim.chips import boards as all_boards
from edgepi.sim.chips.pcf85063 import to_bcd
from edgepi.sim.draw import NodeState
from edgepi.sim.vane import vane_volts
from edgepi.sim.world import GPIO4, SYS_UP, TXD, World, WorldSpec

MORNING = datetime(2022, 1, 2, 15, 0, tzinfo=UTC)


def world(**spec: object) -> World:
    return World(WorldSpec(**{"start_utc": MORNING, **spec}))  # type: ignore[arg-type]


def running(**spec: object) -> World:
    """A world whose node is up, as the board sees it."""
    made = world(**spec)
    made.advance(1.0)
    made.node = NodeState.UP
    made.set_line(TXD, high=True)
    for high in (True, False, True, False):
        made.set_line(SYS_UP, high=high)
    made.advance(5.0)
    return made


def register(made: World, number: int) -> int:
    return made.bus.read_byte_data(0x08, number)


def halt(made: World) -> None:
    made.node_ended(NodeState.HALTED)
    made.set_line(TXD, high=False)


def test_a_new_world_gives_power_at_once() -> None:
    made = world()
    told: list[bool] = []
    made.on_rail = told.append
    made.advance(1.0)
    assert told == [True]


@settings(deadline=None, max_examples=12)
@given(hours=st.floats(0.05, 0.5), soc=st.floats(0.0, 1.0), up=st.booleans())
def test_energy_is_neither_made_nor_lost(hours: float, soc: float, up: bool) -> None:
    made = world(start_soc=soc)
    made.on_rail = lambda on: setattr(made, "node", NodeState.UP if on and up else NodeState.OFF)
    before_wh = made.battery.stored_wh
    for quarter in range(1, 5):
        made.advance(quarter * hours * 900.0)
    assert made.battery.stored_wh - before_wh == pytest.approx(made.battery.books.gain_wh, abs=1e-6)


def test_the_sun_of_a_clear_day_fills_the_battery_and_the_night_draws_it() -> None:
    made = running(start_utc=datetime(2022, 1, 2, 18, 30, tzinfo=UTC))
    before = made.battery.soc
    made.advance(3600.0)
    assert made.battery.soc > before + 0.1
    night = running(start_utc=datetime(2022, 1, 3, 6, 0, tzinfo=UTC))
    before = night.battery.soc
    night.advance(3600.0)
    assert night.battery.soc == pytest.approx(before - night.load_w / 0.95 / 77.0, abs=0.002)


def test_a_halt_that_the_board_has_seen_is_followed_by_the_cut() -> None:
    made = running()
    told: list[float] = []
    made.on_rail = lambda on: told.append(made.time_s if not on else -1.0)
    halt(made)
    made.advance(60.0)
    assert told == [pytest.approx(12.0, abs=0.5)]
    assert made.node is NodeState.OFF
    assert made.load_w == pytest.approx(made.spec.standby_w)


def test_an_alarm_wakes_the_node_in_its_second() -> None:
    made = running()
    wake = datetime.fromtimestamp(made.wall_s, UTC) + timedelta(hours=1)
    for offset, value in enumerate((wake.second, wake.minute, wake.hour, wake.day)):
        made.bus.write_byte_data(0x08, Reg.ALARM1 + offset, to_bcd(value))
    halt(made)
    made.advance(60.0)
    told: list[float] = []
    made.on_rail = lambda _on: told.append(made.wall_s)
    made.advance(made.time_s + 2 * 3600.0)
    assert told == [pytest.approx(wake.timestamp(), abs=2.0)]
    assert register(made, Reg.REASON) == 1


def test_the_board_measures_the_battery_and_what_the_node_draws() -> None:
    made = running()
    volts = register(made, 1) + register(made, 2) / 100
    assert volts == pytest.approx(made.battery.terminal_v, abs=0.07)
    amps = register(made, 5) + register(made, 6) / 100
    assert amps == pytest.approx(made.node_w / 5.1, abs=0.03)


def test_an_empty_battery_takes_the_boards_own_voice() -> None:
    made = running(
        start_soc=0.02,
        panel_w=0.1,
        battery=BatterySpec(capacity_wh=5.0),
        start_utc=datetime(2022, 1, 2, 3, tzinfo=UTC),
    )
    told: list[bool] = []
    made.on_rail = told.append
    made.advance(3600.0)
    assert told == [False]
    with pytest.raises(BusError):
        register(made, 0)


def test_the_vane_hangs_on_a_converter_and_follows_the_measured_wind() -> None:
    made = running()
    made.bus.write_i2c_block_data(0x48, 1, [0xC1, 0x83])  # input 0 against ground, 6.144 V, one shot
    made.advance(made.time_s + 0.5)
    high, low = made.bus.read_i2c_block_data(0x48, 0, 2)
    volts = (high << 8 | low) * 6.144 / 32768
    assert volts == pytest.approx(vane_volts(made.weather.wind_direction_deg), abs=0.001)
    assert 0.1 < volts < 3.2
    made.bus.write_i2c_block_data(0x48, 1, [0xF1, 0x83])  # input 3: the supply
    made.advance(made.time_s + 0.5)
    high, low = made.bus.read_i2c_block_data(0x48, 0, 2)
    assert (high << 8 | low) * 6.144 / 32768 == pytest.approx(3.3, abs=0.001)


def test_wind_and_rain_keep_out_of_the_way_of_a_boards_own_pins() -> None:
    assert set(running().pulses.totals) == {5, 6}
    made = world(power_board="wittypi4l3v7", battery=BatterySpec(cells=1))
    assert set(made.pulses.totals) == {23, 24}
    again = world()
    again.restore(made.to_dict())
    assert set(again.pulses.totals) == {23, 24}


def test_a_second_sensor_stands_indoors() -> None:
    assert running().bus.read_byte_data(0x77, 0xD0) == 0x58


def test_the_converter_moves_over_if_the_power_board_has_a_chip_at_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class WithThermometer(WittyPi4):
        def attach(self, bus: SimulatedBus) -> None:
            super().attach(bus)
            bus.attach(0x48, self)

    monkeypatch.setattr(all_boards, "BOARDS", {"wittypi4": WithThermometer})
    made = running()
    assert isinstance(made.bus.chip(0x48), WithThermometer)
    assert isinstance(made.bus.chip(0x49), ADS1115)


def test_a_request_of_the_board_pulls_the_line_and_is_told() -> None:
    made = running()
    told: list[tuple[int, bool]] = []
    events: list[str] = []
    made.on_line = lambda pin, high: told.append((pin, high))
    made.on_board = lambda event: events.append(event.kind)
    made.board.press()
    made.board.release()
    made.advance(made.time_s + 1.0)
    assert (GPIO4, False) in told
    assert "request" in events


def test_chips_on_the_nodes_own_rail_forget_everything_with_it() -> None:
    made = running()
    made.bus.write_byte_data(0x76, 0xF4, 0x27)
    assert made.bus.read_byte_data(0x76, 0xF4) == 0x27
    halt(made)
    made.advance(60.0)
    made.board.power_on()
    made.advance(61.0)
    assert made.bus.read_byte_data(0x76, 0xF4) == 0x00


def test_lines_show_what_is_driven_and_only_that() -> None:
    made = running()
    assert made.lines == {GPIO4: True, TXD: True, SYS_UP: False}
    made.release_line(SYS_UP)
    assert SYS_UP not in made.lines


def test_a_pin_that_no_pi_has_is_refused() -> None:
    with pytest.raises(RequestError):
        world().set_line(28, high=True)


def test_a_saved_world_goes_on_as_if_nothing_had_been() -> None:
    made = running()
    made.advance(1800.0)
    saved = json.loads(json.dumps(made.to_dict()))
    again = world()
    again.restore(saved)
    assert again.wall_s == made.wall_s
    assert again.battery.books == made.battery.books
    for one in (made, again):
        one.node = NodeState.UP
        one.advance(3600.0)
    assert again.battery.stored_wh == pytest.approx(made.battery.stored_wh)
    assert again.board.clock_utc() == made.board.clock_utc()
    assert again.pulses.totals == made.pulses.totals


def test_a_world_saved_before_boards_had_names_has_a_witty_pi_4() -> None:
    saved = world().to_dict()
    assert saved.pop("power_board") == "wittypi4"
    again = world()
    again.restore(saved)
    assert again.board.name == "wittypi4"


def test_a_saved_world_with_a_board_that_nobody_knows_is_refused() -> None:
    with pytest.raises(WorldError, match="wittypi4"):
        world().restore({**world().to_dict(), "power_board": "toaster"})


def test_a_world_with_a_board_that_nobody_knows_is_refused() -> None:
    with pytest.raises(WorldError, match="toaster"):
        world(power_board="toaster")


def test_the_truth_says_which_board_switches_and_why_it_last_did() -> None:
    truth = running().truth()
    assert (truth["power_board"], truth["reason"]) == ("wittypi4", "power connected")


@pytest.mark.parametrize("key", ["battery", "board", "pulses", "time_s"])
def test_a_saved_world_that_lacks_something_is_refused(key: str) -> None:
    saved = world().to_dict()
    saved[key] = None
    with pytest.raises(WorldError, match="--fresh"):
        world().restore(saved)


def test_the_truth_can_be_told_in_json() -> None:
    truth = json.loads(json.dumps(running().truth()))
    assert truth["rain_is_synthetic"] is True
    assert truth["node"] == "up"
    assert 0.0 < truth["soc"] < 1.0

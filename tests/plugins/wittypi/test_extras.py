"""Settings of the board that EdgePi itself does not need, on each generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import voluptuous as vol

from edgepi.sim.chips.wittypi3 import WittyPi3
from edgepi.sim.chips.wittypi3_registers import Reg3
from edgepi.sim.chips.wittypi4 import WittyPi4
from edgepi.sim.chips.wittypi4_registers import Reason, Reg
from edgepi.sim.chips.wittypi5 import WittyPi5
from edgepi.sim.chips.wittypi5_registers import Reg5
from edgepi.testing.clock import ManualClock
from edgepi.testing.driving import drive
from edgepi_wittypi import plugin
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.extras import Extras

from .conftest import MakeController, Seat

POWER_BANK = {"pulse_interval": 3.0, "led": 0.05, "dummy_load": 0.12}


def feed(board: Any, temperature_c: float = 21.0) -> None:
    board.feed(input_v=12.8, output_v=5.1, output_a=0.5, temperature_c=temperature_c)
    board.step(1.0)


async def start(controller: MakeController, manual_clock: ManualClock, **extras: Any) -> None:
    await drive(controller(extras=Extras(**extras)).start(), manual_clock)


async def test_a_power_bank_is_kept_awake_by_a_4(
    controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi4()
    feed(board)
    seat(board)
    await start(controller, manual_clock, **POWER_BANK)
    held = board.memory
    assert (held[Reg.PULSE_INTERVAL], held[Reg.BLINK_LED], held[Reg.DUMMY_LOAD]) == (3, 50, 120)
    burnt = board.eeprom_writes
    await start(controller, manual_clock, **POWER_BANK)
    assert board.eeprom_writes - burnt <= 1, "what is held is not written again"


async def test_a_3_takes_the_next_shorter_interval_that_it_knows(
    controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi3()
    feed(board)
    seat(board)
    for wanted, code in ((1.0, 6), (2.0, 7), (3.0, 7), (4.0, 8), (8.0, 9), (60.0, 9)):
        await start(controller, manual_clock, pulse_interval=wanted, dummy_load=0.2)
        assert board.memory[Reg3.PULSE_INTERVAL] == code
    assert board.memory[Reg3.DUMMY_LOAD] == 200


@pytest.mark.parametrize(("offset", "code"), [(0.12, 12), (-0.05, 133), (0.0, 0), (-1.26, 254)])
async def test_a_3_measures_with_the_offset(
    offset: float, code: int, controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi3()
    feed(board)
    seat(board)
    await start(controller, manual_clock, input_offset=offset)
    assert board.memory[Reg3.ADJ_VIN] == code
    assert board.memory.adjustment(Reg3.ADJ_VIN) == pytest.approx(offset)


@pytest.mark.parametrize("offset", [0.0, 0.31, -0.4, -0.01])
async def test_a_4_measures_with_the_offset_also_after_it_was_without_power(
    offset: float, controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi4()
    feed(board)
    seat(board)
    await start(controller, manual_clock, input_offset=offset)
    board.memory.load()
    assert board.memory.signed_centi(Reg.ADJ_VIN) == pytest.approx(offset, abs=0.011)


async def test_a_4_goes_down_in_the_heat_as_it_is_told(
    controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi4()
    feed(board)
    seat(board)
    await start(controller, manual_clock, hot_above=60, hot_action="shutdown")
    for _ in range(130):
        feed(board, 59.0)
    assert not board.asks_to_go
    feed(board, 61.5)
    feed(board, 61.5)
    assert board.asks_to_go
    assert board.memory[Reg.REASON] == Reason.OVER_TEMPERATURE


@pytest.mark.parametrize("celsius", [-20, -2, -1, 0, 5])
async def test_a_frost_of_one_degree_is_not_taken_for_an_empty_cell(
    celsius: int, controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi4()
    feed(board)
    seat(board)
    await start(controller, manual_clock, cold_below=celsius, cold_action="shutdown")
    board.memory.load()  # as after an outage
    held = board.memory[Reg.BELOW_POINT]
    assert (held - 256 if held > 127 else held) == pytest.approx(celsius, abs=1)


async def test_a_5_has_the_actions_the_other_way_round(
    controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi5()
    seat(board)
    cold, hot = {"cold_below": -1, "cold_action": "start"}, {"hot_above": 70, "hot_action": "shutdown"}
    await start(controller, manual_clock, **cold, **hot, **POWER_BANK, priority="input", hot_standby=True)
    held = board.memory
    assert (held.signed(Reg5.BELOW_POINT), held[Reg5.BELOW_ACTION]) == (-1, 1)
    assert (held[Reg5.OVER_POINT], held[Reg5.OVER_ACTION]) == (70, 2)
    assert (held[Reg5.PRIORITY], held[Reg5.HOT_STANDBY], held[Reg5.DUMMY_LOAD]) == (1, 1, 120)
    assert held.file is not None, "the board saves it"
    assert held.file[Reg5.OVER_POINT] == 70
    await start(controller, manual_clock, cold_action="none", hot_action="none", priority="usb")
    assert (held[Reg5.BELOW_ACTION], held[Reg5.OVER_ACTION], held[Reg5.PRIORITY]) == (0, 0, 0)


@pytest.mark.parametrize(
    "case",
    [
        (WittyPi3, {"hot_above": 60, "hot_action": "shutdown"}),
        (WittyPi4, {"priority": "usb"}),
        (WittyPi5, {"input_offset": 0.1}),
    ],
)
async def test_what_a_board_does_not_have_is_said(
    case: tuple[Callable[[], Any], Mapping[str, Any]],
    controller: MakeController,
    manual_clock: ManualClock,
    seat: Seat,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made, extras = case
    board = made()
    feed(board)
    seat(board)
    await start(controller, manual_clock, **extras)
    named = ", ".join(f"`{key}`" for key in extras)
    assert f"{named} cannot be set on the Witty Pi" in caplog.text


async def test_without_them_nothing_of_it_is_touched(
    controller: MakeController, manual_clock: ManualClock, seat: Seat
) -> None:
    board = WittyPi4()
    feed(board)
    seat(board)
    theirs = {
        Reg.PULSE_INTERVAL: 9,
        Reg.DUMMY_LOAD: 77,
        Reg.ADJ_VIN: 11,
        Reg.OVER_ACTION: 1,
        Reg.OVER_POINT: 62,
    }
    for register, value in theirs.items():
        board.memory[register] = value
    await start(controller, manual_clock)
    assert {register: board.memory[register] for register in theirs} == theirs


def test_they_are_keys_of_the_section() -> None:
    schema = plugin.config_schema()
    keys = {"dummy_load": "120ms", "pulse_interval": "3s", "hot_above": 60, "hot_action": "shutdown"}
    values = vol.Schema(dict(schema.fields))(keys)
    wanted = Extras(dummy_load=0.12, pulse_interval=3.0, hot_above=60, hot_action="shutdown")
    assert schema.build(**values) == WittyPiConfig(extras=wanted)


def test_an_action_needs_its_temperature() -> None:
    with pytest.raises(vol.Invalid, match="cold_below"):
        plugin.config_schema().build(cold_action="shutdown")
    assert plugin.config_schema().build(cold_action="none").extras.cold_action == "none"

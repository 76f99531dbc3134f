from __future__ import annotations

import pytest

from edgepi.energy.battery import CHEMISTRIES, Battery
from edgepi.energy.simulation.cell import Cell, CellVoltage

ANY_CHEMISTRY = pytest.mark.parametrize("chemistry", sorted(CHEMISTRIES))


@ANY_CHEMISTRY
def test_after_a_load_the_voltage_rises_for_hours_yet_not_to_where_charging_leaves_it(chemistry: str) -> None:
    battery = Battery.of(chemistry, 154.0)
    drained, charged = CellVoltage(battery), CellVoltage(battery)
    drained.step(-2.0, 1.0)
    charged.step(2.0, 1.0)
    at_once = drained.terminal_v(0.5, 0.0)
    drained.step(0.0, 1.0)
    after_an_hour = drained.terminal_v(0.5, 0.0)
    for volts in (drained, charged):
        volts.step(0.0, 48.0)
    assert at_once + 0.01 < after_an_hour < drained.terminal_v(0.5, 0.0) - 0.001
    apart = charged.terminal_v(0.5, 0.0) - drained.terminal_v(0.5, 0.0)
    assert 0.005 < apart / battery.cells < 0.025


@ANY_CHEMISTRY
def test_a_charger_holds_its_voltage_while_the_current_fades(chemistry: str) -> None:
    cell = Cell(Battery.of(chemistry, 154.0), soc=0.9)
    most_v = cell.battery.facts.absorb_v * cell.battery.cells
    amps = []
    for _ in range(150):
        cell.step(40.0, 3.0, 1 / 6)
        assert cell.voltage_v <= most_v + 1e-9
        amps.append(cell.current_a)
    assert amps[0] > 1.0
    assert max(amps[-20:]) < 0.5 * amps[0]
    assert cell.voltage_v == pytest.approx(most_v, rel=1e-3)


@ANY_CHEMISTRY
def test_what_comes_out_is_what_the_battery_holds(chemistry: str) -> None:
    cell, given_wh = Cell(Battery.of(chemistry, 154.0), soc=1.0), 0.0
    while cell.soc > 0.0:
        cell.step(0.0, 5.0, 0.1)
        given_wh += 0.5
    assert given_wh == pytest.approx(154.0, rel=0.08)

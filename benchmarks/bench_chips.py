"""How fast the simulated chips follow, and what the drivers ask of the bus."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from table import show

from edgepi.model import WakePlan
from edgepi.sim.bus import SimulatedBus
from edgepi.sim.chips import BME280, INA219, Reg, WittyPi4
from edgepi_wittypi.detection import detect

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOURS = 2


def main() -> None:
    board = WittyPi4()
    board.rtc.set(NOW)
    board.memory[Reg.DEFAULT_ON] = 1
    bus = SimulatedBus({0x08: board, 0x76: BME280(), 0x40: INA219()})
    begun_s = time.perf_counter()
    bus.step(HOURS * 3600.0)
    speed = HOURS * 3600.0 / (time.perf_counter() - begun_s)
    driver = detect(bus)
    driver.arm(WakePlan(wake_utc=NOW + timedelta(hours=9)), NOW, margin_s=120.0)
    burnt = board.eeprom_writes
    for minute in range(60):
        board.analog.vin_v = 13.0 + 0.002 * minute
        driver.measure()
    writes = (board.eeprom_writes - burnt) / 60
    show(
        "simulated chips and drivers",
        [
            ("world seconds per real second, three chips", f"{speed:,.0f}", "600 (ten times the demo)"),
            ("EEPROM cells burnt per reading, slow drift", f"{writes:.2f}", "1 or less"),
            ("years to 100,000 writes of one cell, a reading a minute", f"{_years(board):.1f}", "1 or more"),
        ],
    )


def _years(board: WittyPi4) -> float:
    worst = max(board.memory.writes[Reg.VIN : Reg.POWER_MODE])
    return 100_000 / max(worst, 1) / (24 * 365)


if __name__ == "__main__":
    main()

"""Makes the station statistics that ``edgepi simulate`` draws years from.

``python tools/make_stations.py DAILY.csv`` reads daily sums of global irradiation of the U.S. Climate
Reference Network (columns wban, lst_date, latitude, longitude, ghi_mj_m2_day, temp_mean_c) and writes
each day's clearness: the sum over that of a clear day on level ground at the same latitude.
"""

from __future__ import annotations

import csv
import sys
from datetime import date
from functools import cache
from pathlib import Path

from edgepi.energy.clearsky import clear_sky_day
from edgepi.energy.settings import SLOT_H, Site
from edgepi.energy.simulation.stations import DAYS, encode

TARGET = Path(__file__).parent.parent / "edgepi/energy/simulation/data/stations.txt"
HEADER = """\
# Daily clearness and mean temperature of stations of the U.S. Climate Reference Network, 2020.
# Source: NOAA National Centers for Environmental Information, daily data of USCRN. A work of the
# government of the United States, in the public domain. Made by tools/make_stations.py.
# Columns: station (WBAN), latitude, longitude, 366 days of clearness, 366 days of temperature.
# One character a day: ~ is missing, else its code less 33 is clearness / 0.015, or degrees C + 46.
"""
WH_PER_MJ = 1e6 / 3600.0
FEWEST_DAYS = 150
DARK_WH = 150.0

Days = dict[int, tuple[float | None, float | None]]


def main(argv: list[str]) -> int:
    """Write the file; 2 for wrong usage."""
    if len(argv) != 1:
        print(__doc__)
        return 2
    places, days = read(Path(argv[0]))
    lines = [line for wban in sorted(days) if (line := station(wban, *places[wban], days[wban]))]
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(HEADER + "\n".join(lines) + "\n", encoding="ascii")
    print(f"{TARGET}: {len(lines)} stations, {TARGET.stat().st_size / 1000:.0f} kB")
    return 0


def read(path: Path) -> tuple[dict[str, tuple[float, float]], dict[str, Days]]:
    """Places and days by station; a day holds MJ/m2 and degrees C, None where missing."""
    places: dict[str, tuple[float, float]] = {}
    days: dict[str, Days] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wban = row["wban"]
            places[wban] = float(row["latitude"]), float(row["longitude"])
            day = date.fromisoformat(row["lst_date"]).timetuple().tm_yday - 1
            values = row["ghi_mj_m2_day"], row["temp_mean_c"]
            light, warmth = (float(text) if text else None for text in values)
            days.setdefault(wban, {})[day] = light, warmth
    return places, days


def station(wban: str, latitude: float, longitude: float, days: Days) -> str | None:
    """One line of the file; None for a station that measured too few days."""
    clearness: list[float | None] = []
    for day in range(DAYS):
        light, clear_wh = days.get(day, (None, None))[0], clear_day_wh(latitude, day)
        clearness.append(None if light is None or clear_wh < DARK_WH else light * WH_PER_MJ / clear_wh)
    if sum(k is not None for k in clearness) < FEWEST_DAYS:
        return None
    warmth = [days.get(day, (None, None))[1] for day in range(DAYS)]
    return encode(wban, latitude, longitude, clearness, warmth)


@cache
def clear_day_wh(latitude: float, day: int) -> float:
    """Irradiation (Wh/m2) of level ground on a clear day."""
    site = Site(latitude=latitude, longitude=0.0, panel_w=1.0, tilt_deg=0.0)
    return sum(clear_sky_day(site, date.fromordinal(date(2020, 1, 1).toordinal() + day))) * SLOT_H


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

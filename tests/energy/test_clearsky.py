from __future__ import annotations

from datetime import date

import pytest

from edgepi.energy.clearsky import air_mass, clear_sky_day
from edgepi.energy.settings import Site


def test_air_mass_as_kasten_and_young_tabulated_it() -> None:
    assert air_mass(90.0) == pytest.approx(1.0, abs=1e-3)
    assert air_mass(30.0) == pytest.approx(1.994, abs=2e-3)
    assert air_mass(5.0) == pytest.approx(10.3, abs=0.1)


def test_a_south_plane_sees_most_at_solar_noon() -> None:
    light = clear_sky_day(Site(latitude=48.8, longitude=6.9, panel_w=40.0), date(2024, 3, 20))
    assert light.index(max(light)) in (23, 24)
    assert 900.0 < max(light) < 1150.0
    assert light[0] == 0.0


def test_an_east_plane_sees_most_in_the_morning() -> None:
    site = Site(latitude=48.8, longitude=6.9, panel_w=40.0, tilt_deg=60.0, azimuth_deg=90.0)
    light = clear_sky_day(site, date(2024, 6, 20))
    assert sum(light[:24]) > 1.5 * sum(light[24:])


def test_polar_night_gives_nothing_and_the_south_has_its_summer_in_january() -> None:
    assert max(clear_sky_day(Site(latitude=78.0, longitude=15.0, panel_w=40.0), date(2024, 12, 21))) == 0.0
    south = Site(latitude=-35.0, longitude=149.0, panel_w=40.0)
    assert sum(clear_sky_day(south, date(2024, 1, 5))) > sum(clear_sky_day(south, date(2024, 6, 25)))

from __future__ import annotations

from importlib.resources import files
from statistics import fmean

import pytest

from edgepi.energy.settings import Site
from edgepi.energy.simulation.climate import choose, draw, yearly_kwh_m2
from edgepi.energy.simulation.stations import DAYS, Station, encode, parse

TEXT = (files("edgepi.energy.simulation") / "data/stations.txt").read_text(encoding="ascii")
STATIONS = parse(TEXT)


def site(latitude: float = 48.8, **changes: float) -> Site:
    return Site(latitude=latitude, longitude=changes.pop("longitude", 0.0), panel_w=40.0, **changes)


def station(name: str = "x", latitude: float = 48.0, clearness: float | None = 0.6) -> Station:
    days = (clearness,) * DAYS
    return Station(name=name, latitude=latitude, longitude=-90.0, clearness=days, temperature_c=(5.0,) * DAYS)


def test_the_package_brings_stations_from_the_tropics_to_the_polar_circle_with_their_licence() -> None:
    latitudes = [found.latitude for found in STATIONS]
    assert len(STATIONS) > 100
    assert min(latitudes) < 21.0
    assert max(latitudes) > 66.5
    assert "public domain" in TEXT.splitlines()[2]
    assert len(TEXT) < 120_000


def test_what_is_written_is_read_again() -> None:
    clearness = [None if day % 50 == 0 else 0.3 + day / 1000 for day in range(DAYS)]
    found = parse(encode("7", 40.0, -105.0, clearness, [None, *range(-30, 30)] * 6))[0]
    assert found.clearness[0] is None
    assert found.clearness[1:50] == pytest.approx([0.3 + day / 1000 for day in range(1, 50)], abs=0.008)
    assert found.temperature_c[1] == -30.0


def test_without_a_yearly_sum_stations_of_the_latitude_span_dull_and_bright() -> None:
    climate = choose(STATIONS, site())
    sums = [like.kwh_m2 for like in climate.stations]
    assert all(abs(like.degrees_off) < 3.0 for like in climate.stations)
    assert max(sums) > 1.15 * min(sums)
    assert climate.doubts == ()


def test_a_yearly_sum_picks_stations_that_come_near_it() -> None:
    climate = choose(STATIONS, site(), kwh_m2=1150.0)
    assert all(abs(like.kwh_m2_off or 0.0) < 60.0 for like in climate.stations)
    assert all(abs(like.degrees_off) < 5.0 for like in climate.stations)


def test_a_place_beside_stations_takes_those() -> None:
    climate = choose(STATIONS, site(39.74, longitude=-105.18), near=True)
    assert climate.near
    assert all((like.distance_km or 999.0) < 250.0 for like in climate.stations)


@pytest.mark.parametrize(
    ("latitude", "word"), [(5.0, "tropics"), (-78.0, "70 degrees"), (0.0, "degrees of latitude")]
)
def test_places_that_no_station_is_like_are_doubted(latitude: float, word: str) -> None:
    assert any(word in doubt for doubt in choose(STATIONS, site(latitude)).doubts)


def test_the_same_seed_draws_the_same_year_and_another_another() -> None:
    climate = choose(STATIONS, site())
    one, same, other = draw(climate, 3, 1), draw(climate, 3, 1), draw(climate, 3, 2)
    assert one == same
    assert one.power_w != other.power_w
    assert len(one.power_w) == len(one.temperature_c) == 365 * 48


def test_a_larger_panel_sees_the_same_weather() -> None:
    small = draw(choose(STATIONS, site()), 0, 1, days=30)
    large = choose(STATIONS, Site(latitude=48.8, longitude=0.0, panel_w=80.0))
    assert draw(large, 0, 1, days=30).power_w == pytest.approx(small.scaled(2.0).power_w)


def test_a_drawn_year_has_the_sun_of_its_station_on_level_ground() -> None:
    flat = site(48.8, tilt_deg=0.0)
    climate = choose([station(clearness=0.6)], flat)
    drawn_kwh = draw(climate, 0, 1).harvest_wh / (40.0 * 0.78)
    assert drawn_kwh == pytest.approx(yearly_kwh_m2(station(clearness=0.6), flat), rel=0.02)


def test_dull_days_scatter_their_light_and_a_tilt_gains_less_of_it() -> None:
    def gain(clearness: float) -> float:
        climates = (choose([station(clearness=clearness)], site(48.8, tilt_deg=t)) for t in (60.0, 0.0))
        tilted, level = (draw(climate, 0, 1, days=31).harvest_wh for climate in climates)
        return tilted / level

    assert gain(0.9) > 1.6
    assert gain(0.2) < 1.1


def test_the_half_hours_of_a_broken_day_differ_more_than_those_of_a_clear_one() -> None:
    def unrest(clearness: float) -> float:
        power = draw(choose([station(clearness=clearness)], site()), 0, 1, days=60).power_w
        noons = [power[day * 48 + 22 : day * 48 + 27] for day in range(60)]
        return fmean(max(noon) / fmean(noon) for noon in noons)

    assert unrest(0.5) > 1.3
    assert unrest(1.0) < 1.15


def test_south_of_the_equator_the_year_is_mirrored() -> None:
    summer = tuple(0.9 if 90 <= day < 270 else 0.3 for day in range(DAYS))
    here = Station(name="s", latitude=35.0, longitude=-90.0, clearness=summer, temperature_c=(0.0,) * DAYS)
    climate = choose([here], site(-35.0))
    power = draw(climate, 0, 1).power_w
    january, july = sum(power[: 31 * 48]), sum(power[181 * 48 : 212 * 48])
    assert climate.mirrored
    assert january > 3.0 * july


def test_missing_days_take_what_was_measured_near_them() -> None:
    days = tuple(None if 100 <= day < 160 else 0.7 for day in range(DAYS))
    holed = Station(name="h", latitude=48.0, longitude=0.0, clearness=days, temperature_c=(None,) * DAYS)
    trace = draw(choose([holed], site()), 0, 1)
    assert min(sum(trace.power_w[day * 48 : day * 48 + 48]) for day in range(365)) > 0.0


def test_polar_night_is_dark_and_the_sun_comes_back() -> None:
    power = draw(choose(STATIONS, site(80.0)), 0, 1).power_w
    assert sum(power[: 20 * 48]) == 0.0
    assert sum(power[160 * 48 : 180 * 48]) > 0.0

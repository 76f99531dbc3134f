"""Years drawn from the weather of stations whose climate is like that of a site."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from edgepi.energy.settings import SLOT_H, EngineSettings, Site
from edgepi.energy.simulation.sky import Sky, sky_of
from edgepi.energy.simulation.stations import DAYS, Station
from edgepi.energy.simulation.trace import Trace
from edgepi.errors import TraceError

__all__ = ["Climate", "Likeness", "choose", "draw", "yearly_kwh_m2"]

_YEAR = 2025
_MIRROR_DAYS = 183
_BLOCK_DAYS = (5, 12)
_SEASON_DAYS = 20
_SEARCH_DAYS = 45
_NEAR_KM = 250.0
_MOST = 3
_AMONG = 11
# How much the half hours of a day differ from its mean course, by the day's clearness in tenths:
# from 15-minute and half-hourly irradiance of a dry and a wet place, which agree within 0.1, on
# dull days within 0.16.
_UNREST = (0.50, 0.50, 0.48, 0.59, 0.62, 0.57, 0.49, 0.43, 0.33, 0.22, 0.08, 0.05)
_UNREST_MEMORY = 0.7
_BRIGHTEST = 1.15
# A day's swing of the temperature either side of its mean grows with clearness, from a typical year.
_SWING_C, _SWING_CLEAR_C = 1.5, 5.5
_WARMEST_H = 14.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """A station and how far its climate lies from a site's.

    *kwh_m2* is a year's irradiation of level ground at the site under the station's weather,
    *kwh_m2_off* what that is above the sum that was asked for, if any was.
    """

    station: Station
    degrees_off: float
    kwh_m2: float
    kwh_m2_off: float | None = None
    distance_km: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """A site and the stations that years are drawn from; *doubts* says what may be wrong with them."""

    site: Site
    stations: tuple[Likeness, ...]
    mirrored: bool = False
    near: bool = False
    doubts: tuple[str, ...] = ()


def choose(
    stations: Sequence[Station], site: Site, *, kwh_m2: float | None = None, near: bool = False
) -> Climate:
    """Pick stations for a site: those near by if *near*, else like it in latitude and yearly sum.

    Without a yearly sum it takes several of about the latitude, from dull to bright.
    """
    latitude = abs(site.latitude)
    around = [s for s in stations if s.distance_km(site.latitude, site.longitude) <= _NEAR_KM] if near else []
    if around and kwh_m2 is None:
        around.sort(key=lambda s: s.distance_km(site.latitude, site.longitude))
        picked = around[:_MOST]
    elif kwh_m2 is None:
        nearest = sorted(stations, key=lambda s: abs(s.latitude - latitude))[:_AMONG]
        nearest.sort(key=lambda s: yearly_kwh_m2(s, site))
        picked = nearest[1::2] or nearest
    else:
        picked = sorted(stations, key=lambda s: _unlike(s, site, kwh_m2))[:_MOST]
    likeness = tuple(_likeness(s, site, kwh_m2) for s in picked)
    return Climate(
        site=site,
        stations=likeness,
        mirrored=site.latitude < 0.0,
        near=bool(around) and kwh_m2 is None,
        doubts=tuple(_doubts(site, likeness, kwh_m2)),
    )


def _unlike(station: Station, site: Site, kwh_m2: float) -> float:
    """Ten degrees of latitude count as much as a yearly sum that is off by an eighth."""
    return abs(station.latitude - abs(site.latitude)) / 10.0 + 8.0 * abs(
        math.log(yearly_kwh_m2(station, site) / kwh_m2)
    )


def _likeness(station: Station, site: Site, kwh_m2: float | None) -> Likeness:
    found = yearly_kwh_m2(station, site)
    return Likeness(
        station=station,
        degrees_off=station.latitude - abs(site.latitude),
        kwh_m2=found,
        kwh_m2_off=None if kwh_m2 is None else found - kwh_m2,
        distance_km=station.distance_km(site.latitude, site.longitude),
    )


def _doubts(site: Site, picked: Sequence[Likeness], kwh_m2: float | None) -> list[str]:
    doubts = []
    latitude, worst = abs(site.latitude), max(abs(like.degrees_off) for like in picked)
    if latitude < 23.5:
        doubts.append("in the tropics the year has rains and dry months that no station here knows")
    if latitude > 70.0:
        doubts.append("beyond 70 degrees snow and polar night decide, and hardly any station here knows them")
    if worst > 5.0:
        doubts.append(f"the stations lie up to {worst:.0f} degrees of latitude away")
    off = max((abs(like.kwh_m2_off) for like in picked if like.kwh_m2_off is not None), default=0.0)
    if kwh_m2 and off > 0.1 * kwh_m2:
        doubts.append(f"the stations' yearly sums are up to {100.0 * off / kwh_m2:.0f} % off")
    return doubts


def yearly_kwh_m2(station: Station, site: Site) -> float:
    """A year's irradiation (kWh/m2) of level ground at a site under a station's weather."""
    known = [k for k in station.clearness if k is not None]
    mean = sum(known) / len(known)
    total = 0.0
    for day in range(DAYS):
        clearness = station.clearness[_source_day(site, day)]
        total += (mean if clearness is None else clearness) * _sky(site, day).clear_wh
    return total / 1000.0


def _source_day(site: Site, day: int) -> int:
    return (day + _MIRROR_DAYS) % DAYS if site.latitude < 0.0 else day


def _sky(site: Site, day: int) -> Sky:
    """A clear day; by the week, because the sums are many and the sun is slow."""
    return sky_of(Site(latitude=site.latitude, longitude=0.0, panel_w=1.0, tilt_deg=0.0), day // 7 * 7 + 4)


def draw(climate: Climate, number: int, seed: int, *, start: date | None = None, days: int = 365) -> Trace:
    """Draw a year of half hours: blocks of days from about the same season, of one station a year.

    The same *number* and *seed* give the same year, whatever the panel.

    Raises:
        TraceError: the year would hold no day.
    """
    if days < 1:
        raise TraceError("a year of no days", hint="--days 365")
    like = climate.stations[number % len(climate.stations)]
    random = Random(f"{seed}:{number}")  # noqa: S311 (weather, no secret)
    first, site = start or date(_YEAR, 1, 1), climate.site
    power: list[float] = []
    warmth: list[float] = []
    sources = _sources(random, _source_day(site, first.timetuple().tm_yday - 1), days)
    watts = site.panel_w * EngineSettings().panel_yield / 1000.0
    for ahead, source in enumerate(sources):
        day = (first + timedelta(days=ahead)).timetuple().tm_yday
        clearness = _known(like.station.clearness, source, random)
        power += [watts * light for light in _day(sky_of(site, day), clearness, site.tilt, random)]
        mean_c = _known(like.station.temperature_c, source, random)
        warmth += _temperatures(mean_c, clearness)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Trace(
        start_utc=begin + timedelta(hours=SLOT_H * site.midnight_slot),
        step_h=SLOT_H,
        power_w=tuple(power),
        temperature_c=tuple(warmth),
    )


def _sources(random: Random, first: int, days: int) -> list[int]:
    """Which day of the station's year each day is taken from."""
    found: list[int] = []
    while len(found) < days:
        begin = first + len(found) + random.randint(-_SEASON_DAYS, _SEASON_DAYS)
        found += [(begin + i) % DAYS for i in range(random.randint(*_BLOCK_DAYS))]
    return found[:days]


def _known(values: Sequence[float | None], day: int, random: Random) -> float:
    """What was measured on a day, else on some day near it."""
    value = values[day]
    reach = _SEARCH_DAYS
    while value is None and reach < len(values):
        around = [v for i in range(day - reach, day + reach) if (v := values[i % len(values)]) is not None]
        value = random.choice(around) if around else None
        reach *= 2
    return 0.0 if value is None else value


def _day(sky: Sky, clearness: float, tilt_deg: float, random: Random) -> list[float]:
    """Irradiance (W/m2) of the panel through a day whose clouds come and go."""
    beam, diffuse = sky.parts(clearness)
    even = sky.panel(beam, diffuse, tilt_deg)
    factors = _unrest(random, clearness, len(even))
    most = max(1.0, _BRIGHTEST / max(clearness, 0.05))
    restless = [light * min(factor, most) for light, factor in zip(even, factors, strict=True)]
    total = sum(restless)
    scale = sum(even) / total if total else 0.0
    return [light * scale for light in restless]


def _unrest(random: Random, clearness: float, count: int) -> list[float]:
    """Factors about 1 that wander from slot to slot."""
    tenths = min(max(clearness, 0.0) * 10.0 + 0.5, len(_UNREST) - 1.001)
    low = int(tenths)
    spread = _UNREST[low] + (_UNREST[low + 1] - _UNREST[low]) * (tenths - low)
    sigma = math.sqrt(math.log(1.0 + spread**2))
    fresh = math.sqrt(1.0 - _UNREST_MEMORY**2)
    state, factors = random.gauss(0.0, 1.0), []
    for _ in range(count):
        factors.append(math.exp(sigma * state))
        state = _UNREST_MEMORY * state + fresh * random.gauss(0.0, 1.0)
    return factors


def _temperatures(mean_c: float, clearness: float) -> list[float]:
    swing = _SWING_C + _SWING_CLEAR_C * min(max(clearness, 0.0), 1.0)
    return [
        mean_c + swing * math.cos(2.0 * math.pi * ((slot + 0.5) * SLOT_H - _WARMEST_H) / 24.0)
        for slot in range(48)
    ]

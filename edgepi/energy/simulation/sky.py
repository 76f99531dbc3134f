"""What the sun gives level ground and a panel on each day of a year, beam and diffuse light apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from edgepi.energy.clearsky import air_mass, season
from edgepi.energy.settings import SLOT_H, SLOTS, Site

__all__ = ["Sky", "sky_of"]

_SOLAR_W_M2 = 1361.0
_DIFFUSE = 0.09
_ALBEDO = 0.2
_SAMPLES = 4
_MOST_ABOUT, _STEEPEST = 0.85, 5.0


@dataclass(frozen=True, slots=True)
class Sky:
    """A clear day by slots of the solar day (W/m2): beam and diffuse light on level ground.

    *panel_beam* is the beam on the panel, *beyond* what level ground would have above the air.
    """

    beam: tuple[float, ...]
    diffuse: tuple[float, ...]
    panel_beam: tuple[float, ...]
    beyond: tuple[float, ...]

    @property
    def clear_wh(self) -> float:
        """Irradiation (Wh/m2) of level ground on a clear day."""
        return (sum(self.beam) + sum(self.diffuse)) * SLOT_H

    def parts(self, clearness: float) -> tuple[float, float]:
        """Beam and diffuse light of a day of some clearness, each over that of a clear day.

        The diffuse share follows from what comes through the whole air: Erbs, Klein and Duffie 1982.
        """
        given = clearness * self.clear_wh
        beyond = sum(self.beyond) * SLOT_H
        share = _diffuse_share(given / beyond) if beyond else 1.0
        beam, diffuse = sum(self.beam) * SLOT_H, sum(self.diffuse) * SLOT_H
        return (given * (1.0 - share) / beam if beam else 0.0, given * share / diffuse if diffuse else 0.0)

    def panel(self, beam: float, diffuse: float, tilt_deg: float) -> list[float]:
        """Irradiance (W/m2) of the panel by slots, for shares of a clear day's beam and diffuse light.

        Of the diffuse light as much comes from about the sun as comes straight through the air: Hay
        and Davies 1980.
        """
        tilted = math.cos(math.radians(tilt_deg))
        seen, hidden = (1.0 + tilted) / 2.0, (1.0 - tilted) / 2.0
        rows = zip(self.panel_beam, self.beam, self.diffuse, self.beyond, strict=True)
        found = []
        for direct, ground, sky, beyond in rows:
            about = min(beam * ground / beyond, _MOST_ABOUT) if beyond else 0.0
            lean = min(direct / ground, _STEEPEST) if ground else 0.0
            scattered = diffuse * sky * (about * lean + (1.0 - about) * seen)
            found.append(beam * direct + scattered + _ALBEDO * (beam * ground + diffuse * sky) * hidden)
        return found


def _diffuse_share(through: float) -> float:
    if through > 0.715:
        return 0.143
    return 1.0 + through * (0.2832 + through * (-2.5557 + through * 0.8448))


@lru_cache(maxsize=800)
def sky_of(site: Site, day_of_year: int) -> Sky:
    """A clear day at a site; *day_of_year* counts from 1."""
    declination, equation_min = season(day_of_year + 0.5)
    beyond = _SOLAR_W_M2 * (1.0 + 0.033 * math.cos(2.0 * math.pi * day_of_year / 365.0))
    look = _Look(site, declination)
    start_h = site.midnight_slot * SLOT_H + site.longitude / 15.0 + equation_min / 60.0
    step = SLOT_H / _SAMPLES
    fine = [look.at(start_h + (i + 0.5) * step) for i in range(SLOTS * _SAMPLES)]
    slots = [_mean(fine[s * _SAMPLES : (s + 1) * _SAMPLES]) for s in range(SLOTS)]
    beam, diffuse, panel, height = zip(*slots, strict=True)
    return Sky(beam, diffuse, panel, tuple(sine * beyond for sine in height))


def _mean(rows: list[tuple[float, float, float, float]]) -> tuple[float, ...]:
    return tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))


class _Look:
    """The sun of one day as a panel sees it."""

    def __init__(self, site: Site, declination: float) -> None:
        phi, tilt = math.radians(site.latitude), math.radians(site.tilt)
        gamma = math.radians(site.azimuth - 180.0)
        sin_d, cos_d = math.sin(declination), math.cos(declination)
        sin_p, cos_p = math.sin(phi), math.cos(phi)
        self._low, self._high = sin_p * sin_d, cos_p * cos_d
        self._flat = sin_d * (sin_p * math.cos(tilt) - cos_p * math.sin(tilt) * math.cos(gamma))
        self._swing = cos_d * (cos_p * math.cos(tilt) + sin_p * math.sin(tilt) * math.cos(gamma))
        self._side = cos_d * math.sin(tilt) * math.sin(gamma)

    def at(self, solar_h: float) -> tuple[float, float, float, float]:
        """Beam on the ground, diffuse, beam on the panel (W/m2), and the sine of the sun's height."""
        angle = math.radians(15.0 * (solar_h - 12.0))
        sin_el = self._low + self._high * math.cos(angle)
        if sin_el <= 0.0:
            return 0.0, 0.0, 0.0, 0.0
        mass = air_mass(math.degrees(math.asin(min(1.0, sin_el))))
        beam = _SOLAR_W_M2 * math.pow(0.7, math.pow(mass, 0.678))
        incidence = self._flat + self._swing * math.cos(angle) + self._side * math.sin(angle)
        return beam * sin_el, _DIFFUSE * _SOLAR_W_M2 * sin_el, beam * max(0.0, incidence), sin_el

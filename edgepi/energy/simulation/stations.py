"""A year of measured weather at some stations, one character a day, and which of them suit a site."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["DAYS", "Station", "encode", "parse"]

DAYS = 366
_FIRST, _LAST, _MISSING = 33, 125, "~"
_STEP, _COLDEST_C = 0.015, -46
_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Where weather was measured: clearness and mean temperature (C) of each day of a year.

    Clearness is a day's irradiation of level ground over that of a clear day; None where missing.
    """

    name: str
    latitude: float
    longitude: float
    clearness: tuple[float | None, ...]
    temperature_c: tuple[float | None, ...]

    def distance_km(self, latitude: float, longitude: float) -> float:
        """Length of the way over the globe."""
        a, b = math.radians(self.latitude), math.radians(latitude)
        swing = math.cos(math.radians(longitude - self.longitude))
        cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * swing
        return _EARTH_KM * math.acos(min(1.0, max(-1.0, cosine)))


def encode(
    name: str,
    latitude: float,
    longitude: float,
    clearness: Iterable[float | None],
    temperature_c: Iterable[float | None],
) -> str:
    """One station as a line of text."""
    light = _written(None if k is None else k / _STEP for k in clearness)
    warmth = _written(None if t is None else t - _COLDEST_C for t in temperature_c)
    return f"{name}\t{latitude:.2f}\t{longitude:.2f}\t{light}\t{warmth}"


def _written(steps: Iterable[float | None]) -> str:
    return "".join(
        _MISSING if n is None else chr(_FIRST + min(max(round(n), 0), _LAST - _FIRST)) for n in steps
    )


@lru_cache(maxsize=1)
def parse(text: str) -> tuple[Station, ...]:
    """Read lines made by `encode`; those that begin with # say what they are."""
    return tuple(_station(line) for line in text.splitlines() if line and not line.startswith("#"))


def _station(line: str) -> Station:
    name, latitude, longitude, light, warmth = line.split("\t")
    return Station(
        name=name,
        latitude=float(latitude),
        longitude=float(longitude),
        clearness=tuple(None if n is None else n * _STEP for n in _read(light)),
        temperature_c=tuple(None if n is None else float(n + _COLDEST_C) for n in _read(warmth)),
    )


def _read(written: str) -> list[int | None]:
    return [None if mark == _MISSING else ord(mark) - _FIRST for mark in written]

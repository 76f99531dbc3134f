"""Fits what an engine remembers to a node that was changed since: another place, panel or battery."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from edgepi.energy.settings import Site, Store

__all__ = ["fitted", "stamp"]

_MOVED_DEG, _TURNED_DEG = 1.0, 3.0
_SAME = 0.01


def stamp(site: Site, store: Store) -> dict[str, float]:
    """What a memory was made with."""
    return {
        "latitude": site.latitude,
        "longitude": site.longitude,
        "tilt": site.tilt,
        "azimuth": site.azimuth,
        "panel_w": site.panel_w,
        "capacity_wh": store.capacity_wh,
    }


def fitted(memory: Mapping[str, Any], made_with: Any, site: Site, store: Store) -> Mapping[str, Any]:
    """What of an engine's memory still holds; all of it where nobody wrote down what it was made with.

    Elsewhere nothing does. Another panel gives more or less in proportion, one that was turned begins anew,
    and so does the worth of energy in another battery.
    """
    before, now = _numbers(made_with), stamp(site, store)
    if before is None or before.keys() != now.keys():
        return memory
    apart = {key: abs(now[key] - before[key]) for key in now}
    if max(apart["latitude"], min(apart["longitude"], 360.0 - apart["longitude"])) > _MOVED_DEG:
        return {}
    kept = dict(memory)
    if apart["capacity_wh"] > _SAME * now["capacity_wh"]:
        kept["worth"] = []
    if max(apart["tilt"], min(apart["azimuth"], 360.0 - apart["azimuth"])) > _TURNED_DEG:
        kept |= {"envelope": [], "seen": []}
    elif before["panel_w"] > 0.0 and apart["panel_w"] > _SAME * before["panel_w"]:
        ratio = now["panel_w"] / before["panel_w"]
        kept |= {key: _scaled(memory.get(key), ratio) for key in ("envelope", "seen")}
    return kept


def _scaled(values: Any, ratio: float) -> Any:
    if isinstance(values, list):
        return [_scaled(value, ratio) for value in values]
    # What is no number, or far too large a one, is left to who reads it.
    return values * ratio if isinstance(values, float) else values


def _numbers(stamped: Any) -> dict[str, float] | None:
    if not isinstance(stamped, Mapping):
        return None
    try:
        found = {str(key): float(value) for key, value in stamped.items()}
    except (TypeError, ValueError, OverflowError):
        return None
    return found if all(math.isfinite(value) for value in found.values()) else None

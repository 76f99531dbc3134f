"""How much of the battery is free now: above the floor, the night to come, and what is promised."""

from __future__ import annotations

from datetime import datetime, timedelta

from edgepi.energy.governor import Situation
from edgepi.energy.offers import set_aside_wh
from edgepi.energy.sun import is_up, next_sunrise, next_sunset

__all__ = ["SUN_MARGIN_S", "free_wh", "next_chance", "next_light", "night_wh"]

# The panel gives something worth waking for only some time after sunrise.
SUN_MARGIN_S = 2700.0
_CHARGED_AFTER_S = 7200.0


def night_wh(situation: Situation) -> float:
    """Energy that the node needs, at its present levels, through the night to come or what is left of it."""
    node, now = situation.node, situation.now_utc
    sunset = next_sunset(now, node.latitude, node.longitude)
    dark = now if not is_up(now, node.latitude, node.longitude) else sunset
    sunrise = next_sunrise(dark, node.latitude, node.longitude) if dark else None
    if dark is None:
        return 0.0
    until = sunrise or dark + timedelta(days=1)
    hours = (until - dark).total_seconds() / 3600.0 + SUN_MARGIN_S / 3600.0
    duties_w = sum(duty.power_w(duty.level) for duty in situation.duties)
    return hours * (situation.board.idle_w + duties_w)


def free_wh(situation: Situation, floor_wh: float) -> float:
    """Energy above the floor, the night reserve and what is set aside; without any sun to come."""
    stored = situation.stored_wh or 0.0
    return stored - floor_wh - night_wh(situation) - set_aside_wh(situation)


def next_light(situation: Situation) -> datetime:
    """When the panel next gives something worth waking for; a day ahead in polar night."""
    node, now = situation.node, situation.now_utc
    sunrise = next_sunrise(now, node.latitude, node.longitude)
    if sunrise is None:
        return now + timedelta(days=1)
    return sunrise + timedelta(seconds=SUN_MARGIN_S)


def next_chance(situation: Situation, missing_wh: float) -> datetime:
    """When the battery may hold *missing_wh* more: at today's rate, else some hours into the next day."""
    node, now = situation.node, situation.now_utc
    surplus_w = (situation.harvest_w or 0.0) - situation.load_w
    sunset = next_sunset(now, node.latitude, node.longitude)
    if surplus_w > 0 and missing_wh / surplus_w < 24.0:
        chance = now + timedelta(hours=missing_wh / surplus_w)
        if not is_up(now, node.latitude, node.longitude) or sunset is None or chance < sunset:
            return chance
    return next_light(situation) + timedelta(seconds=_CHARGED_AFTER_S)

"""What the cold keeps a battery from taking."""

from __future__ import annotations

from edgepi.energy.battery import Battery
from edgepi.energy.governor import Situation
from edgepi.model import Decision

__all__ = ["charge_limit_w", "cold_decisions", "cold_sentence", "harvest_taken_w"]


def charge_limit_w(battery: Battery, temperature_c: float | None) -> float | None:
    """What the battery takes at most at a temperature (W); None: as much as there is, or not known."""
    facts = battery.facts
    if temperature_c is None or temperature_c >= facts.charge_above_c:
        return None
    if temperature_c < facts.never_charge_c:
        return 0.0
    return facts.cold_charge_per_h * battery.capacity_wh


def harvest_taken_w(harvest_w: float, load_w: float, limit_w: float | None) -> float:
    """What is used of a harvest: all of it, or what the load and a cold battery take."""
    return harvest_w if limit_w is None else min(harvest_w, max(0.0, load_w) + limit_w)


def cold_sentence(battery: Battery, temperature_c: float | None) -> str | None:
    """Say what the cold does; None if it does nothing."""
    limit_w = charge_limit_w(battery, temperature_c)
    if limit_w is None or temperature_c is None:
        return None
    if limit_w <= 0.0:
        return f"battery at {temperature_c:.0f} °C takes no charge"
    return f"battery at {temperature_c:.0f} °C takes no more than {limit_w:.0f} W"


def cold_decisions(situation: Situation) -> tuple[Decision, ...]:
    """Say it as a decision about the node, if there is anything to say."""
    sentence = cold_sentence(situation.battery, situation.battery_temperature_c)
    if sentence is None:
        return ()
    numbers = {"battery_c": situation.battery_temperature_c or 0.0}
    return (
        Decision(
            time_utc=situation.now_utc, subject="node", action="cold", sentence=sentence, numbers=numbers
        ),
    )

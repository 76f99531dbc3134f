"""Pieces of sentences: lists, powers, points, weather, and who is meant by a part of the load."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from edgepi.energy.governor import Situation
from edgepi.energy.sentences import clock_time, wh, zone

__all__ = [
    "and_list",
    "at_time",
    "capital",
    "clock_of",
    "energy",
    "hours",
    "part_name",
    "points",
    "quoted",
    "reason_of",
    "watts",
    "weather",
]

_WEATHER = ((0.15, "very dark"), (0.35, "dull"), (0.6, "mixed"), (0.85, "fairly sunny"), (2.0, "clear"))


def and_list(items: Sequence[str], most: int = 4) -> str:
    """Join items: ``a``, ``a and b``, ``a, b and c``; beyond *most* they are counted."""
    shown = list(items)
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def at_time(when_utc: datetime, situation: Situation) -> str:
    """Say when, in the node's time: ``at 11:40``, ``tomorrow 07:55``, ``on Fri 05 Dec 07:55``."""
    words = clock_time(when_utc, situation.now_utc, zone(situation.node.time_zone))
    return f"at {words}" if words[:1].isdigit() else words


def clock_of(when_utc: datetime, situation: Situation) -> str:
    """The same for a place after *by*, *from* or *until*: ``11:40``, ``Fri 05 Dec 07:55``."""
    return clock_time(when_utc, situation.now_utc, zone(situation.node.time_zone)).removeprefix("on ")


def capital(sentence: str) -> str:
    """Make a sentence of words: a capital letter first, a full stop at the end."""
    return f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}."


def watts(power_w: float) -> str:
    """Say a power: ``12.3 W``, ``0.25 W``, ``40 mW``, ``hardly any power``."""
    if abs(power_w) < 0.001:
        return "hardly any power"
    if abs(power_w) < 0.1:
        return f"{power_w * 1000:.0f} mW"
    return f"{power_w:.2f} W" if abs(power_w) < 0.995 else f"{power_w:.1f} W"


def energy(energy_wh: float) -> str:
    """Say an energy that is expected or estimated, no finer than that is known: ``3.1 Wh``, ``43 Wh``."""
    return f"{energy_wh:.0f} Wh" if abs(energy_wh) >= 9.95 else wh(energy_wh)


def points(value: float, *, unit: bool = True) -> str:
    """Say points with two figures that count: ``0.32 points``, ``2 points``, ``125 points``."""
    size = abs(value)
    digits = 0 if size >= 9.95 else 1 if size >= 0.995 else 2 if size >= 0.0995 else 3
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if not unit else f"{text} point" if text == "1" else f"{text} points"


def hours(span_h: float) -> str:
    """Say how long: ``40 minutes``, ``1 hour``, ``8.5 hours``, ``3 days``."""
    count, name = (span_h * 60, "minute") if span_h < 1.0 else (span_h, "hour")
    if span_h >= 48.0:
        count, name = span_h / 24.0, "day"
    if name == "hour" and 0.25 < count % 1 < 0.75 and count < 24:
        return f"{count:.1f} hours"
    whole = max(1, round(count))
    return f"{whole} {name}{'' if whole == 1 else 's'}"


def weather(clearness: float) -> str:
    """Say how clear a day is (share of a clear day's harvest)."""
    return next((words for limit, words in _WEATHER if clearness < limit), _WEATHER[-1][1])


def part_name(part: str) -> str:
    """Say which part of the load is meant by ``idle``, ``camera:full``, ``iexec:run``."""
    consumer, _, level = part.partition(":")
    if not level:
        return "the idle node" if consumer == "idle" else consumer
    if level == "run":
        return f"a job of {consumer}"
    return f"finishing a job of {consumer}" if level == "finish" else f"{consumer} at {level}"


def reason_of(sentence: str) -> str:
    """What stands behind the first colon of a decision's sentence; all of it without one."""
    verb, colon, reason = sentence.partition(": ")
    return (reason if colon else verb).rstrip(".")


def quoted(title: str) -> str:
    """Put a title in quotation marks."""
    return f"\u201c{title}\u201d"

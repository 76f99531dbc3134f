"""What a stored Wh is worth and why; what is expected of the sun; when the node sleeps and wakes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from edgepi.energy.governor import Insight, Situation, Verdict
from edgepi.energy.phrases import at_time, clock_of, energy, hours, points, weather
from edgepi.energy.sentences import percent
from edgepi.energy.sun import is_up
from edgepi.model import Plan, PlanStep

__all__ = ["expected", "night_plan", "source_of", "worth"]

_WORTHLESS = 0.0005
_FULL = 0.97
_LOW = 0.4
_DULL = 0.5
_DULL_DAY = 0.2
_MOST_DULL = 3


def worth(situation: Situation, verdict: Verdict, insight: Insight) -> str:
    """What one more stored Wh is worth, and what it would serve."""
    price = verdict.price_points_per_wh
    if situation.soc is None:
        return ""
    steps = verdict.plan.steps if verdict.plan else ()
    if price < _WORTHLESS:
        return f"one more Wh in the battery would be worth nothing{_plenty(steps, situation)}"
    if not steps:
        return f"at this charge a stored Wh counts for {points(price)}"
    return f"a stored Wh is worth {points(price)} now, because {_because(steps, situation, insight)}"


def _plenty(steps: Sequence[PlanStep], situation: Situation) -> str:
    capacity = situation.battery.capacity_wh
    if situation.soc and situation.soc.soc >= _FULL:
        return ": there is no room for it"
    full = next((step for step in steps if step.stored_wh >= _FULL * capacity), None)
    if full is None:
        return ": there is more than can be used"
    when = at_time(full.start_utc, situation)
    return f": the battery should be full {when}, and what comes then would be lost"


def _because(steps: Sequence[PlanStep], situation: Situation, insight: Insight) -> str:
    """The first of the things ahead that one Wh more would change."""
    if not all(step.awake for step in steps):
        return f"there is too little to stay awake all the time{_awake_pays(steps, situation)}"
    if (lowered := _lowered(steps)) is not None:
        consumer, step = lowered
        return (
            f"it would keep {consumer} going, which the plan cuts back {at_time(step.start_utc, situation)}"
        )
    capacity = situation.battery.capacity_wh
    low = min(steps, key=lambda step: step.stored_wh)
    falls = (
        f"the battery should fall to {percent(low.stored_wh / capacity)} {at_time(low.start_utc, situation)}"
    )
    days = _dull_days(low, steps, insight)
    if low is not steps[0] and low.stored_wh < _LOW * capacity and days <= _MOST_DULL:
        dull = "a dull day" if days == 1 else f"{days} dull days"
        return f"{falls}, and {dull} after that would make it short"
    tomorrow, clear = insight.harvest_tomorrow_wh, insight.clear_day_wh
    if tomorrow is not None and clear and tomorrow < _DULL * clear:
        return f"tomorrow should bring only {energy(tomorrow)} of the {energy(clear)} of a clear day"
    if low is steps[0]:
        return "the days ahead may turn out duller than expected"
    return f"{falls}, and what is kept now serves dull days after that"


def _dull_days(low: PlanStep, steps: Sequence[PlanStep], insight: Insight) -> int:
    """How many dull days in a row would use up what is left above the floor."""
    drawn_wh = 24.0 * sum(step.load_w for step in steps) / len(steps)
    short_wh = drawn_wh - _DULL_DAY * (insight.clear_day_wh or 0.0)
    spare_wh = low.stored_wh - (insight.floor_wh or 0.0)
    if short_wh * (_MOST_DULL + 1) <= spare_wh:
        return _MOST_DULL + 1
    return max(1, math.ceil(spare_wh / short_wh)) if short_wh > 0.0 else 1


def _awake_pays(steps: Sequence[PlanStep], situation: Situation) -> str:
    """What an hour awake brings with what runs in it."""
    awake = next((step for step in steps if step.awake), None)
    if awake is None:
        return ""
    levels = ((duty, awake.runs.get(duty.consumer, "off")) for duty in situation.duties)
    earned = sum(duty.levels[duty.index(name)].points_per_h for duty, name in levels)
    if earned <= 0:
        return ""
    return f", and {energy(awake.load_w)} keep it awake for an hour that earns {points(earned)}"


def _lowered(steps: Sequence[PlanStep]) -> tuple[str, PlanStep] | None:
    """The first duty that the plan switches off, with the step."""
    for before, after in pairwise(steps):
        for consumer, level in before.runs.items():
            if level not in ("off", "run") and after.runs.get(consumer, "off") == "off":
                return consumer, after
    return None


def expected(situation: Situation, insight: Insight) -> str:
    """The sun of today and tomorrow, in words and numbers."""
    left, tomorrow, clear = insight.harvest_left_wh, insight.harvest_tomorrow_wh, insight.clear_day_wh
    if clear is not None and clear < 0.1:
        return "no sun worth the name reaches the panel at this time of the year"
    parts = []
    if left is not None and (left >= 0.1 or _up(situation)):
        parts.append(f"{energy(left)} more today" if left >= 0.1 else "next to nothing more today")
    if tomorrow is not None:
        parts.append(f"{energy(tomorrow)} tomorrow")
    looks = ""
    if insight.clearness_today is not None and _up(situation):
        clearness = insight.clearness_today
        looks = f"today looks {weather(clearness)} ({percent(clearness)} of a clear day)"
    bring = f"the panel should give {' and '.join(parts)}" if parts else ""
    measure = f", where a clear day gives {energy(clear)}" if clear is not None and bring else ""
    return f"{': '.join(words for words in (looks, bring) if words)}{measure}"


def source_of(insight: Insight) -> str:
    """What the expectation rests on."""
    days = insight.days_learned
    learned = f"{days} day{'' if days == 1 else 's'} of its own harvest"
    if insight.forecast_source:
        wrong = insight.forecast_sd
        error = f", which is wrong by about {percent(wrong)} of a clear day" if wrong is not None else ""
        also = f", and on {learned}" if days else ""
        return f"that rests on the forecast from {insight.forecast_source}{error}{also}"
    if days:
        return f"that rests on {learned}, without a forecast"
    if insight.harvest_tomorrow_wh is not None or insight.harvest_left_wh is not None:
        return "nothing has been learned of this place yet, so ordinary weather is assumed"
    return ""


def night_plan(situation: Situation, verdict: Verdict) -> str:
    """When the node sleeps and wakes."""
    if verdict.sleep is not None:
        return verdict.sleep.sentence
    plan = verdict.plan
    if not situation.sleep.usable:
        return "nothing here can switch the node off and on again, so it stays awake whatever comes"
    return "" if plan is None else _planned(situation, plan)


def _planned(situation: Situation, plan: Plan) -> str:
    sleep, wake = _rest_of(plan)
    if sleep is not None and wake is not None and sleep <= situation.now_utc < wake:
        return f"by the plan the node should be asleep now, until {clock_of(wake, situation)}"
    if sleep is None or sleep <= situation.now_utc:
        if not plan.steps:
            return ""
        end = clock_of(plan.steps[-1].start_utc, situation)
        return f"the node stays awake as far as is planned, until {end}"
    until = f" until {clock_of(wake, situation)}" if wake and wake > sleep else ""
    return f"the plan is to sleep from {clock_of(sleep, situation)}{until}{_saving(situation, sleep, wake)}"


def _rest_of(plan: Plan) -> tuple[datetime | None, datetime | None]:
    if plan.sleep_utc is not None:
        return plan.sleep_utc, plan.wake_utc
    asleep = next((i for i, step in enumerate(plan.steps) if not step.awake), None)
    if asleep is None:
        return None, None
    wake = next((step.start_utc for step in plan.steps[asleep:] if step.awake), None)
    return plan.steps[asleep].start_utc, wake


def _saving(situation: Situation, sleep: datetime, wake: datetime | None) -> str:
    if wake is None or wake <= sleep:
        return ""
    board = situation.board
    span_h = (wake - sleep).total_seconds() / 3600.0
    saved = (board.idle_w - board.standby_w) * span_h - board.boot_wh
    return f"; {hours(span_h)} off save {energy(saved)}" if saved > 0.1 else ""


def _up(situation: Situation) -> bool:
    return is_up(situation.now_utc, situation.node.latitude, situation.node.longitude)

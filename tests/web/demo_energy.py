"""The long record of energy of the made-up node: a plan of three days, what was learned and earned."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

__all__ = ["DemoEnergy"]

SENTENCES = (
    "The node stays awake: 41 Wh more than the night needs are in the battery.",
    "The camera stays at saver: full would add 1.9 W at 0.42 points/Wh, and is worth 0.6 points/h.",
    "The job train-0x81 waits: it needs 24.0 Wh, and 22.6 Wh are free until tomorrow's sun.",
)
STEP = timedelta(minutes=30)
STEPS = 144
CAPACITY_WH = 154.0
EARNED = {"points": 61.5, "used_wh": 88.2, "jobs": 19, "points_per_wh": 0.697}


class DemoEnergy:
    """What there is to know of energy beyond *status*; *change* alters the long record for a test."""

    def __init__(
        self,
        status: Callable[[], Mapping[str, Any]],
        now: Callable[[], datetime],
        power_log: Callable[[], Sequence[Mapping[str, Any]]],
    ) -> None:
        self._status = status
        self._now = now
        self.change: Callable[[dict[str, Any]], None] = lambda _record: None
        self._power_log = power_log
        self.sentences: tuple[str, ...] = SENTENCES

    def explain(self) -> Sequence[str]:
        """Why things are as they are."""
        return self.sentences

    def report(self) -> Mapping[str, Any]:
        """The short record with what is long."""
        short, now = self._status(), self._now()
        ledger = {**short["ledger"], "days": {}, "months": {}}
        for back in range(30):
            day = (now - timedelta(days=back)).date()
            ledger["days"][day.isoformat()] = {**short["ledger"]["today"], "harvested_wh": 92.4 - back}
        record = {
            **short,
            "power_log": self._power_log(),
            "governor": "price",
            "plan": {"made_utc": now, "sleep_utc": None, "wake_utc": None, "steps": plan(now, short["soc"])},
            "insight": insight(),
            "ledger": ledger,
            "earnings": {
                "total": EARNED,
                "by_consumer": {"iexec": EARNED},
                "days": {},
                "months": {},
                "points_per_rlc": 10.0,
            },
            "co2": {"grid_g_per_kwh": 56.0, "avoided_g_today": 3.4, "avoided_g_total": 987.0},
            "battery": {
                "chemistry": "lifepo4",
                "capacity_wh": CAPACITY_WH,
                "advice": ["The battery holds about 141 Wh of the 154 Wh that were stated."],
            },
            "forecasts": [],
        }
        self.change(record)
        return record


def insight() -> dict[str, Any]:
    """What was learned and is expected."""
    return {
        "days_learned": 41,
        "clearness_today": 0.71,
        "clear_day_wh": 182.0,
        "harvest_left_wh": 64.2,
        "harvest_tomorrow_wh": 118.0,
        "forecast_source": "Open-Meteo.com (CC BY 4.0)",
        "forecast_sd": 0.11,
        "floor_wh": 21.0,
        "loads": [
            load("idle", 2.7, 2.94, 410.0),
            load("weather:full", 0.05, 0.05, 0.0),
            load("camera:saver", 0.6, 1.31, 52.0, excessive=True),
            load("iexec:run", 3.9, 4.12, 9.5),
        ],
    }


def load(
    part: str, stated_w: float, learned_w: float, hours: float, *, excessive: bool = False
) -> dict[str, Any]:
    """One learned power."""
    return {
        "part": part,
        "stated_w": stated_w,
        "learned_w": learned_w,
        "hours": hours,
        "excessive": excessive,
    }


def plan(now: datetime, soc: Mapping[str, float] | None) -> list[dict[str, Any]]:
    """Three days in half hours: sun by day, jobs at noon, asleep in the second and third night."""
    begin = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    stored_wh, found = soc["stored_wh"] if soc else 0.0, []
    for index in range(STEPS):
        start = begin + index * STEP
        hour = start.hour + start.minute / 60
        sun_w = max(0.0, 26.0 * math.sin((hour - 5.5) / 14 * math.pi)) if 5.5 < hour < 19.5 else 0.0
        harvest_w = sun_w * (0.35 if start.day % 2 else 0.9)
        awake = index < 40 or 5.0 <= hour < 23.0
        job = awake and 9.0 <= hour < 15.0
        load_w = (2.9 + (4.1 if job else 0.6)) if awake else 0.1
        found.append(
            {
                "start_utc": start,
                "awake": awake,
                "price_points_per_wh": 0.75 - 0.5 * stored_wh / CAPACITY_WH,
                "harvest_w": harvest_w,
                "load_w": load_w,
                "stored_wh": stored_wh,
                "runs": ({"weather": "full", "camera": "saver"} | ({"iexec": "run"} if job else {}))
                if awake
                else {},
            }
        )
        stored_wh = min(CAPACITY_WH, max(6.0, stored_wh + (harvest_w - load_w) / 2))
    return found

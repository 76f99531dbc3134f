"""What people and programs see of energy, as JSON-able values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edgepi.budget.adviser import Adviser
from edgepi.budget.departure import Departure
from edgepi.budget.forecasts import Forecasts
from edgepi.budget.keeper import Keeper
from edgepi.budget.powerlog import PowerLog
from edgepi.budget.sayings import Sayings
from edgepi.budget.scene import Scene
from edgepi.budget.status import (
    board_status,
    duty_status,
    energy_status,
    lease_status,
    meter_status,
    plan_status,
)
from edgepi.budget.telemetry import Telemetry
from edgepi.clock import Clock
from edgepi.config import mask_all
from edgepi.config.settings import EnergySettings
from edgepi.energy import Account, Insight, Verdict
from edgepi.energy.earnings import Earnings
from edgepi.energy.explain import explain

__all__ = ["Views"]

LATEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The short status, the long report, and the reasons in plain sentences; *mask* hides secrets."""

    settings: EnergySettings
    clock: Clock
    adviser: Adviser
    scene: Scene
    telemetry: Telemetry
    forecasts: Forecasts
    earnings: Earnings
    departure: Departure
    keeper: Keeper
    sayings: Sayings
    power_log: PowerLog
    verdict: Callable[[], Verdict | None]
    mask: Callable[[str], str]

    def status(self) -> dict[str, Any]:
        """How energy stands now, without what is long."""
        return self._masked(self._status())

    def report(self) -> dict[str, Any]:
        """The same with the plan's steps, what was learned, the books of days and months, and earnings."""
        now = self.clock.now()
        ledger = self.scene.measuring.ledger
        return self._masked(
            self._status()
            | {
                "plan": plan_status(self.verdict(), self.departure.asked_wake_utc, steps=True),
                "insight": insight_data(self.adviser.insight()),
                "ledger": {
                    "today": ledger.today(now).as_dict(),
                    "total": ledger.total.as_dict(),
                    "days": {day.isoformat(): known.as_dict() for day, known in sorted(ledger.days.items())},
                    "months": {month: known.as_dict() for month, known in sorted(ledger.months.items())},
                },
                "earnings": self.earnings.as_dict() | {"points_per_rlc": self.settings.points_per_rlc},
                "co2": self._co2(ledger.today(now), ledger.total),
                "battery": self.scene.measuring.health.as_dict(),
                "power_log": self.power_log.as_data()[:LATEST],
            }
        )

    def explain(self) -> tuple[str, ...]:
        """Why things are as they are."""
        verdict = self.verdict()
        if verdict is None:
            return ("nothing is decided yet: the first readings are awaited",)
        said = explain(self.scene.situation(), verdict, self.adviser.insight())
        return tuple(self.mask(sentence) for sentence in said)

    def _status(self) -> dict[str, Any]:
        said, verdict = self.sayings.latest, self.verdict()
        learned = self.scene.learned
        return energy_status(self.scene.measuring, self.clock.now()) | {
            "governor": self.adviser.name,
            "governor_trouble": self.adviser.trouble,
            "thinking": self.adviser.thinking,
            "price_points_per_wh": verdict.price_points_per_wh if verdict else None,
            "duties": [duty_status(r, said(r.consumer), learned) for r in self.scene.duties.values()],
            "leases": [lease_status(x, said(x.offer.offer_id), learned) for x in self.scene.leases.open],
            "plan": plan_status(verdict, self.departure.asked_wake_utc),
            "board": board_status(self.telemetry.sources, self.departure.receipt, self.departure.standing),
            "meters": meter_status(self.telemetry.sources),
            "forecasts": self.forecasts.status(),
            "boots": self.keeper.boots,
            "node_sentence": said("node"),
        }

    def _co2(self, today: Account, total: Account) -> dict[str, float]:
        grid = self.settings.grid_co2_g_per_kwh
        return {
            "grid_g_per_kwh": grid,
            "avoided_g_today": today.total_used_wh / 1000.0 * grid,
            "avoided_g_total": total.total_used_wh / 1000.0 * grid,
        }

    def _masked(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {key: mask_all(value, self.mask) for key, value in data.items()}


def insight_data(insight: Insight) -> dict[str, Any]:
    """What was learned and is expected; loads as a list with what stands out."""
    loads = [asdict(load) | {"excessive": load.excessive} for load in insight.loads]
    return asdict(insight) | {"loads": loads}

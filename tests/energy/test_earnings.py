from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from edgepi.energy.earnings import Earnings
from edgepi.model import Lease, LeaseState, Offer, RunPhase

START = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)


def job(consumer: str = "iexec", points: float = 2.0, used_wh: float = 4.0) -> Lease:
    run = RunPhase(energy_wh=4.0, duration_s=3600.0)
    offer = Offer(offer_id="1", consumer=consumer, title="a job", value_points=points, run=run)
    return Lease(offer=offer, state=LeaseState.FINISHED, since_utc=START, used_wh=used_wh)


def test_jobs_are_booked_by_consumer_and_local_day_and_month() -> None:
    earnings = Earnings(time_zone="Europe/Berlin")
    earnings.book(job(), START)
    earnings.book(job("render", points=6.0), START + timedelta(days=40))
    shown = earnings.as_dict()
    assert shown["total"] == {"points": 8.0, "used_wh": 8.0, "jobs": 2, "points_per_wh": 1.0}
    assert shown["by_consumer"]["iexec"]["points_per_wh"] == 0.5
    assert list(shown["days"]) == ["2026-01-01", "2026-02-10"]
    assert list(shown["months"]) == ["2026-01", "2026-02"]


def test_days_are_few_months_stay() -> None:
    earnings = Earnings(time_zone="UTC")
    for day in range(400):
        earnings.book(job(), START + timedelta(days=day))
    assert len(earnings.days) == 35
    assert len(earnings.months) == 15
    assert sum(month.jobs for month in earnings.months.values()) == earnings.total.jobs == 400


def test_a_job_without_energy_has_no_ratio_and_one_without_a_date_counts_in_all() -> None:
    earnings = Earnings(time_zone="UTC")
    earnings.book(job(used_wh=0.0), START, trusted=False)
    assert earnings.as_dict()["total"]["points_per_wh"] is None
    assert earnings.days == earnings.months == {}


def test_memory_goes_on_where_it_stopped() -> None:
    earnings = Earnings(time_zone="UTC")
    earnings.book(job(), START)
    again = Earnings(time_zone="UTC")
    again.recall(json.loads(json.dumps(earnings.memory())))
    assert again.as_dict() == earnings.as_dict()


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        {"total": {"points": "nan", "used_wh": 1, "jobs": 1}},
        {"total": {"points": 1, "used_wh": 1, "jobs": 1}, "by_consumer": 5, "days": {}, "months": {}},
        {"total": {"points": 1, "used_wh": 1, "jobs": 1}, "by_consumer": {}, "months": {},
         "days": {"x": {"points": 1, "used_wh": 1, "jobs": 1}}},
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_changes_nothing(nonsense: dict[str, Any]) -> None:
    earnings = Earnings(time_zone="UTC")
    earnings.book(job(), START)
    before = earnings.as_dict()
    with pytest.raises((ValueError, KeyError, TypeError)):
        earnings.recall(nonsense)
    assert earnings.as_dict() == before

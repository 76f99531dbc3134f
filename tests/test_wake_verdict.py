"""The verdict of the trial of nights can fail."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgepi.budget.cuts import UNSEEN
from edgepi.budget.sleep import NOTHING_BEHIND

HOUR_S = 3600.0
LIMITS = SimpleNamespace(low_v=11.6, recovery_v=13.0, margin_v=0.3)


@pytest.fixture
def wake(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    yield importlib.import_module("wake_verdict")
    sys.modules.pop("wake_verdict", None)


def judged(wake: Any, volts: float | list[tuple[float, float]], **down: Any) -> str:
    lived = volts if isinstance(volts, list) else [(60.0 * n, volts) for n in range(48 * 60)]
    parts: dict[str, Any] = {"from_s": HOUR_S, "wanted_s": 5 * HOUR_S, "planned": True, "up_s": None, **down}
    night = wake.Down(**parts)
    wake.judge(night, lived, LIMITS, 48 * HOUR_S)
    verdict: str = night.verdict
    return verdict


def test_a_node_that_never_comes_back_has_failed(wake: Any) -> None:
    assert judged(wake, 13.4) == "FAILED"


@pytest.mark.parametrize(
    ("late_s", "verdict"), [(300.0, "in time"), (HOUR_S, "fall-back"), (2 * HOUR_S, "FAILED")]
)
def test_it_counts_how_late_it_is(wake: Any, late_s: float, verdict: str) -> None:
    assert judged(wake, 13.4, up_s=5 * HOUR_S + late_s) == verdict


def test_a_charge_that_sufficed_all_night_is_no_excuse_for_a_planned_wake(wake: Any) -> None:
    assert judged(wake, 12.5, up_s=7 * HOUR_S) != "in time"


def test_an_empty_battery_is_waited_for_and_no_longer(wake: Any) -> None:
    volts = [(60.0 * n, 11.0 if n < 20 * 60 else 13.5) for n in range(48 * 60)]
    assert judged(wake, volts, up_s=20.2 * HOUR_S) == "in time"
    assert judged(wake, volts) == "FAILED"
    assert judged(wake, 11.0) == "no energy yet"


def test_an_end_that_nobody_planned_wants_the_node_back_at_once(wake: Any) -> None:
    assert judged(wake, 13.4, planned=False, wanted_s=HOUR_S, up_s=5 * HOUR_S) == "FAILED"


def test_a_doubt_told_before_counts_and_one_about_the_alarm_only_if_the_alarm_was_lost(wake: Any) -> None:
    assert judged(wake, 13.4, doubt="the board has lost its clock") == "said"
    assert judged(wake, 13.4, doubt=NOTHING_BEHIND) == "FAILED"
    assert judged(wake, 13.4, doubt=NOTHING_BEHIND, alarm_lost=True) == "said"
    assert judged(wake, 13.4, doubt=f"the wake is not certain: {NOTHING_BEHIND}; {UNSEEN}") == "said"
    doubt = f"the wake is not certain: {NOTHING_BEHIND}; {UNSEEN}"
    assert judged(wake, 13.4, doubt=doubt, cut_s=HOUR_S) == "FAILED"
    assert judged(wake, 13.4, doubt=doubt, cut_s=40 * HOUR_S) == "said"

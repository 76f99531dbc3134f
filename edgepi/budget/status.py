"""The budget's status as JSON-able values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from edgepi.budget.duties import DutyRunner
from edgepi.budget.learned import LearnedPowers
from edgepi.budget.measuring import Measured, Measuring
from edgepi.budget.store import lease_to_dict
from edgepi.budget.telemetry import Source
from edgepi.energy import Verdict
from edgepi.model import Lease, WakeReceipt

__all__ = [
    "board_status",
    "duty_status",
    "energy_status",
    "lease_status",
    "meter_status",
    "plan_status",
]


def energy_status(measuring: Measuring, now_utc: datetime) -> dict[str, Any]:
    """Supply, charge, guard and books."""
    now = measuring.now
    return {
        "supply": None if now.supply is None else _plain(asdict(now.supply)),
        "soc": _soc(now, measuring.battery.capacity_wh),
        "harvest_w": now.harvest_w,
        "load_w": now.load_w,
        "load_measured": now.load_measured,
        "guard": {
            "in_force": now.guard.latched.value,
            "seen": now.guard.seen.value,
            "voltage_v": now.guard.voltage_v,
            "run_v": now.guard.run_v,
            "commit_v": now.guard.commit_v,
        },
        "ledger": {
            "today": measuring.ledger.today(now_utc).as_dict(),
            "total": measuring.ledger.total.as_dict(),
        },
    }


def _soc(now: Measured, capacity_wh: float) -> dict[str, Any] | None:
    if now.soc is None:
        return None
    return {
        "percent": now.soc.soc * 100,
        "uncertainty_percent": now.soc.sd * 100,
        "stored_wh": now.soc.soc * capacity_wh,
        "source": now.soc.source,
    }


def duty_status(runner: DutyRunner, sentence: str, learned: LearnedPowers) -> dict[str, Any]:
    """One duty with its levels; *learned* says whether its power is known better than stated."""
    now = runner.state(learned)
    return {
        "consumer": runner.consumer,
        "level": runner.level,
        "power_w": now.power_w(now.level),
        "learned": learned.knows(runner.consumer, runner.level),
        "levels": [asdict(level) for level in runner.levels],
        "points_per_h": now.points_per_h,
        "failure": runner.failure,
        "sentence": sentence,
    }


def lease_status(lease: Lease, sentence: str, learned: LearnedPowers) -> dict[str, Any]:
    """One lease; *sentence* is the latest about it."""
    return lease_to_dict(lease) | {
        "sentence": sentence or lease.sentence,
        "power_w": learned.lease_w(lease),
        "learned": learned.knows(lease.offer.consumer, None),
    }


def plan_status(
    verdict: Verdict | None, asked_wake_utc: datetime | None, *, steps: bool = False
) -> dict[str, Any]:
    """When the node will sleep and wake, as far as that is decided, and each step if asked for."""
    plan = verdict.plan if verdict else None
    wake = asked_wake_utc or (plan.wake_utc if plan else None)
    return {
        "made_utc": _text(plan.made_utc) if plan else None,
        "sleep_utc": _text(plan.sleep_utc) if plan else None,
        "wake_utc": _text(wake),
        "steps": [_plain(asdict(step)) for step in plan.steps] if plan and steps else [],
    }


def board_status(
    sources: Iterable[Source], receipt: WakeReceipt | None, standing: WakeReceipt | None = None
) -> dict[str, Any] | None:
    """The first power board: what it can do, why it switched the node on, what it holds.

    *standing* is what it holds without a planned sleep, in case the power goes.
    """
    source = next((s for s in sources if s.controller is not None), None)
    board = source.controller if source else None
    if source is None or board is None:
        return None
    reason = source.reason
    return {
        "name": source.name,
        "working": source.started and not source.failures,
        "failure": source.failure or None,
        "health": list(source.health),
        "identity": board.identity or None,
        "clock_off_s": source.clock_off_s,
        "capabilities": _plain(asdict(board.capabilities)),
        "last_reason": None if reason is None else {"kind": reason.kind.value, "text": reason.text},
        "armed": _held(receipt),
        "standing": _held(standing),
    }


def _held(receipt: WakeReceipt | None) -> dict[str, Any] | None:
    if receipt is None:
        return None
    return {
        "wake_utc": _text(receipt.wake_utc),
        "triggers": list(receipt.triggers),
        "doubts": list(receipt.doubts),
    }


def meter_status(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """Each meter and board: whether it works, and why not."""
    return [
        {"name": s.name, "working": s.started and not s.failures, "failure": s.failure or None}
        for s in sources
    ]


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {key: _text(value) if isinstance(value, datetime) else value for key, value in data.items()}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

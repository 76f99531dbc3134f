"""Records as JSON text for the database, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from edgepi_iexec.pool.model import PoolTask, PoolWorker, Replicate, Stage, StageChange, StatusChange
from edgepi_iexec.protocol.statuses import ReplicateStatus

__all__ = ["read_replicate", "read_task", "read_worker", "to_text"]


def to_text(record: PoolTask | Replicate | PoolWorker) -> str:
    """Return it as one line of JSON."""
    return json.dumps(asdict(record), default=_plain, separators=(",", ":"))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} does not go into JSON")


def read_task(text: str) -> PoolTask:
    """Return the task that `to_text` wrote."""
    values = json.loads(text)
    values["stages"] = tuple(
        StageChange(Stage(one["stage"]), _time(one["at_utc"]), one["tx_hash"], one["block_number"])
        for one in values["stages"]
    )
    for key in ("contribution_deadline_utc", "final_deadline_utc"):
        values[key] = _time(values[key])
    values["reveal_deadline_utc"] = _maybe_time(values["reveal_deadline_utc"])
    return PoolTask(**values)


def read_replicate(text: str) -> Replicate:
    """Return the replicate that `to_text` wrote."""
    values = json.loads(text)
    values["history"] = tuple(
        StatusChange(ReplicateStatus(one["status"]), _time(one["at_utc"]), one["cause"], one["by_pool"])
        for one in values["history"]
    )
    return Replicate(**values)


def read_worker(text: str) -> PoolWorker:
    """Return the worker that `to_text` wrote."""
    return PoolWorker(**json.loads(text))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe_time(text: Any) -> datetime | None:
    return None if text is None else _time(text)

"""What people may ask of the power board through the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from edgepi.budget.service import BudgetService
from edgepi.errors import EnergyError

__all__ = ["PowerDesk"]


class PowerDesk:
    """Status, wake and off; each raises `EnergyError` when it cannot be had."""

    def __init__(self, budget: BudgetService) -> None:
        self._budget = budget

    async def status(self) -> Mapping[str, Any]:
        """What the board says: telemetry, last wake reason, what it holds."""
        status = self._budget.status()
        wanted = ("board", "supply", "soc", "guard", "plan", "boots", "node_sentence")
        return {key: status[key] for key in wanted}

    async def log(self) -> Sequence[Mapping[str, Any]]:
        """The latest wakes and sleeps, newest first."""
        return self._budget.power_log.as_data()

    async def wake_at(self, wake_utc: datetime) -> Mapping[str, Any]:
        """Arm a wake and return what the board really holds."""
        try:
            receipt = await self._budget.wake_at(wake_utc)
        except EnergyError as error:
            raise EnergyError(f"{error.message}{self._failing()}", hint=error.hint) from error
        return {
            "wake_utc": receipt.wake_utc,
            "triggers": list(receipt.triggers),
            "doubts": list(receipt.doubts),
        }

    async def off(self, *, wake_utc: datetime | None, reason: str) -> Mapping[str, Any]:
        """Switch the node off in order, on again at *wake_utc* or when the governor would."""
        answer = await self._budget.request_sleep(wake_utc, reason=reason)
        if not answer.yes:
            raise EnergyError(f"the node stays on: {answer.sentence}{self._failing()}")
        return {"sentence": answer.sentence}

    def _failing(self) -> str:
        """What the board that was found fails with, for a sentence that only says that none is there."""
        board = self._budget.status()["board"]
        working = not board or board["working"]
        return "" if working or not board["failure"] else f" ({board['failure']})"

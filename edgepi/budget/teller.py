"""Tells the machine what runs."""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from edgepi.budget.bounded import bounded
from edgepi.errors import PluginCallError
from edgepi.hardware import Machine
from edgepi.model import Lease

__all__ = ["Teller"]

_log = logging.getLogger("edgepi.budget")

TELL_WITHIN_S = 10.0


class Teller:
    """Says it again only when something changed; what did not get through is said again."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._told: tuple[Any, ...] | None = None

    async def tell(self, levels: Mapping[str, str], leases: tuple[Lease, ...]) -> None:
        """Tell levels by consumer, and the open leases."""
        news = (tuple(levels.items()), tuple((x.offer.offer_id, x.state, x.finishing) for x in leases))
        if news == self._told:
            return
        try:
            await bounded(self._say(levels, leases), TELL_WITHIN_S, "telling the machine")
            self._told = news
        except PluginCallError as error:
            _log.warning("%s", error.message)

    def _say(self, levels: Mapping[str, str], leases: tuple[Lease, ...]) -> Coroutine[Any, Any, None]:
        async def say() -> None:
            await self._machine.tell(levels, leases)

        return say()

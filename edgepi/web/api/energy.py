"""Everything about energy, and why it is so."""

from __future__ import annotations

from typing import Any

from edgepi.errors import NotFoundError
from edgepi.web.api.shapes import ENERGY, EXPLANATION
from edgepi.web.endpoint import Call, Endpoint
from edgepi.web.services import EnergyReader
from edgepi.web.wire import plain

__all__ = ["ENERGY_ROUTES"]


async def _energy(call: Call) -> Any:
    return plain(_reader(call).report())


async def _explain(call: Call) -> Any:
    return {"sentences": list(_reader(call).explain())}


def _reader(call: Call) -> EnergyReader:
    if call.services.energy is None:
        raise NotFoundError("nothing looks after energy here")
    return call.services.energy


ENERGY_ROUTES = (
    Endpoint(
        method="GET",
        path="energy",
        summary="Energy in full: supply, plan, what was learned, books, earnings, battery",
        handler=_energy,
        returns=ENERGY,
    ),
    Endpoint(
        method="GET",
        path="energy/explain",
        summary="Why things are as they are, in sentences",
        handler=_explain,
        returns=EXPLANATION,
    ),
)

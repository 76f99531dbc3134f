"""What the node is and how it is."""

from __future__ import annotations

from typing import Any

from edgepi.web.api.shapes import HEALTH, PLUGIN, STATUS, array
from edgepi.web.endpoint import Call, Endpoint
from edgepi.web.services import WebServices
from edgepi.web.wire import moment, plain

__all__ = ["NODE", "status_data"]


async def _health(call: Call) -> Any:
    checks = call.services.healthy()
    return {"healthy": all(checks.values()), "checks": dict(checks)}


async def _status(call: Call) -> Any:
    return status_data(call.services)


async def _plugins(call: Call) -> Any:
    return plain(call.services.plugins())


def status_data(services: WebServices) -> dict[str, Any]:
    """Everything about the node as a whole that the page shows."""
    clock = services.clock
    return {
        "node": plain(services.node),
        "version": services.version,
        "time_utc": moment(clock.now()),
        "clock": {"rate": clock.rate, "trusted": clock.trusted},
        "simulated": services.simulated,
        "notes": list(services.notes()),
        "energy": plain(services.status()),
        "charts": dict(services.charts),
        "cards": plain(services.cards()),
        "has_power_board": services.power is not None,
    }


NODE = (
    Endpoint(
        method="GET",
        path="health",
        summary="Whether the node is well",
        handler=_health,
        returns=HEALTH,
        scope=None,
    ),
    Endpoint(
        method="GET",
        path="status",
        summary="The node, its clock and its energy",
        handler=_status,
        returns=STATUS,
    ),
    Endpoint(
        method="GET",
        path="plugins",
        summary="Every plugin with its status and the reason",
        handler=_plugins,
        returns=array(PLUGIN),
    ),
)

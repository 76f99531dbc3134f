"""The routes below ``/api/v1``, one module per concern."""

from edgepi.web.api.energy import ENERGY_ROUTES
from edgepi.web.api.history import HISTORY
from edgepi.web.api.node import NODE
from edgepi.web.api.power import POWER
from edgepi.web.api.states import STATES
from edgepi.web.endpoint import Endpoint

__all__ = ["ENDPOINTS"]

ENDPOINTS: tuple[Endpoint, ...] = (*NODE, *STATES, *HISTORY, *ENERGY_ROUTES, *POWER)

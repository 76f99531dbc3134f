"""The energy service: the one loop that drives the governor."""

from edgepi.budget.desk import PowerDesk
from edgepi.budget.leases import TRANSITIONS, LeaseBook, move
from edgepi.budget.service import BudgetService

__all__ = ["TRANSITIONS", "BudgetService", "LeaseBook", "PowerDesk", "move"]

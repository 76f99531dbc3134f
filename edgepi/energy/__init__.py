"""Pure decisions about energy: no I/O, no clock of its own."""

from edgepi.energy.battery import CHEMISTRIES, Battery, Board, Panel
from edgepi.energy.governor import (
    DutyNow,
    Governor,
    GuardState,
    Insight,
    LearnedLoad,
    LeaseVerb,
    LeaseVerdict,
    Situation,
    SleepMeans,
    SleepPlan,
    Verdict,
)
from edgepi.energy.guards import GuardLimits, GuardWatch, enforce
from edgepi.energy.ledger import Account, Ledger, Tick
from edgepi.energy.soc import SocEstimate, SocEstimator
from edgepi.energy.thresholds import ThresholdGovernor, Thresholds

__all__ = [
    "CHEMISTRIES",
    "Account",
    "Battery",
    "Board",
    "DutyNow",
    "Governor",
    "GuardLimits",
    "GuardState",
    "GuardWatch",
    "Insight",
    "LearnedLoad",
    "LeaseVerb",
    "LeaseVerdict",
    "Ledger",
    "Panel",
    "Situation",
    "SleepMeans",
    "SleepPlan",
    "SocEstimate",
    "SocEstimator",
    "ThresholdGovernor",
    "Thresholds",
    "Tick",
    "Verdict",
    "enforce",
]

"""What the web server needs of the rest of the node, as narrow as it can be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Protocol

from edgepi.clock import Clock
from edgepi.model import Decision, NodeInfo
from edgepi.plugin import Card, Route
from edgepi.recorder.samples import Sample, Tier
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import StateStore

__all__ = [
    "CHARTS",
    "DecisionReader",
    "EnergyReader",
    "HistoryReader",
    "PluginView",
    "PowerRequests",
    "WebServices",
]

CHARTS: Mapping[str, str] = MappingProxyType(
    {
        "battery_percent": "energy.battery_soc",
        "harvest_w": "energy.harvest_power",
        "load_w": "energy.load_power",
        "price_points_per_wh": "energy.price",
    }
)


class HistoryReader(Protocol):
    """Reads recorded values."""

    async def __call__(
        self, entity_id: str, start: datetime, end: datetime, /, *, tier: Tier | Literal["auto"]
    ) -> Sequence[Sample]:
        """Samples in order of time; raises `RecorderError`."""


class DecisionReader(Protocol):
    """Reads what was decided."""

    async def __call__(
        self, start: datetime | None, end: datetime | None, limit: int, /
    ) -> Sequence[Decision]:
        """The newest *limit* decisions of the interval, newest first."""


class PowerRequests(Protocol):
    """What people may ask of the power board; each raises `EdgePiError` when it cannot be had."""

    async def status(self) -> Mapping[str, Any]:
        """What the board says: telemetry, last wake reason, next wake."""

    async def log(self) -> Sequence[Mapping[str, Any]]:
        """The latest wakes and sleeps, newest first."""

    async def wake_at(self, wake_utc: datetime) -> Mapping[str, Any]:
        """Arm a wake and return what the board really holds."""

    async def off(self, *, wake_utc: datetime | None, reason: str) -> Mapping[str, Any]:
        """Switch the node off in order, on again at *wake_utc*."""


class EnergyReader(Protocol):
    """What there is to know of energy beyond the status."""

    def report(self) -> Mapping[str, Any]:
        """The status with plan, books, earnings and what was learned."""

    def explain(self) -> Sequence[str]:
        """Why things are as they are, in sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginView:
    """One line of the list of plugins; *instance* None when it is not configured."""

    name: str
    status: str
    reason: str = ""
    instance: str | None = None
    title: str | None = None
    distribution: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebServices:
    """Everything that the API and the page show; the composition root fills it in.

    *status* is the budget's own record of energy; *notes* are sentences that everyone who
    looks at the page should read (a world that loops, safe mode). *healthy* names what is
    checked for health and whether it is well; *charts* says which entities the page's
    charts of energy show; *mask* takes secrets out of what plugins say of their errors.
    """

    node: NodeInfo
    version: str
    clock: Clock
    simulated: bool
    bus: EventBus
    states: StateStore
    history: HistoryReader
    decisions: DecisionReader
    status: Callable[[], Mapping[str, Any]]
    plugins: Callable[[], Sequence[PluginView]]
    plugin_routes: Callable[[], Mapping[str, Sequence[Route]]] = dict
    cards: Callable[[], Sequence[Card]] = tuple
    notes: Callable[[], Sequence[str]] = tuple
    power: PowerRequests | None = None
    energy: EnergyReader | None = None
    charts: Mapping[str, str] = field(default_factory=lambda: CHARTS)
    healthy: Callable[[], Mapping[str, bool]] = dict
    mask: Callable[[str], str] = str

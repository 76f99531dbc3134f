"""One plugin instance: what it was handed, and what it declared."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepi.clock import Clock
from edgepi.config.settings import PluginSettings
from edgepi.errors import ContractError
from edgepi.model import Importance, NodeInfo, ReadingDescription
from edgepi.plugin import (
    Budget,
    Card,
    ChildProcess,
    ComputeBackend,
    Duty,
    Hardware,
    Message,
    Notifier,
    PluginContext,
    PowerController,
    Route,
    Sensor,
    SunForecaster,
    SupplyMeter,
    Timers,
)
from edgepi.runtime.certificates import load_certificates
from edgepi.runtime.child import Child
from edgepi.runtime.dispatch import call
from edgepi.runtime.loading import LoadedPlugin
from edgepi.runtime.readings import ReadingDesk
from edgepi.runtime.scoped_timers import ScopedTimers
from edgepi.runtime.sensors import SensorDuty
from edgepi.runtime.states import StateStore
from edgepi.runtime.threads import PluginThread

if TYPE_CHECKING:
    from aiohttp import ClientSession

__all__ = ["Declared", "Equipment", "Surroundings", "sensor_duty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What of the node every instance shares."""

    node: NodeInfo
    clock: Clock
    hardware: Hardware
    budget: Budget
    timers: Timers
    states: StateStore
    state_dir: Path


class Equipment:
    """What one instance is handed and must give back: context, thread, timers, processes, HTTP session."""

    def __init__(self, settings: PluginSettings, around: Surroundings) -> None:
        self.settings = settings
        self.clock = around.clock
        self.log = logging.getLogger(f"edgepi.plugins.{settings.instance}")
        self.desk = ReadingDesk(
            plugin=settings.plugin,
            instance=settings.instance,
            states=around.states,
            settings=settings.readings,
            log=self.log,
        )
        self.thread = PluginThread(settings.instance)
        self._timers = ScopedTimers(around.timers, settings.instance)
        self._session: ClientSession | None = None
        self._children: list[Child] = []
        self.context = self._context(around)

    async def prepare(self) -> None:
        """Make the instance's own directory."""
        await asyncio.to_thread(self.context.state_dir.mkdir, parents=True, exist_ok=True)

    async def close(self) -> None:
        """Take everything back."""
        self._timers.cancel_all()
        self.thread.close()
        children, self._children = self._children, []
        await asyncio.gather(*(child.stop() for child in children), return_exceptions=True)
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _context(self, around: Surroundings) -> PluginContext[Any]:
        settings = self.settings
        return PluginContext(
            plugin=settings.plugin,
            instance=settings.instance,
            config=settings.config,
            node=around.node,
            clock=around.clock,
            log=self.log,
            hardware=around.hardware,
            budget=around.budget,
            timers=self._timers,
            state_dir=around.state_dir / "plugins" / settings.instance,
            run_blocking=self.thread,
            child=self._child,
            report=self.desk.publish,
            state=around.states.get,
            http_client=self._http_client,
        )

    def _child(
        self,
        target: str,
        *,
        name: str,
        on_push: Callable[[Message], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> ChildProcess:
        child = Child(
            target,
            name=f"{self.settings.instance}.{name}",
            clock=self.clock,
            log=self.log,
            on_push=on_push,
            on_end=on_end,
        )
        self._children.append(child)
        return child

    async def _http_client(self) -> ClientSession:
        if self._session is None:
            await asyncio.to_thread(load_certificates)
        if self._session is None or self._session.closed:
            from aiohttp import ClientSession, ClientTimeout

            self._session = ClientSession(
                timeout=ClientTimeout(total=60), headers={"User-Agent": "EdgePi"}, trust_env=True
            )
        return self._session


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Everything that an instance brings."""

    sensor_duty: SensorDuty | None = None
    duties: tuple[Duty, ...] = ()
    meters: tuple[SupplyMeter, ...] = ()
    controllers: tuple[PowerController, ...] = ()
    forecasters: tuple[SunForecaster, ...] = ()
    backends: tuple[ComputeBackend, ...] = ()
    notifiers: tuple[Notifier, ...] = ()
    routes: tuple[Route, ...] = ()
    cards: tuple[Card, ...] = ()

    @classmethod
    def by(cls, loaded: LoadedPlugin, equipment: Equipment) -> Declared:
        """Call every hook of the plugin for this instance.

        Raises:
            PluginError: a hook raised, or what it declares breaks the contract.
        """

        def ask(hook: str) -> tuple[Any, ...]:
            return call(loaded, hook, context=equipment.context)

        meters, controllers = ask("supply_meters"), ask("power_controllers")
        return cls(
            sensor_duty=sensor_duty(ask("sensors"), equipment, of_supply=bool(meters or controllers)),
            duties=_named(ask("duties")),
            meters=tuple(m for m in meters if not isinstance(m, PowerController)),
            controllers=controllers,
            forecasters=_named(ask("sun_forecasters")),
            backends=_named(ask("compute_backends")),
            notifiers=_named(ask("notifiers")),
            routes=ask("routes"),
            cards=ask("cards"),
        )


def sensor_duty(
    sensors: Sequence[Sensor], equipment: Equipment, *, of_supply: bool = False
) -> SensorDuty | None:
    """Describe what the sensors measure, and make the duty that polls them; None without sensors.

    Worth what the owner says, else `high`, and `low` for those that a meter or board (*of_supply*)
    has beside: the temperature of a power board is nothing to stay awake for.

    Raises:
        ContractError: they cannot be described.
    """
    if not sensors:
        return None
    equipment.desk.describe(_descriptions(sensors))
    own = (Importance.LOW if of_supply else Importance.HIGH).points_per_h
    importance = equipment.settings.importance
    return SensorDuty(
        name=equipment.settings.instance,
        sensors=sensors,
        desk=equipment.desk,
        clock=equipment.clock,
        log=equipment.log,
        points_per_h=own if importance is None else importance,
    )


def _descriptions(sensors: Iterable[Sensor]) -> list[ReadingDescription]:
    found: dict[str, ReadingDescription] = {}
    for sensor in sensors:
        for description in _guarded(sensor.describe, f"sensor {sensor.name!r}"):
            if not isinstance(description, ReadingDescription):
                raise ContractError(f"sensor {sensor.name!r} must describe readings by ReadingDescription")
            if description.key in found:
                raise ContractError(f"two of its sensors describe a reading {description.key!r}")
            found[description.key] = description
    return list(found.values())


def _guarded(describe: Callable[[], Iterable[Any]], what: str) -> list[Any]:
    try:
        return list(describe())
    except (Exception, SystemExit) as error:
        raise ContractError(f"{what} cannot describe itself: {error!r}") from error


def _named(things: tuple[Any, ...]) -> tuple[Any, ...]:
    seen: set[str] = set()
    for thing in things:
        name = getattr(thing, "name", None)
        if not isinstance(name, str) or not name:
            raise ContractError(f"{type(thing).__name__} needs a text `name`")
        if name in seen:
            raise ContractError(f"two of its {type(thing).__name__} are named {name!r}")
        seen.add(name)
    return things

"""Runs every configured plugin instance, each on its own: none can stop the node or another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edgepi.clock import Clock
from edgepi.config.findings import Finding
from edgepi.config.masking import Masker
from edgepi.config.settings import PluginSettings, Settings
from edgepi.errors import ConfigError, PluginError
from edgepi.model import PluginStatusChanged
from edgepi.plugin import Card, ComputeBackend, Hardware, Notifier, Route
from edgepi.runtime.bus import EventBus
from edgepi.runtime.containment import within
from edgepi.runtime.energydesk import EnergyDesk
from edgepi.runtime.instance import Declared, Equipment, Surroundings
from edgepi.runtime.records import PluginStatus
from edgepi.runtime.registry import PluginRegistry
from edgepi.runtime.states import StateStore
from edgepi.runtime.supervisor import Outcome, Supervised, Supervisor, explain
from edgepi.runtime.timers import TimerService

if TYPE_CHECKING:
    from edgepi.runtime.ownprocess import OwnProcess

__all__ = ["EnergyDesk", "InstanceStatus", "PluginHost"]

START_S = 10.0
STOP_S = 5.0
log = logging.getLogger("edgepi.plugins")


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """How one configured instance stands."""

    instance: str
    plugin: str
    status: PluginStatus
    reason: str = ""


class _Startable(Protocol):
    """What the host itself starts and stops: backends and notifiers."""

    name: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass(slots=True)
class _Instance:
    settings: PluginSettings
    equipment: Equipment | None = None
    process: OwnProcess | None = None
    declared: Declared = field(default_factory=Declared)
    status: PluginStatus = PluginStatus.AVAILABLE
    reason: str = ""
    troubles: dict[str, str] = field(default_factory=dict)
    supervised: list[Supervised] = field(default_factory=list)
    running: list[_Startable] = field(default_factory=list)


_Declare = Callable[[_Instance, Equipment], Awaitable[Declared]]


class PluginHost:
    """Builds, starts and stops the instances that the configuration names.

    Order of a life: `declare` (calls the hooks, hands duties, meters and boards to the
    budget), `start`, `stop`, and `close` once the budget has stopped, too. Instances that want a
    process of their own find their hardware in *world*, if there is one.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        registry: PluginRegistry,
        clock: Clock,
        bus: EventBus,
        states: StateStore,
        timers: TimerService,
        hardware: Hardware,
        budget: EnergyDesk,
        state_dir: Path,
        world: Path | None = None,
        supervisor: Supervisor | None = None,
        start_s: float = START_S,
        stop_s: float = STOP_S,
    ) -> None:
        self._registry = registry
        self._config, self._world = settings.path, world
        self._bus = bus
        self._budget = budget
        self._supervisor = supervisor or Supervisor(clock, log=log)
        self._start_s, self._stop_s = start_s, stop_s
        self._around = Surroundings(
            node=settings.node,
            clock=clock,
            hardware=hardware,
            budget=budget,
            timers=timers,
            states=states,
            state_dir=state_dir,
        )
        self._instances = {each.instance: _Instance(each) for each in settings.plugins}
        self._mask = Masker(settings.secrets)
        self._handed_over: dict[str, tuple[str, str]] = {}

    @property
    def statuses(self) -> tuple[InstanceStatus, ...]:
        """How each configured instance stands, in the order of the configuration."""
        return tuple(
            InstanceStatus(name, each.settings.plugin, each.status, each.reason)
            for name, each in self._instances.items()
        )

    @property
    def routes(self) -> Mapping[str, tuple[Route, ...]]:
        """HTTP routes by instance."""
        return {name: i.declared.routes for name, i in self._instances.items() if i.declared.routes}

    @property
    def cards(self) -> Mapping[str, tuple[Card, ...]]:
        """Dashboard cards by instance."""
        return {name: i.declared.cards for name, i in self._instances.items() if i.declared.cards}

    @property
    def notifiers(self) -> tuple[Notifier, ...]:
        """Notifiers that are running."""
        return tuple(n for i in self._instances.values() for n in i.declared.notifiers if n in i.running)

    @property
    def backends(self) -> tuple[ComputeBackend, ...]:
        """Compute backends that are running."""
        return tuple(b for i in self._instances.values() for b in i.declared.backends if b in i.running)

    async def declare(self) -> None:
        """Load every enabled instance and collect what it brings; failures end in its status."""
        for instance in self._instances.values():
            await self._declare(instance)

    async def start(self) -> None:
        """Start everything in parallel; returns when each was up, failed or took too long once."""
        begun = [
            supervised
            for instance in self._instances.values()
            if instance.status is PluginStatus.ENABLED
            for supervised in self._bring_up(instance)
        ]
        await asyncio.gather(*(supervised.first.wait() for supervised in begun))

    async def stop(self) -> None:
        """Stop what was started, last first, each with a deadline."""
        for instance in reversed(self._instances.values()):
            await asyncio.gather(*(supervised.stop() for supervised in instance.supervised))
            instance.supervised.clear()
            while instance.running:
                await self._stop_one(instance, instance.running.pop())

    async def close(self) -> None:
        """Take back threads, timers and sessions."""
        for instance in reversed(self._instances.values()):
            if instance.process is not None:
                process, instance.process = instance.process, None
                await self._guard(process.stop(), f"ending the process of {instance.settings.instance}")
            if instance.equipment is not None:
                equipment, instance.equipment = instance.equipment, None
                await self._guard(equipment.close(), f"closing {instance.settings.instance}")

    def note(self, instance: str, part: str, trouble: str | None) -> None:
        """Take in that a part of an instance fails, or works again (None)."""
        found = self._instances.get(instance)
        if found is None or found.status not in {PluginStatus.ENABLED, PluginStatus.FAILED}:
            return
        if trouble is None:
            found.troubles.pop(part, None)
        else:
            found.troubles[part] = trouble
        status = PluginStatus.FAILED if found.troubles else PluginStatus.ENABLED
        self._set(found, status, "; ".join(f"{part}: {why}" for part, why in found.troubles.items()))

    def trouble(self, name: str, trouble: str | None) -> None:
        """Take in the same of a duty, meter, board or forecaster, by the name that the budget knows it by."""
        if (known := self._handed_over.get(name)) is not None:
            self.note(*known, trouble)

    async def _declare(self, instance: _Instance) -> None:
        settings = instance.settings
        if not settings.enabled:
            self._set(instance, PluginStatus.DISABLED, "switched off in the configuration")
            return
        if settings.findings:
            reason = "; ".join(_in_one_line(finding) for finding in settings.findings)
            self._leave_out(instance, PluginStatus.CONFIG_ERROR, reason)
            return
        try:
            declare = self._prepared(settings)
        except PluginError as error:
            self._refuse(instance, error)
            return
        equipment = instance.equipment = Equipment(settings, self._around)
        try:
            await equipment.prepare()
            instance.declared = await declare(instance, equipment)
            self._hand_over(instance)
        except ConfigError as error:
            self._leave_out(instance, PluginStatus.CONFIG_ERROR, "; ".join(map(str, error.findings)))
            return
        except Exception as error:
            log.exception("plugin instance %r is left out", settings.instance)
            self._set(instance, PluginStatus.LOAD_ERROR, explain(error))
            return
        self._registry.mark(settings.plugin, PluginStatus.ENABLED)
        self._set(instance, PluginStatus.ENABLED)

    def _prepared(self, settings: PluginSettings) -> _Declare:
        record = self._registry.record(settings.plugin)
        if record.manifest is not None and record.manifest.own_process and record.status.usable:
            return self._declared_elsewhere
        loaded = self._registry.load(settings.plugin)

        async def here(_: _Instance, equipment: Equipment) -> Declared:
            return Declared.by(loaded, equipment)

        return here

    async def _declared_elsewhere(self, instance: _Instance, equipment: Equipment) -> Declared:
        from edgepi.runtime.ownprocess import OwnProcess

        name = instance.settings.instance
        instance.process = OwnProcess(
            equipment,
            config=self._config,
            world=self._world,
            state_dir=self._around.state_dir,
            on_trouble=lambda trouble: self.note(name, "process", trouble),
        )
        return await instance.process.declare()

    def _refuse(self, instance: _Instance, error: PluginError) -> None:
        status, reason = PluginStatus.LOAD_ERROR, explain(error)
        if instance.settings.plugin in self._registry.names():
            record = self._registry.record(instance.settings.plugin)
            status, reason = record.status, record.reason
        self._leave_out(instance, status, reason)

    def _leave_out(self, instance: _Instance, status: PluginStatus, reason: str) -> None:
        log.warning("plugin instance %r is left out: %s", instance.settings.instance, reason)
        self._set(instance, status, reason)

    def _hand_over(self, instance: _Instance) -> None:
        settings, declared = instance.settings, instance.declared
        if declared.sensor_duty is not None:
            self._handed_over[settings.instance] = (settings.instance, "sensors")
            self._budget.add_duty(declared.sensor_duty, consumer=settings.instance)
        for duty in declared.duties:
            consumer = self._named(instance, duty.name)
            self._budget.add_duty(duty, consumer=consumer, importance=settings.importance)
        for meter in declared.meters:
            self._budget.add_meter(meter, name=self._named(instance, meter.name))
        for controller in declared.controllers:
            self._budget.add_controller(controller, name=self._named(instance, controller.name))
        for forecaster in declared.forecasters:
            self._budget.add_forecaster(forecaster, name=self._named(instance, forecaster.name))

    def _named(self, instance: _Instance, part: str) -> str:
        name = f"{instance.settings.instance}.{part}"
        self._handed_over[name] = (instance.settings.instance, part)
        return name

    def _bring_up(self, instance: _Instance) -> list[Supervised]:
        parts: tuple[_Startable, ...] = (*instance.declared.backends, *instance.declared.notifiers)
        begun = [self._supervise(instance, part) for part in parts]
        instance.supervised += begun
        return begun

    def _supervise(self, instance: _Instance, part: _Startable) -> Supervised:
        name = f"{instance.settings.instance}.{part.name}"

        async def attempt() -> None:
            try:
                await within(self._start_s, _started(part), name=f"starting {name}")
            except BaseException:
                await self._stop_one(instance, part)
                raise
            instance.running.append(part)

        return self._supervisor.bring_up(name, attempt, self._reporter(instance, part.name))

    def _reporter(self, instance: _Instance, part: str) -> Callable[[Outcome], None]:
        def report(outcome: Outcome) -> None:
            name = instance.settings.instance
            if outcome.ok:
                self.note(name, part, None)
            elif outcome.retry_s is not None:
                self.note(name, part, f"{outcome.reason}; tried again in {outcome.retry_s:.0f} s")
            else:
                self._set(
                    instance,
                    PluginStatus.QUARANTINED,
                    f"{part}: {outcome.reason}; failed too often, restart the node to try again",
                )

        return report

    async def _stop_one(self, instance: _Instance, part: _Startable) -> None:
        name = f"{instance.settings.instance}.{part.name}"
        await self._guard(_stopped(part), f"stopping {name}")

    async def _guard(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await within(self._stop_s, work, name=name)
        except Exception as error:  # noqa: BLE001 (stopping is plugin code, too)
            log.warning("%s: %s", name, explain(error))

    def _set(self, instance: _Instance, status: PluginStatus, reason: str = "") -> None:
        reason = self._mask(reason)
        if (instance.status, instance.reason) == (status, reason):
            return
        instance.status, instance.reason = status, reason
        self._bus.publish(PluginStatusChanged(instance.settings.instance, status.value, reason))


def _in_one_line(finding: Finding) -> str:
    return f"{finding} (did you mean {finding.suggestion!r}?)" if finding.suggestion else str(finding)


async def _started(part: _Startable) -> None:
    await part.start()


async def _stopped(part: _Startable) -> None:
    await part.stop()

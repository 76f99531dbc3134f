"""What the plugins of a configuration would run: their hooks are asked, no hardware is touched."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

from edgepi.budget.duties import check_levels
from edgepi.clock import SystemClock
from edgepi.config.settings import PluginSettings, Settings
from edgepi.energy.simulation.plant import Load
from edgepi.errors import EdgePiError, EnergyError, HardwareError
from edgepi.model import Level, NodeInfo, Offer
from edgepi.plugin import Duty, Hardware
from edgepi.runtime.bus import EventBus
from edgepi.runtime.dispatch import call
from edgepi.runtime.instance import Equipment, Surroundings, sensor_duty
from edgepi.runtime.registry import PluginRegistry
from edgepi.runtime.states import StateStore
from edgepi.runtime.timers import TimerService

__all__ = ["Declared", "declared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Duties as loads, whether anything computes, and which plugins had to be left out and why."""

    loads: tuple[Load, ...] = ()
    computes: bool = False
    notes: tuple[str, ...] = ()


class _NoHardware:
    def __getattr__(self, name: str) -> NoReturn:
        raise HardwareError(f"a simulated year has no hardware ({name})")


class _NoBudget:
    points_per_rlc = 0.0

    async def would_grant(self, offer: Offer) -> NoReturn:
        raise EnergyError(f"a simulated year takes no offer from outside ({offer.offer_id})")

    offer = would_grant


def declared(settings: Settings, registry: PluginRegistry) -> Declared:
    """Ask every enabled instance for its duties and whether it brings jobs."""
    with tempfile.TemporaryDirectory(prefix="edgepi-") as folder:
        around = _surroundings(settings.node, Path(folder))
        loads: list[Load] = []
        notes: list[str] = []
        computes = False
        for instance in settings.plugins:
            if not instance.enabled:
                continue
            try:
                found, brings_jobs = _asked(instance, registry, around)
            except EdgePiError as error:
                notes.append(f"{instance.instance} is left out: {error.message}")
                continue
            loads += found
            computes = computes or brings_jobs
    return Declared(loads=tuple(loads), computes=computes, notes=tuple(notes))


def _surroundings(node: NodeInfo, folder: Path) -> Surroundings:
    clock, bus = SystemClock(), EventBus()
    return Surroundings(
        node=node,
        clock=clock,
        hardware=cast("Hardware", _NoHardware()),
        budget=_NoBudget(),
        timers=TimerService(clock, bus),
        states=StateStore(bus, clock),
        state_dir=folder,
    )


def _asked(
    instance: PluginSettings, registry: PluginRegistry, around: Surroundings
) -> tuple[list[Load], bool]:
    logging.getLogger(f"edgepi.plugins.{instance.instance}").setLevel(logging.ERROR)
    loaded = registry.load(instance.plugin)
    equipment = Equipment(instance, around)
    try:
        equipment.context.state_dir.mkdir(parents=True)

        def ask(hook: str) -> tuple[Any, ...]:
            return call(loaded, hook, context=equipment.context)

        of_supply = bool(ask("supply_meters") or ask("power_controllers"))
        polled = sensor_duty(ask("sensors"), equipment, of_supply=of_supply)
        loads = [_load(instance.instance, check_levels(polled), None)] if polled else []
        duties: Sequence[Duty] = ask("duties")
        loads += [
            _load(f"{instance.instance}.{duty.name}", check_levels(duty), instance.importance)
            for duty in duties
        ]
        return loads, any(backend.brings_jobs for backend in ask("compute_backends"))
    finally:
        equipment.thread.close()


def _load(name: str, levels: Sequence[Level], importance: float | None) -> Load:
    """A duty as a load; *importance* is what its highest level is worth instead of what it says."""
    top = levels[-1]
    scale = 1.0 if importance is None or not top.points_per_h else importance / top.points_per_h
    worth = [Level(level.name, level.power_w, level.points_per_h * scale) for level in levels]
    if len(worth) == 1:
        return Load(name=name, power_w=0.0, points_per_h=0.0, top=top.name)
    return Load(
        name=name,
        power_w=top.power_w,
        points_per_h=worth[-1].points_per_h,
        lower=tuple(worth[1:-1]),
        top=top.name,
    )

"""The node to simulate: from options, from a configuration, else the one that benchmarks use."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgepi.cli.simulate.numbers import CONVERTER
from edgepi.energy.battery import CHEMISTRIES
from edgepi.energy.settings import Site
from edgepi.energy.simulation.plant import Job, Load, Plant
from edgepi.errors import TraceError

if TYPE_CHECKING:
    from edgepi.config.settings import Settings

__all__ = ["Node", "node_of"]

_COMPUTE = (3.4, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A plant with its panel, and the place that is known of it; None where nobody said."""

    plant: Plant
    panel_w: float = 40.0
    latitude: float | None = None
    longitude: float | None = None
    tilt_deg: float | None = None
    azimuth_deg: float | None = None
    notes: tuple[str, ...] = ()

    def site(self, latitude: float, longitude: float) -> Site:
        """Its site, once it is known."""
        return Site(
            latitude=latitude,
            longitude=longitude,
            panel_w=self.panel_w,
            tilt_deg=self.tilt_deg,
            azimuth_deg=self.azimuth_deg,
        )


def node_of(args: argparse.Namespace) -> Node:
    """The node that the options name; they override a configuration.

    Raises:
        EdgePiError: the configuration cannot be used, or nothing would run.
    """
    node = _configured(args.config) if args.config else Node(plant=Plant())
    plant = _overridden(node.plant, args)
    names = [load.name for load in plant.loads]
    if len(set(names)) < len(names):
        raise TraceError(f"two loads have one name: {', '.join(names)}", hint="give each --load its own")
    if not plant.loads and plant.job is None:
        raise TraceError("the node has nothing to do", hint="enable a plugin in it, or give --load NAME=W")
    changes = {
        "panel_w": args.panel_w,
        "latitude": args.lat,
        "longitude": args.lon,
        "tilt_deg": args.tilt,
        "azimuth_deg": args.azimuth,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    notes = (*node.notes, *_assumed(plant, args))
    return replace(node, plant=plant, notes=notes, **given)


def _assumed(plant: Plant, args: argparse.Namespace) -> list[str]:
    """What nobody said of a node that stands in no configuration."""
    if args.config:
        return []
    said = [f"the board draws {plant.base_w:g} W with nothing to do"]
    if not args.load:
        said += [f"its duty {load.name} {load.power_w * CONVERTER:g} W" for load in plant.loads]
    if plant.job and not args.compute_w:
        said.append(f"jobs of {plant.job.power_w * CONVERTER:g} W take what is left (--compute-w 0: none)")
    return [f"assumed, as nobody said otherwise: {', '.join(said)}"]


def _overridden(plant: Plant, args: argparse.Namespace) -> Plant:
    if args.load:
        plant = replace(plant, loads=tuple(args.load))
    hours, pausable = args.job
    if plant.job is not None or args.compute_w:
        watts, points = args.compute_w or _COMPUTE
        job = Job(power_w=watts / CONVERTER, points_per_h=points, hours=hours, pausable=pausable)
        plant = replace(plant, job=job if watts else None)
    facts = CHEMISTRIES[args.chemistry or plant.chemistry]
    return replace(
        plant,
        battery_wh=args.battery_wh or plant.battery_wh,
        chemistry=args.chemistry or plant.chemistry,
        charge_efficiency=facts.efficiency,
        discharge_efficiency=facts.efficiency,
        cold=args.battery_temp == "outside",
    )


def _configured(path: Path) -> Node:
    from edgepi.cli.installed import installed
    from edgepi.cli.paths import find_config
    from edgepi.cli.simulate.declared import declared
    from edgepi.config import load

    registry = installed()
    settings = load(find_config(path, os.environ, Path.cwd()), registry, os.environ)
    found = declared(settings, registry)
    panel, board, battery = settings.energy.panel, settings.energy.board, settings.energy.battery
    plant = Plant(
        loads=found.loads,
        job=Job() if found.computes else None,
        base_w=board.idle_w,
        standby_w=board.standby_w,
        boot_wh=board.boot_wh,
        battery_wh=battery.capacity_wh,
        chemistry=battery.chemistry,
    )
    return Node(
        plant=plant,
        panel_w=panel.peak_w,
        latitude=settings.node.latitude,
        longitude=settings.node.longitude,
        tilt_deg=panel.tilt_deg,
        azimuth_deg=panel.azimuth_deg,
        notes=(*found.notes, *_workless(settings, found.loads)),
    )


def _workless(settings: Settings, loads: tuple[Load, ...]) -> list[str]:
    quiet = [load.name for load in loads if load.power_w == 0.0]
    named = f"{', '.join(quiet)} in {settings.path}"
    return [f"no power is stated for {named}: the board's idle power is all it costs"] if quiet else []

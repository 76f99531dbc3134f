"""Everything that was asked for, lived: the node's years, and what else they are held against."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from edgepi.cli.simulate.crew import live_all
from edgepi.cli.simulate.figures import figures, mean_figures
from edgepi.cli.simulate.life import Life, Task, understood
from edgepi.cli.simulate.node import Node
from edgepi.cli.simulate.options import POLICIES
from edgepi.cli.simulate.weather import Stretch, Weather
from edgepi.errors import RequirementMissingError

__all__ = ["Size", "Study", "made"]

_OTHER_SIZES = ((0.75, 1.0), (1.5, 1.0), (2.0, 1.0), (1.0, 2.0), (1.5, 2.0))
_SAMPLE = 3
_MAIN, _COLD = "main", "cold"


@dataclass(frozen=True, slots=True)
class Size:
    """A panel and a battery."""

    panel_w: float
    battery_wh: float


@dataclass(frozen=True, kw_only=True)
class Study:
    """What was asked and what came of it; lives of other sizes and in the cold are of *sample* years."""

    node: Node
    weather: Weather
    policy: str
    sees: str
    forecast: str
    lives: tuple[Life, ...]
    policies: dict[str, tuple[Life, ...]]
    sizes: dict[Size, tuple[Life, ...]]
    cold: tuple[Life, ...] = ()
    sample: int = 1

    @property
    def days(self) -> float:
        """Mean length of a life."""
        return sum(life.outcome.hours for life in self.lives) / 24.0 / len(self.lives)

    @cached_property
    def means(self) -> dict[str, Any]:
        """Mean figures of the years."""
        return self.mean(self.lives)

    def mean(self, lives: Sequence[Life]) -> dict[str, Any]:
        """Mean figures of some lives."""
        return mean_figures([figures(life, self.node.plant) for life in lives])


def made(args: argparse.Namespace, node: Node, weather: Weather) -> Study:
    """Live all that the options ask for.

    Raises:
        EdgePiError: something is missing for it.
    """
    policies = POLICIES if args.compare else (args.policy,)
    _check(args, policies, weather)
    tasks = list(_tasks(args, node, weather, policies))
    lives = live_all(tasks)
    by_tag: dict[str, list[Life]] = {}
    for life in lives:
        by_tag.setdefault(life.tag, []).append(life)
    here = tuple(by_tag[args.policy][:_SAMPLE])
    sizes = {size: tuple(by_tag[_tag(size)]) for size in _sizes(args, node)}
    return Study(
        node=node,
        weather=weather,
        policy=args.policy,
        sees=args.sees,
        forecast=args.forecast,
        lives=tuple(by_tag[args.policy]),
        policies={name: tuple(by_tag[name]) for name in policies},
        sizes={Size(node.panel_w, node.plant.battery_wh): here, **sizes} if sizes else {},
        cold=tuple(by_tag.get(_COLD, ())),
        sample=min(_SAMPLE, len(weather.stretches)),
    )


def _check(args: argparse.Namespace, policies: Sequence[str], weather: Weather) -> None:
    if weather.stretches[0].forecast is None:
        understood(args.forecast, args.seed)
    if "clairvoyant" in policies:
        try:
            import numpy  # noqa: F401, ICN001 (is it there?)
        except ImportError:
            raise RequirementMissingError(
                "the policy clairvoyant needs numpy", hint="pip install 'edgepi[energy]'"
            ) from None


def _tasks(args: argparse.Namespace, node: Node, weather: Weather, policies: Sequence[str]) -> list[Task]:
    """Lives of the node, then of other sizes and in the cold on a few of the years."""
    whole = [_task(args, node, weather, stretch, i) for i, stretch in enumerate(weather.stretches)]
    tasks = [replace(task, policy=policy, tag=policy) for policy in policies for task in whole]
    sample = whole[:_SAMPLE]
    for size in _sizes(args, node):
        tasks += [_resized(task, size, node) for task in sample]
    if weather.source != "trace" and not node.plant.cold:
        tasks += [replace(task, plant=replace(task.plant, cold=True), tag=_COLD) for task in sample]
    return tasks


def _task(args: argparse.Namespace, node: Node, weather: Weather, stretch: Stretch, number: int) -> Task:
    return Task(
        plant=node.plant,
        site=weather.site,
        stretch=stretch,
        policy=args.policy,
        tag=args.policy,
        soc=args.soc,
        soc_error=args.soc_error,
        load_error=args.load_error,
        forecast=args.forecast,
        forecast_bias=args.forecast_bias,
        sees=args.sees,
        seed=args.seed + number,
    )


def _sizes(args: argparse.Namespace, node: Node) -> list[Size]:
    if not args.sizing:
        return []
    return [Size(node.panel_w * panel, node.plant.battery_wh * battery) for panel, battery in _OTHER_SIZES]


def _tag(size: Size) -> str:
    return f"{size.panel_w:g}:{size.battery_wh:g}"


def _resized(task: Task, size: Size, node: Node) -> Task:
    stretch, factor = task.stretch, size.panel_w / node.panel_w
    forecast = stretch.forecast and tuple(watts * factor for watts in stretch.forecast)
    return replace(
        task,
        plant=replace(task.plant, battery_wh=size.battery_wh),
        site=replace(task.site, panel_w=size.panel_w),
        stretch=replace(stretch, trace=stretch.trace.scaled(factor), forecast=forecast),
        tag=_tag(size),
    )

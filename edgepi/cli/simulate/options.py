"""What ``edgepi simulate`` takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgepi.cli.simulate.numbers import between, count, job, load, moment, number, step, watts
from edgepi.energy.battery import CHEMISTRIES

__all__ = ["POLICIES", "add_arguments"]

POLICIES = ("price", "thresholds", "always-on", "clairvoyant")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.usage = "edgepi simulate [--trace FILE | --lat DEG --lon DEG | --config FILE] [option ...]"
    _weather(parser.add_argument_group("weather: a measured trace, or years drawn for a place"))
    _node(parser.add_argument_group("node; what is not given is that of --config, or the one in brackets"))
    _policy(parser.add_argument_group("what decides, and what it knows"))
    _output(parser.add_argument_group("output"))


def _weather(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--trace", type=Path, metavar="FILE", help="CSV: UTC time and W/m2, or W of an array")
    add("--column", metavar="NAME", help="column to take (the first with numbers)")
    add("--peak-w", type=between(0.1, 1e9, "W"), metavar="W", help="peak of the array of a column in W")
    add("--temperature-column", metavar="NAME", help="column of the air's temperature in C")
    add("--lat", type=between(-90, 90, "degrees"), metavar="DEG", help="latitude, north positive")
    add("--lon", type=between(-180, 180, "degrees"), metavar="DEG", help="longitude, east positive")
    add("--tilt", type=between(0, 90, "degrees"), metavar="DEG", help="of the panel (0.8 of the latitude)")
    add("--azimuth", type=between(0, 360, "degrees"), metavar="DEG", help="180 is south (to the equator)")
    climate = "a year's sun on level ground there, from any solar map (300 to 2800)"
    add("--climate-kwh-m2", type=between(300, 2800, "kWh/m2"), metavar="SUM", help=climate)
    add("--fetch", action="store_true", help="ask Open-Meteo for the place's last years instead of drawing")
    add("--years", type=count(1, 1000), metavar="N", help="how many years to draw or fetch (10)")
    add("--start", type=moment, metavar="DATE", help="first day to take (UTC)")
    add("--days", type=between(1, 36600, "days"), metavar="N", help="how many days to take")
    add("--step", type=step, default=30.0, metavar="MIN", help="a decision holds (30)")


def _node(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-c", "--config", type=Path, metavar="FILE", help="edgepi.yaml: panel, battery, board, site, duties")
    add("--panel-w", type=between(0.01, 100_000, "W"), metavar="W", help="panel (40)")
    add("--battery-wh", type=between(0.1, 1_000_000, "Wh"), metavar="WH", help="battery (154)")
    add("--chemistry", choices=sorted(CHEMISTRIES), help="of the battery (lifepo4)")
    add("--load", action="append", type=load, metavar="NAME=W[:POINTS]", help="a duty (iot=3.2:5)")
    add("--compute-w", type=watts, metavar="W[:POINTS]", help="a job's power (3.4:1); 0: no jobs")
    add("--job", type=job, default=(1.0, False), metavar="HOURS[:pausable]", help="a job's length (1)")
    temperature = "the battery's: outside takes no charge in frost (none)"
    add("--battery-temp", choices=("outside", "none"), default="none", help=temperature)


def _policy(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--policy", choices=POLICIES, default="price", help="what decides (price)")
    add("--compare", action="store_true", help="all policies beside each other")
    add("--soc", choices=("true", "voltage", "fused"), default="true", help="what shows the charge (true)")
    add("--sees", choices=("all", "node"), default="all", help="node: nothing of the time while it is off")
    add("--forecast", default="none", metavar="none|COLUMN|noisy:SIGMA[:SEED]|noisy5[:SEED]", help="(none)")
    bias = "0.2: forecasts a fifth too much"
    add("--forecast-bias", type=between(-1, 10), default=0.0, metavar="X", help=bias)
    error = "-0.2: loads stated a fifth too low"
    add("--load-error", type=between(-0.9, 10), default=0.0, metavar="X", help=error)
    wander = "wandering error of the charge (0.02)"
    add("--soc-error", type=between(0, 1), default=0.0, metavar="SD", help=wander)
    add("--seed", type=lambda text: int(number(text)), default=1, help="of drawn years and errors (1)")


def _output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--sizing", action="store_true", help="other panels and batteries around this one, too")
    add("--page", type=Path, metavar="FILE", help="write a page with pictures")
    add("--json", action="store_true", help="print JSON")

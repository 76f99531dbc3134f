"""``edgepi states``: what the node knows now."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from edgepi.cli.client import NodeClient
from edgepi.cli.output import print_json, print_table
from edgepi.cli.paths import add_state_argument, node_dir_of

__all__ = ["add_arguments", "run", "shown_value"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("entity", nargs="?", help="an entity, or a pattern such as 'weather.*'")
    add_state_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print states; 1 if a pattern fits none."""
    states = NodeClient(node_dir_of(args)).get("states", entity=args.entity)
    if args.json:
        print_json(states)
    elif states:
        print_table(("entity", "value", "unit", "changed", "reason"), map(_row, states))
    else:
        print("no entity fits" if args.entity else "nothing is known yet")
    return 0 if states or not args.entity else 1


def _row(state: Mapping[str, Any]) -> tuple[Any, ...]:
    changed = str(state["changed_utc"])[:19].replace("T", " ")
    return state["entity_id"], shown_value(state), state.get("unit"), changed, state["reason"] or ""


def shown_value(state: Mapping[str, Any]) -> str:
    """The value with its precision, or the word for why there is none."""
    value = state["value"]
    if state["availability"] != "known":
        return str(state["availability"])
    if isinstance(value, bool):
        return "on" if value else "off"
    precision = state.get("precision")
    if isinstance(value, int | float) and precision is not None:
        return f"{value:.{precision}f}"
    return str(value)

"""What ``edgepi energy status`` shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edgepi.cli.output import paint, print_table
from edgepi.energy.phrases import part_name
from edgepi.energy.report.numbers import amount

__all__ = ["facts", "show_status", "used_by"]

Data = Mapping[str, Any]


def show_status(energy: Data, status: Data) -> None:
    """Print battery, sun, price, who runs, today's books, guards and advice."""
    for name, text in facts(energy):
        print(f"{paint(f'{name:9}', 'dim')} {text}")
    if rows := list(_consumers(energy)):
        print()
        print_table(("who", "level", "power", "power is", "why"), rows)
    for name, data in (("today", energy["ledger"]["today"]), ("in all", energy["ledger"]["total"])):
        print(f"\n{paint(name, 'bold')}: {_books(data)}")
    for note in _advice(energy, status):
        print(paint(note, "yellow"))


def facts(energy: Data) -> Iterator[tuple[str, str]]:
    """Battery, power, price, guards and sleep, each with its name."""
    yield "battery", _battery(energy)
    yield "power", f"sun {amount(energy.get('harvest_w'), 'W')}, load {_load(energy)}"
    price = energy.get("price_points_per_wh")
    yield "price", f"{amount(price, 'points')} for a stored Wh (governor: {energy.get('governor', '?')})"
    guard = energy.get("guard") or {}
    if guard:
        force = guard["in_force"]
        said = "" if force == "none" else paint(f", the {force} guard is in force", "red")
        yield "guards", f"run {guard['run_v']:.2f} V, commit {guard['commit_v']:.2f} V{said}"
    if sentence := energy.get("node_sentence"):
        yield "node", sentence


def _battery(energy: Data) -> str:
    soc, supply = energy.get("soc"), energy.get("supply") or {}
    if not soc:
        return "not measured"
    sd = soc["uncertainty_percent"]
    volts = f", {supply['battery_v']:.2f} V" if supply.get("battery_v") is not None else ""
    held = f"{soc['percent']:.0f} % (give or take {sd:.0f}), {amount(soc['stored_wh'], 'Wh')}"
    return f"{held} of {amount((energy.get('battery') or {}).get('capacity_wh'), 'Wh')}{volts}"


def _load(energy: Data) -> str:
    measured = "measured" if energy.get("load_measured") else "not measured"
    return f"{amount(energy.get('load_w'), 'W')} ({measured})"


def _consumers(energy: Data) -> Iterator[tuple[str, str, str, str, str]]:
    for duty in energy.get("duties") or ():
        learned = "learned" if duty.get("learned") else "as stated"
        yield duty["consumer"], duty["level"], amount(duty["power_w"], "W"), learned, duty["sentence"]
    for lease in energy.get("leases") or ():
        offer = lease["offer"]
        learned = "learned" if lease.get("learned") else "as stated"
        who = f"{offer['consumer']}: {offer['title']}"
        yield who, lease["state"], amount(lease.get("power_w"), "W"), learned, lease["sentence"]


def _books(account: Data) -> str:
    used = ", ".join(f"{name} {amount(value, 'Wh')}" for name, value in used_by(account))
    parts = [
        f"harvested {amount(account['harvested_wh'], 'Wh')}",
        f"used {amount(account['total_used_wh'], 'Wh')}{f' ({used})' if used else ''}",
        f"stored {amount(account['stored_wh'], 'Wh')}",
        f"lost {amount(account['lost_wh'], 'Wh')}",
    ]
    if abs(account.get("gap_wh") or 0.0) >= 0.05:
        parts.append(f"{amount(account['gap_wh'], 'Wh')} while nothing was measured")
    return ", ".join(parts)


def used_by(account: Data) -> list[tuple[str, float]]:
    """Consumers that used what can be seen, the largest first, and what nobody stated last."""
    used = [(name, wh) for name, wh in account["used_wh"].items() if abs(wh) >= 0.005]
    return sorted(used, key=lambda item: (item[0] == "unexplained", -item[1]))


def _advice(energy: Data, status: Data) -> Iterator[str]:
    if trouble := energy.get("governor_trouble"):
        yield f"governor: {trouble}"
    for source in energy.get("meters") or ():
        if not source["working"]:
            yield f"{source['name']}: {source['failure'] or 'silent'}"
    for load in (energy.get("insight") or {}).get("loads") or ():
        if load["excessive"]:
            yield (
                f"{part_name(load['part'])} draws {amount(load['learned_w'], 'W')}, not the stated"
                f" {amount(load['stated_w'], 'W')}"
            )
    yield from (energy.get("battery") or {}).get("advice") or ()
    yield from status.get("notes") or ()

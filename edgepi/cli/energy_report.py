"""``edgepi energy report``: asks the node for all that the page shows, and writes it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from edgepi.cli.output import print_json
from edgepi.errors import EdgePiError, RequestError

__all__ = ["gather", "report"]

_COURSES = ("energy.battery_soc", "energy.price", "energy.harvest_power", "energy.load_power")
_PRESENCE = "energy.price"
_PRESENCE_DAYS = 35
_FINE_DAYS = 40
_DECISIONS = 400
_FILE = Path("edgepi-energy.html")


class _Client(Protocol):
    def get(self, path: str, **query: object) -> Any: ...


def report(client: _Client, args: argparse.Namespace) -> int:
    """Write the page, or print what would be in it."""
    data = gather(client, args.days)
    if args.json:
        print_json(data)
        return 0
    from edgepi.cli.energy_page import energy_page
    from edgepi.energy.report.page import render

    page = render(energy_page(data))
    if args.out == Path("-"):
        print(page)
        return 0
    out = (args.out or _FILE).expanduser()
    _write(out, page)
    print(f"written to {out}")
    if args.open:
        import webbrowser

        webbrowser.open(out.resolve().as_uri())
    return 0


def _write(path: Path, page: str) -> None:
    """Write the whole page or leave what was there."""
    from edgepi.files import atomic_write

    if path.is_dir():
        raise EdgePiError(f"{path} is a folder", hint=f"name a file in it: {path / _FILE}")
    if not path.parent.is_dir():
        raise EdgePiError(f"{path}: there is no folder {path.parent}", hint="make it first")
    if path.exists() and not path.is_file():
        path.write_text(page, encoding="utf-8")
    else:
        atomic_write(path, page)


def gather(client: _Client, days: int) -> dict[str, Any]:
    """Ask for everything: energy, reasons, decisions, and courses of *days* days."""
    status = client.get("status")
    now = datetime.fromisoformat(status["time_utc"])
    start = now - timedelta(days=days)
    first = now - timedelta(days=max(days, _PRESENCE_DAYS))
    return {
        "node": status["node"],
        "time_utc": status["time_utc"],
        "version": status["version"],
        "simulated": status["simulated"],
        "days": days,
        "energy": client.get("energy"),
        "sentences": client.get("energy/explain")["sentences"],
        "decisions": client.get("decisions", start=start.isoformat(), limit=_DECISIONS),
        "courses": {entity: _course(client, entity, start, now, days) for entity in _COURSES},
        "presence": _course(client, _PRESENCE, first, now, max(days, _PRESENCE_DAYS)),
    }


def _course(client: _Client, entity: str, start: datetime, end: datetime, days: int) -> Mapping[str, Any]:
    """Times and means; a course that was never recorded has none."""
    tier = "5min" if days <= _FINE_DAYS else "hour"
    try:
        (data,) = client.get(
            "history", entity=entity, start=start.isoformat(), end=end.isoformat(), tier=tier
        )
    except RequestError:
        return {"times_s": [], "values": [], "step_s": 300}
    step_s = 300 if tier == "5min" else 3600
    return {"times_s": data["times_s"], "values": data["values"], "step_s": step_s}

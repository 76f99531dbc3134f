"""Saves numbered files beside the history, as a node does, and says which are safe; made to be killed.

Run as ``state_load.py DIRECTORY DAY ROWS_PER_S``: prints ``found`` and as JSON what an earlier run
left there, then ``ready``, ``safe N`` for rows of history and ``kept FILE N`` for each save that
has returned.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from recorder_load import examine, load

from edgepi.budget.store import EnergyStore, Saved
from edgepi.files import atomic_write, remove_drafts
from edgepi.model import Lease, LeaseState, Offer, RunPhase
from edgepi.runtime.quarantine import QUARANTINE_NAME, Quarantine
from edgepi.runtime.safemode import FLAG_NAME, StartFlag
from edgepi.web.tokens import Scope, TokenStore

__all__ = ["CONFIGURATION", "JOURNALS", "Files", "look"]

JOURNALS = ("energy.json", "tokens.json", QUARANTINE_NAME, FLAG_NAME)
CONFIGURATION = "edgepi.yaml"
START = datetime(2025, 6, 1, tzinfo=UTC)
PAUSE_S = 0.01


class Files:
    """The files of one state directory; each save carries a number that only grows."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._energy = EnergyStore(directory)
        self._tokens = TokenStore(directory / "tokens.json")
        self._quarantine = Quarantine(directory)
        self._flag = StartFlag(directory, "load")
        self._ways: dict[str, tuple[Callable[[int], None], Callable[[], int]]] = {
            "energy.json": (self._save_energy, self._read_energy),
            "tokens.json": (self._save_token, self._read_token),
            QUARANTINE_NAME: (self._confine, self._read_confined),
            FLAG_NAME: (self._hoist, self._read_flag),
            CONFIGURATION: (self._save_configuration, self._read_configuration),
        }

    def save(self, name: str, number: int) -> None:
        """Save one file and return when it is safe."""
        self._ways[name][0](number)

    def read(self, name: str) -> int:
        """Return the number of the last save, 0 if there was none; raises if the file is not whole."""
        return self._ways[name][1]() if (self._directory / name).exists() else 0

    def _save_energy(self, number: int) -> None:
        asyncio.run(self._energy.save(_books(number)))

    def _read_energy(self) -> int:
        saved, problem = asyncio.run(self._energy.load())
        if saved is None:
            raise ValueError(problem)
        if saved != _books(saved.boots):
            raise ValueError("books of several saves")
        return saved.boots

    def _save_token(self, number: int) -> None:
        """Add a token, then take the older ones away, which is a save of its own."""
        self._tokens.create(f"save {number}", Scope.READ, now_utc=START)
        for token in self._tokens.tokens[:-1]:
            self._tokens.revoke(token.name)

    def _read_token(self) -> int:
        store = TokenStore(self._directory / "tokens.json")
        store.refresh()
        return max(int(token.name.split()[1]) for token in store.tokens)

    def _confine(self, number: int) -> None:
        self._quarantine.confine("load", f"save {number}", START)

    def _read_confined(self) -> int:
        return int(self._quarantine.confined()["load"].reason.split()[1])

    def _hoist(self, number: int) -> None:
        self._flag.hoist()  # counts by itself
        if self._read_flag() != number:
            raise ValueError(f"the flag has forgotten its count: {self._read_flag()}, not {number}")

    def _read_flag(self) -> int:
        return int(json.loads((self._directory / FLAG_NAME).read_text())["unfinished"])

    def _save_configuration(self, number: int) -> None:
        text = "".join(f"plugin_{line}: {number}\n" for line in range(_lines(number)))
        atomic_write(self._directory / CONFIGURATION, f"save: {number}\n{text}")

    def _read_configuration(self) -> int:
        found = yaml.load((self._directory / CONFIGURATION).read_bytes(), yaml.CSafeLoader)
        number = int(found["save"])
        if len(found) != 1 + _lines(number) or set(found.values()) != {number}:
            raise ValueError(f"{len(found)} lines of save {number}")
        return number


def _lines(number: int) -> int:
    return number * 7919 % 1500  # lengths up and down, from nothing to several pages


def _books(number: int) -> Saved:
    offer = Offer(
        offer_id=f"job {number}",
        consumer="load",
        title="a job",
        value_points=1.0,
        run=RunPhase(energy_wh=float(number), duration_s=60.0),
    )
    return Saved(
        saved_utc=START + timedelta(seconds=number),
        monotonic_s=float(number),
        ledger={"hours": [number] * (_lines(number) // 4)},
        leases=(Lease(offer=offer, state=LeaseState.COMMITTED, since_utc=START),),
        boots=number,
    )


def look(directory: Path) -> dict[str, Any]:
    """Say what is there: rows, numbers of files, what is wrong, and drafts before and after a tidying."""
    drafts = len(list(directory.glob(".*.new")))
    removed = len(remove_drafts(directory))
    left = [path.name for path in directory.glob(".*.new")]
    problems: dict[str, str] = {}
    files = Files(directory)
    numbers: dict[str, int] = {}
    for name in (*JOURNALS, CONFIGURATION):
        numbers[name], problem = _try(lambda name=name: files.read(name))  # type: ignore[misc]  # mypy cannot type a default of a lambda
        if problem:
            problems[name] = problem
    rows, problem = _try(lambda: _rows(directory / "history.db"))
    aside = [path.name for path in directory.glob("*.corrupt.*")]
    if problem or aside:
        problems["history"] = problem or f"moved aside: {', '.join(aside)}"
    drafts_said = {"found": drafts, "removed": removed, "left": left}
    return {"rows": rows, "files": numbers, "problems": problems, "drafts": drafts_said}


def _try(read: Callable[[], int]) -> tuple[int, str]:
    try:
        return read(), ""
    except Exception as error:  # noqa: BLE001 (whatever it is, it is to be counted)
        return 0, repr(error)


def _rows(path: Path) -> int:
    if not path.exists():
        return 0
    found = examine(path)
    if found.torn or found.hourly != found.count:
        raise ValueError(f"not whole: {asdict(found)}")
    return found.count


async def _keep_saving(files: Files, name: str, number: int) -> None:
    while True:
        number += 1
        await asyncio.to_thread(files.save, name, number)
        print(f"kept {name} {number}", flush=True)
        await asyncio.sleep(PAUSE_S)


async def _work(directory: Path, found: dict[str, Any], day: int, rows_per_s: float) -> None:
    files = Files(directory)
    async with asyncio.TaskGroup() as group:
        for name, number in found["files"].items():
            group.create_task(_keep_saving(files, name, number))
        group.create_task(load(directory / "history.db", found["rows"], day, rows_per_s))


def main() -> None:
    directory, day, rows_per_s = sys.argv[1:]
    found = look(Path(directory))
    print(f"found {json.dumps(found)}", flush=True)
    asyncio.run(_work(Path(directory), found, int(day), float(rows_per_s)))


if __name__ == "__main__":
    main()

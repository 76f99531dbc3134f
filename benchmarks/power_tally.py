"""Counts what cuts have cost: what a life said was safe, against what the next life finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Tally"]

SAID = re.compile(r"(?:safe|kept (?P<name>\S+)) (?P<number>\d+)\b")
HISTORY = "history"


class Tally:
    """Feed it `find` at each start and `hear` after each cut."""

    def __init__(self, journals: Iterable[str], configuration: str) -> None:
        self._journals, self._configuration = tuple(journals), configuration
        self._safe: dict[str, int] = {}
        self.looks = self.rows = self.drafts = self.drafts_left = 0
        self.saved: dict[str, int] = {}
        self.lost: dict[str, int] = {}
        self.not_whole: dict[str, list[str]] = {}

    def find(self, found: Mapping[str, Any]) -> None:
        """Compare what is there with what was safe."""
        self.looks += 1
        self.rows = found["rows"]
        self.drafts += found["drafts"]["found"]
        self.drafts_left += len(found["drafts"]["left"])
        for name, problem in found["problems"].items():
            self.not_whole.setdefault(name, []).append(problem)
        numbers = {HISTORY: found["rows"], **found["files"]}
        for name, number in numbers.items():
            lost = max(0, self._safe.get(name, 0) - number)
            self.lost[name] = self.lost.get(name, 0) + lost
        self._safe = numbers

    def hear(self, lines: Iterable[str]) -> None:
        """Take note of what was said to be safe until the power went."""
        for match in filter(None, map(SAID.search, lines)):
            name, number = match["name"] or HISTORY, int(match["number"])
            self.saved[name] = self.saved.get(name, 0) + max(0, number - self._safe[name])
            self._safe[name] = max(number, self._safe[name])

    def rows_of_table(self) -> list[tuple[str, str, str]]:
        """What, measured, target."""
        return [
            ("history: found damaged, torn or not to be opened", self._broken(HISTORY), "0"),
            ("history: committed rows lost", f"{self.lost.get(HISTORY, 0):,}", "0"),
            ("history: rows checked at the end, raw and hourly", f"{self.rows:,}", ""),
            *self._files("journals", *self._journals),
            *self._files("configuration", self._configuration),
            ("drafts that the cuts left behind", str(self.drafts), ""),
            ("drafts still there after a start", str(self.drafts_left), "0"),
        ]

    def _files(self, what: str, *names: str) -> list[tuple[str, str, str]]:
        lost = sum(self.lost.get(name, 0) for name in names)
        saved = sum(self.saved.get(name, 0) for name in names)
        return [
            (f"{what}: found torn or not to be read", self._broken(*names), "0"),
            (f"{what}: finished saves lost", f"{lost:,} of {saved:,}", "0"),
        ]

    def _broken(self, *names: str) -> str:
        broken = sum(len(self.not_whole.get(name, ())) for name in names)
        return f"{broken} of {self.looks * len(names)}"

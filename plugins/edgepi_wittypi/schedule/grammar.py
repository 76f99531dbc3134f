"""The grammar of a ``.wpi`` file; every error names its line and column. Pure.

``BEGIN`` and ``END`` with a date and a time, then states: ``ON`` or ``OFF`` with lengths (``D1 H2 M3 S4``,
which are added up) and perhaps ``WAIT``. ``#`` begins a comment; the states repeat from BEGIN to END.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgepi.errors import RequestError

__all__ = ["LONGEST_LINES", "Schedule", "ScheduleError", "State", "parse"]

LONGEST_LINES = 10_000
WORDS = ("BEGIN", "END", "ON", "OFF", "WAIT")
SECONDS = {"D": 86400, "H": 3600, "M": 60, "S": 1}
_WORD = re.compile(r"\S+")
_LENGTH = re.compile(r"([DHMS])(\d{1,9})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}", re.ASCII)
_LONGEST = timedelta(days=36600)


class ScheduleError(RequestError):
    """A schedule that cannot be meant; the message begins with file, line and column."""


@dataclass(frozen=True, slots=True)
class State:
    """On or off for a time; *wait*: whoever is responsible ends it, not the schedule."""

    on: bool
    length: timedelta
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Local times without a zone, as the file has them."""

    begin: datetime
    end: datetime
    states: tuple[State, ...]

    @property
    def cycle(self) -> timedelta:
        """After how long the states repeat."""
        return sum((state.length for state in self.states), timedelta())


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    line: int
    column: int

    @property
    def upper(self) -> str:
        return self.text.upper()


def parse(text: str, name: str = "schedule.wpi") -> Schedule:
    """Read a schedule.

    Raises:
        ScheduleError: it is wrong; the first mistake, with its line and column.
    """
    return _Reader(name).read(text)


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._bounds: dict[str, datetime] = {}
        self._states: list[State] = []

    def read(self, text: str) -> Schedule:
        lines = text.removeprefix("\ufeff").splitlines()
        if len(lines) > LONGEST_LINES:
            raise self._wrong(_Word("", LONGEST_LINES + 1, 1), f"more than {LONGEST_LINES} lines")
        for words in _lines_of_words(lines):
            self._line(words)
        return self._whole(_Word("", max(1, len(lines)), 1))

    def _line(self, words: list[_Word]) -> None:
        first = words[0]
        if first.upper in ("BEGIN", "END"):
            self._bound(first, words[1:])
        elif first.upper in ("ON", "OFF"):
            self._state(first, words[1:])
        else:
            raise self._wrong(
                first, f"expected BEGIN, END, ON or OFF, not {first.text!r}{_meant(first.text)}"
            )

    def _bound(self, word: _Word, rest: list[_Word]) -> None:
        if word.upper in self._bounds:
            raise self._wrong(word, f"{word.upper} stands here for the second time")
        form = f"{word.upper} needs a date and a time, such as {word.upper} 2026-06-01 08:00:00"
        if not rest or _DATE.fullmatch(rest[0].text) is None:
            raise self._wrong(rest[0] if rest else word, form)
        if len(rest) < 2 or _TIME.fullmatch(rest[1].text) is None:
            raise self._wrong(rest[1] if len(rest) > 1 else rest[0], form)
        if len(rest) > 2:
            raise self._wrong(rest[2], f"nothing may follow the time, {rest[2].text!r} does")
        try:
            moment = datetime.fromisoformat(f"{rest[0].text}T{rest[1].text}")
        except ValueError as error:
            raise self._wrong(rest[0], f"{rest[0].text} {rest[1].text} is no time: {error}") from error
        if word.upper == "END" and "BEGIN" in self._bounds and moment <= self._bounds["BEGIN"]:
            raise self._wrong(rest[0], "END must come after BEGIN")
        self._bounds[word.upper] = moment

    def _state(self, word: _Word, rest: list[_Word]) -> None:
        seconds, wait = 0, False
        for each in rest:
            if wait:
                raise self._wrong(each, f"nothing may follow WAIT, {each.text!r} does")
            if each.upper == "WAIT":
                wait = True
            elif length := _LENGTH.fullmatch(each.upper):
                seconds += SECONDS[length[1]] * int(length[2])
            else:
                said = f"expected D, H, M or S with a number, such as H2 or M30, or WAIT, not {each.text!r}"
                raise self._wrong(each, said + _meant(each.text))
        if seconds <= 0:
            raise self._wrong(word, f"{word.upper} needs a length, such as {word.upper} H2 M30")
        if seconds > _LONGEST.total_seconds():
            raise self._wrong(rest[0], f"{word.upper} lasts longer than a hundred years")
        self._states.append(State(word.upper == "ON", timedelta(seconds=seconds), wait))

    def _whole(self, last: _Word) -> Schedule:
        for bound in ("BEGIN", "END"):
            if bound not in self._bounds:
                raise self._wrong(last, f"there is no {bound}")
        for on, name in ((True, "ON"), (False, "OFF")):
            if not any(state.on is on for state in self._states):
                raise self._wrong(last, f"there is no {name}: a schedule needs one ON and one OFF at least")
        if self._bounds["END"] <= self._bounds["BEGIN"]:
            raise self._wrong(last, "END must come after BEGIN")
        return Schedule(self._bounds["BEGIN"], self._bounds["END"], tuple(self._states))

    def _wrong(self, word: _Word, what: str) -> ScheduleError:
        return ScheduleError(f"{self._name}:{word.line}:{word.column}: {what}")


def _lines_of_words(lines: list[str]) -> Iterator[list[_Word]]:
    for number, line in enumerate(lines, start=1):
        code = line.split("#", 1)[0]
        words = [_Word(found[0], number, found.start() + 1) for found in _WORD.finditer(code)]
        if words:
            yield words


def _meant(text: str) -> str:
    """What a misspelt word was most likely meant to be."""
    glued = "".join(text.upper().split())
    parts = re.findall(r"[DHMS]\d+", glued)
    if len(parts) > 1 and "".join(parts) == glued:
        return f"; write {' '.join(parts)}"
    if turned := re.fullmatch(r"(\d+)([DHMS])\w*", glued):
        return f"; write {turned[2]}{turned[1]}"
    near = difflib.get_close_matches(glued, WORDS, n=1, cutoff=0.6)
    return f"; is {near[0]} meant?" if near else ""

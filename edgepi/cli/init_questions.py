"""What ``edgepi init`` asks, with a default for each question that fits the machine."""

from __future__ import annotations

import argparse
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.config.boards import BOARDS
from edgepi.errors import EdgePiError

__all__ = ["QUESTIONS", "Question", "ask", "choice", "defaults"]

_ZONE_TABLE = Path("usr/share/zoneinfo/zone.tab")
_GREENWICH = (51.48, 0.0)


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError as error:
            hint = ": write a point" if "," in text else ""
            raise argparse.ArgumentTypeError(f"{text!r} is not a number{hint}") from error
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
        return value

    return parse


def choice(*words: str) -> Callable[[str], str]:
    """Make what takes one of these words."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(words)}")
        return text.lower()

    return parse


def _name(text: str) -> str:
    if not re.fullmatch(r"[\w .-]{1,64}", text):
        raise argparse.ArgumentTypeError("a name has up to 64 letters, digits, spaces, dots, dashes")
    return text


def _zone(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_+/-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone such as Europe/Paris")
    return text


@dataclass(frozen=True, slots=True)
class Question:
    """One question; *key* is also its option, ``--latitude``."""

    key: str
    text: str
    parse: Callable[[str], Any]


QUESTIONS = (
    Question("name", "Name of the node", _name),
    Question("latitude", "Latitude, degrees north", _number(-90, 90)),
    Question("longitude", "Longitude, degrees east", _number(-180, 180)),
    Question("elevation", "Elevation, metres above the sea", _number(-500, 9000)),
    Question("time-zone", "Time zone", _zone),
    Question("panel-w", "Rated power of the solar panel, W", _number(0.1, 1e6)),
    Question("chemistry", "Battery (lifepo4, li-ion, lead-acid)", choice("lifepo4", "li-ion", "lead-acid")),
    Question("capacity-wh", "Usable energy of the battery, Wh (volts times Ah)", _number(0.1, 1e6)),
    Question("board", f"Computer ({', '.join(BOARDS)})", choice(*BOARDS)),
)


def defaults(root: Path) -> dict[str, Any]:
    """Return an answer to each question as far as the machine below *root* knows."""
    zone = _time_zone(root)
    latitude, longitude = _place(root, zone)
    host = re.sub(r"[^\w .-]", "-", socket.gethostname())[:64] or "edgepi"
    return {
        "name": host,
        "latitude": latitude,
        "longitude": longitude,
        "elevation": 0.0,
        "time-zone": zone,
        "panel-w": 40.0,
        "chemistry": "lifepo4",
        "capacity-wh": 154.0,
        "board": _board(root),
    }


def ask(question: Question, default: Any, read: Callable[[str], str], say: Callable[[str], None]) -> Any:
    """Ask until the answer fits; Enter takes the default.

    Raises:
        EdgePiError: the input ended.
    """
    while True:
        try:
            text = read(f"{question.text} [{_shown(default)}]: ").strip()
        except EOFError as error:
            raise EdgePiError("nobody answers", hint="add --yes to take the defaults") from error
        if not text:
            return default
        try:
            return question.parse(text)
        except argparse.ArgumentTypeError as error:
            say(f"  {error}")


def _shown(value: Any) -> str:
    return format(value, "g") if isinstance(value, float) else str(value)


def _time_zone(root: Path) -> str:
    try:
        named = (root / "etc/timezone").read_text(encoding="utf-8").strip()
        if named:
            return _zone(named)
    except (OSError, UnicodeDecodeError, argparse.ArgumentTypeError):
        pass
    try:
        target = str((root / "etc/localtime").readlink())
    except OSError:
        return "UTC"
    return target.partition("zoneinfo/")[2].removeprefix("Etc/") or "UTC"


def _place(root: Path, zone: str) -> tuple[float, float]:
    """Return where the zone's main city lies, from the table that comes with the zones."""
    try:
        lines = (root / _ZONE_TABLE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return _GREENWICH
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    where = next((row[1] for row in rows if len(row) > 2 and row[2] == zone), None)
    halves = re.fullmatch(r"([+-]\d+)([+-]\d+)", where or "")
    return (_degrees(halves[1]), _degrees(halves[2])) if halves else _GREENWICH


def _degrees(text: str) -> float:
    """Turn ISO 6709 ``+DDMM`` or ``+DDDMMSS`` into degrees."""
    sign, digits = (-1 if text[0] == "-" else 1), text[1:]
    whole = len(digits) - (4 if len(digits) > 5 else 2)
    minutes, seconds = digits[whole : whole + 2], digits[whole + 2 :] or "0"
    return sign * round(int(digits[:whole]) + int(minutes) / 60 + int(seconds) / 3600, 4)


def _board(root: Path) -> str:
    """Recognise a Pi by the model that its firmware tells Linux."""
    try:
        model = (root / "proc/device-tree/model").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "pi4"
    return next((board for words, board in _MODELS if words in model), "other" if model else "pi4")


_MODELS = (
    ("Zero 2", "zero2w"),
    ("Zero", "zero"),
    ("Compute Module 5", "cm5"),
    ("Compute Module 4", "cm4"),
    ("Pi 500", "pi5"),
    ("Pi 400", "pi400"),
    ("Pi 5", "pi5"),
    ("Pi 4", "pi4"),
    ("Pi 3 Model B Plus", "pi3b+"),
    ("Pi 3", "pi3b"),
)

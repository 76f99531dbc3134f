"""What has to go so that the disk keeps its room: a decision without any disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Drop", "Item", "Rules", "to_drop"]

_FAR = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that takes room; *at_utc* None is not known, *number* tells in which order its kind came."""

    kind: str
    name: str
    bytes: int
    at_utc: datetime | None
    number: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """No older than *days*, not more than *size* bytes together, *free* bytes of the disk left alone."""

    days: float
    size: int
    free: int


@dataclass(frozen=True, slots=True)
class Drop:
    """One that goes, and for which rule: ``age``, ``size`` or ``free``."""

    item: Item
    why: str


def to_drop(items: Iterable[Item], rules: Rules, *, now_utc: datetime | None, free_bytes: int) -> list[Drop]:
    """Say what goes: what is too old, then the oldest until all fits; marked ones last and never for age.

    *now_utc* is None while the clock cannot be believed: then nothing is too old.
    """
    ordered = _oldest_first(items, now_utc)
    drops = [Drop(item, "age") for item in ordered if _too_old(item, rules, now_utc)]
    gone = {id(drop.item) for drop in drops}
    left = [item for item in ordered if id(item) not in gone]
    total = sum(item.bytes for item in left)
    free_bytes += sum(drop.item.bytes for drop in drops)
    for item in sorted(left, key=lambda item: item.kept):  # stable: the oldest first in both halves
        why = "size" if total > rules.size else "free" if free_bytes < rules.free else None
        if why is None:
            break
        if item.bytes:
            drops.append(Drop(item, why))
        total -= item.bytes
        free_bytes += item.bytes
    return drops


def _too_old(item: Item, rules: Rules, now_utc: datetime | None) -> bool:
    if now_utc is None or item.at_utc is None or item.kept:
        return False
    return (now_utc - item.at_utc).total_seconds() > rules.days * 86400.0


def _oldest_first(items: Iterable[Item], now_utc: datetime | None) -> Sequence[Item]:
    """Sort by time, but never against the order in which things of one kind came: clocks go wrong."""
    latest: dict[str, datetime] = {}
    keyed = []
    for item in sorted(items, key=lambda item: (item.kind, item.number)):
        at = item.at_utc
        if at is not None and (now_utc is None or at <= now_utc + _FAR):
            latest[item.kind] = max(at, latest.get(item.kind, at))
        known = latest.get(item.kind)
        keyed.append(((known is not None, known.timestamp() if known else 0.0, item.number, item.name), item))
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]

"""Who is there: pings, asks and the energy that workers say they can spare. Touches no disk."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from edgepi_iexec.pool.choosing import NEUTRAL_SURPLUS, Asker

__all__ = ["ENERGY_HEADER", "SURPLUS_HEADER", "Presence", "Seen"]

ENERGY_HEADER = "X-EdgePi-Energy-Wh"
SURPLUS_HEADER = "X-EdgePi-Surplus"
_RANKING_S = 1.0
_RANKED = 200
_FORGET_S = 3600.0
_NEVER = -math.inf
_MOST = 50_000


@dataclass(slots=True)
class Seen:
    """One worker; monotonic seconds."""

    pinged_s: float
    asked_s: float = _NEVER
    surplus: float = NEUTRAL_SURPLUS
    energy_wh: float = 0.0
    passed: int = 0


class Presence:
    """Kept in memory only: after a restart all have *lost_after_s* to show up again."""

    def __init__(self, monotonic: Callable[[], float], *, lost_after_s: float, ask_s: float) -> None:
        self._monotonic = monotonic
        self._lost_after_s = lost_after_s
        self._recent_s = 2.5 * ask_s
        self._started_s = monotonic()
        self._seen: dict[str, Seen] = {}
        self._ranking: list[Asker] = []
        self._ranked_s = _NEVER

    def ping(self, wallet: str, headers: Mapping[str, str]) -> None:
        """Take note that a worker is alive."""
        now_s = self._monotonic()
        seen = self._seen.get(wallet) or self._new(wallet, now_s)
        seen.pinged_s = now_s
        if SURPLUS_HEADER in headers or ENERGY_HEADER in headers:
            _note(seen, headers)

    def asks(self, wallet: str, headers: Mapping[str, str], least_s: float) -> bool:
        """Take note of an ask; False if the last one is too recent."""
        now_s = self._monotonic()
        seen = self._seen.get(wallet) or self._new(wallet, now_s)
        if now_s - seen.asked_s < least_s:
            return False
        seen.asked_s = now_s
        if SURPLUS_HEADER in headers or ENERGY_HEADER in headers:
            _note(seen, headers)
        return True

    def _new(self, wallet: str, now_s: float) -> Seen:
        """A worker that was not heard before; of more than anybody has, none is remembered."""
        seen = Seen(now_s)
        if len(self._seen) < _MOST:
            self._seen[wallet] = seen
        return seen

    def asker(self, wallet: str) -> Asker:
        """What a worker said of its energy."""
        seen = self._seen.get(wallet)
        return Asker(wallet) if seen is None else _asker(wallet, seen)

    def passed(self, wallet: str, *, over: bool) -> None:
        """Count that a worker stood back for another, or got a task."""
        if (seen := self._seen.get(wallet)) is not None:
            seen.passed = seen.passed + 1 if over else 0

    def ranking(self, free: Callable[[str], bool]) -> list[Asker]:
        """Some hundred workers that asked lately and have a place free, the most energy first.

        Looked for once a second: a task is left to one of the first only, and there may be thousands.
        """
        now_s = self._monotonic()
        if now_s - self._ranked_s >= _RANKING_S:
            since_s = now_s - self._recent_s
            recent = ((s.surplus, s.energy_wh, w) for w, s in self._seen.items() if s.asked_s >= since_s)
            best = (wallet for _, _, wallet in heapq.nlargest(_RANKED, recent))
            self._ranking = [_asker(each, self._seen[each]) for each in best if free(each)]
            self._ranked_s = now_s
        return self._ranking

    def alive(self, wallet: str) -> bool:
        """Whether it pinged lately."""
        seen = self._seen.get(wallet)
        last_s = self._started_s if seen is None else max(seen.pinged_s, self._started_s)
        return self._monotonic() - last_s <= self._lost_after_s

    def here(self) -> Iterable[str]:
        """Wallets that pinged since the start and not too long ago."""
        now_s = self._monotonic()
        return [w for w, seen in self._seen.items() if now_s - seen.pinged_s <= self._lost_after_s]

    def seen(self, wallet: str) -> Seen | None:
        """When a worker was last heard."""
        return self._seen.get(wallet)

    def forget(self) -> None:
        """Drop those that were not heard for an hour."""
        now_s = self._monotonic()
        for wallet in [w for w, seen in self._seen.items() if now_s - seen.pinged_s > _FORGET_S]:
            del self._seen[wallet]


def _asker(wallet: str, seen: Seen) -> Asker:
    return Asker(wallet, seen.surplus, seen.energy_wh, seen.passed)


def _note(seen: Seen, headers: Mapping[str, str]) -> None:
    seen.surplus = min(1.0, _number(headers.get(SURPLUS_HEADER), NEUTRAL_SURPLUS))
    seen.energy_wh = min(1e6, _number(headers.get(ENERGY_HEADER), 0.0))


def _number(text: str | None, otherwise: float) -> float:
    try:
        value = float(text) if text is not None and len(text) < 32 else otherwise
    except ValueError:
        return otherwise
    return max(0.0, value) if math.isfinite(value) else otherwise

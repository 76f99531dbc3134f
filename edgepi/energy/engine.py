"""The energy engine: learns from finished days, prices energy each morning, chooses each slot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from edgepi.energy.clearness import Chain, ClearnessMemory, day_clearness
from edgepi.energy.dayvalue import Arithmetic, DayPlan, arithmetic
from edgepi.energy.demand import Rung
from edgepi.energy.envelope import Envelope
from edgepi.energy.forecast import ForecastTrust, forecast_chain
from edgepi.energy.nowcast import Nowcast, nowcast
from edgepi.energy.policy import Choice, Moment, choose
from edgepi.energy.settings import SLOTS, EngineSettings, Site, Store
from edgepi.energy.watervalue import DayWorth, WaterValue

__all__ = ["Engine", "View"]

_TOLERANCE = 0.02
_AKIN = 1.5


@dataclass(frozen=True, slots=True)
class View:
    """What the engine makes of a moment; nothing in it changes, so any thread may ask it."""

    settings: EngineSettings
    worth: DayWorth
    now: Nowcast
    clear_w: tuple[float, ...]

    def choose(self, rungs: Sequence[Rung], moment: Moment) -> Choice:
        """Say which of *rungs* is best."""
        return choose(self.settings, self.worth, rungs, moment, self.now)


class Engine:
    """One node's engine. Feed it `begin_day`, then for each slot `choose` and `note`.

    Harvests are mean watts of a slot; None where nothing was measured.
    """

    def __init__(
        self, settings: EngineSettings, site: Site, store: Store, *, numpy: bool | None = None
    ) -> None:
        self.settings = settings
        self.store = store
        self._arithmetic: Arithmetic = arithmetic(numpy=numpy)
        self._envelope = Envelope(settings, site)
        self._clearness = ClearnessMemory(settings)
        self._trust = ForecastTrust(settings)
        self._water = WaterValue(settings, self._arithmetic)
        self._day: date | None = None
        self._clear: list[float] = []
        self._seen: list[float | None] = []
        self._chain: Chain | None = None
        self._chains: list[list[list[float]]] = []
        self._prior: list[float] = []
        self._rungs: tuple[Rung, ...] = ()
        self._worth: DayWorth | None = None
        self._now: tuple[int, Nowcast] | None = None

    def begin_day(self, day: date, rungs: tuple[Rung, ...], forecast: Sequence[float | None] = ()) -> None:
        """Start the solar day that begins on the UTC date *day*; *forecast* is clearness from today on."""
        if self._day != day:
            self._finish_day(day)
            self._seen = []
        self._day, self._now = day, None
        self._clear = self._envelope.of(day)
        self._chain = self._clearness.chain()
        outlooks = self._trust.issue(day.toordinal(), forecast)
        self._chains = forecast_chain(
            self._chain.matrix, self._chain.centres, outlooks, self.settings.forecast_sd_floor
        )
        columns = zip(*self._chains[0], strict=True)
        self._prior = [
            sum(y * p for y, p in zip(self._chain.membership, column, strict=True)) for column in columns
        ]
        self._price(rungs, sweeps=1)

    def _finish_day(self, today: date) -> None:
        if self._day is None:
            return
        seen = [*self._seen, *[None] * (SLOTS - len(self._seen))][:SLOTS]
        clearness = day_clearness(seen, self._clear)
        self._clearness.learn(clearness)
        self._trust.learn(self._day.toordinal(), clearness)
        self._envelope.learn(self._day, seen)
        for _ in range(min((today - self._day).days - 1, self.settings.envelope_days)):
            self._clearness.learn(None)

    def _price(self, rungs: tuple[Rung, ...], *, sweeps: int) -> None:
        assert self._chain is not None
        if not _akin(rungs, self._rungs):
            # What energy was worth to others may keep it from these for weeks.
            self._water.forget()
        plan = DayPlan(
            store=self.store,
            levels=self.settings.levels,
            rungs=rungs,
            clear_w=self._clear,
            centres=self._chain.centres,
        )
        self._worth = self._water.today(plan, self._chain.matrix, self._chains, sweeps=sweeps)
        self._rungs = rungs

    def reprice(self, rungs: tuple[Rung, ...]) -> None:
        """Take in another demand."""
        if self.stale(rungs):
            self._price(rungs, sweeps=self.settings.first_sweeps)

    def refloor(self, rungs: tuple[Rung, ...]) -> None:
        """Take in another floor of the store; the worth of energy follows within days."""
        self._price(rungs, sweeps=1)

    def stale(self, rungs: tuple[Rung, ...]) -> bool:
        """Whether a demand differs so much from the last that energy is to be priced anew."""
        return self._worth is None or not _alike(rungs, self._rungs)

    def pass_day(self, day: date, harvest_w: Sequence[float | None]) -> None:
        """Learn of a day that went by without being priced, such as one slept through."""
        self._finish_day(day)
        self._day, self._seen, self._clear = day, list(harvest_w), self._envelope.of(day)

    def drop_day(self) -> None:
        """Forget what was seen of the day: its date was wrong."""
        self._day, self._seen, self._now = None, [], None

    def clear_w(self, day: date) -> list[float]:
        """Harvest (W) of each slot of a clear day, as far as is known."""
        return self._clear if day == self._day else self._envelope.of(day)

    @property
    def day(self) -> date | None:
        """The solar day that is being lived."""
        return self._day

    @property
    def days_learned(self) -> int:
        """Measured days that the engine remembers."""
        return self._clearness.measured

    @property
    def forecast_sd(self) -> float:
        """Spread of a forecast of today's clearness, as learned."""
        _, slope, sd = self._trust.fit(0)
        return sd / slope

    def note(self, harvest_w: float | None) -> None:
        """Take in the mean harvest of the slot that has ended."""
        self._seen.append(harvest_w)

    def observe(self, harvest_w: Sequence[float | None]) -> None:
        """Take in the mean harvest of all slots of this day that have ended."""
        if list(harvest_w) != self._seen:
            self._seen, self._now = list(harvest_w), None

    @property
    def worth(self) -> DayWorth:
        """Worth of energy today."""
        assert self._worth is not None
        return self._worth

    @property
    def nowcast(self) -> Nowcast:
        """What is believed now of today and of the slot that begins."""
        slot = len(self._seen)
        if self._now is None or self._now[0] != slot:
            assert self._chain is not None
            made = nowcast(self.settings, self._prior, self._chain.centres, self._clear, self._seen)
            self._now = slot, made
        return self._now[1]

    @property
    def view(self) -> View:
        """What may be asked of this moment."""
        return View(self.settings, self.worth, self.nowcast, tuple(self._clear))

    def choose(self, rungs: Sequence[Rung], moment: Moment) -> Choice:
        """Say which of *rungs* is best now."""
        return self.view.choose(rungs, moment)

    def memory(self) -> Mapping[str, Any]:
        """What must outlive a restart, as JSON-able values."""
        return {
            "envelope": self._envelope.memory(),
            "clearness": self._clearness.memory(),
            "forecast": self._trust.memory(),
            "worth": self._water.memory(),
            "demand": [[rung.power_w, rung.points_per_h] for rung in self._rungs],
            "day": None if self._day is None else self._day.isoformat(),
            "seen": list(self._seen),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`; one that does not fit is left out altogether."""
        try:
            day = date.fromisoformat(memory["day"])
            seen = _numbers(memory["seen"])[:SLOTS]
            envelope = [_numbers(past) for past in memory["envelope"]]
            clearness = _numbers(memory["clearness"])
            pairs = [[(_number(f), _number(k)) for f, k in lead] for lead in memory["forecast"]["pairs"]]
            issued = {
                str(int(due)): {str(int(lead)): _number(value) for lead, value in said.items()}
                for due, said in memory["forecast"]["issued"].items()
            }
            worth = [[_number(value) for value in row] for row in memory["worth"]]
            demand = [(_number(power_w), _number(points)) for power_w, points in memory.get("demand", ())]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return
        self._envelope.recall(envelope)
        self._clearness.recall(clearness)
        self._trust.recall(pairs, issued)
        if [len(row) for row in worth] == [self.settings.levels] * len(self.settings.class_prior):
            self._water.recall(worth)
            self._rungs = tuple(Rung(power_w, points) for power_w, points in demand)
        self._day, self._seen, self._clear = day, seen, self._envelope.of(day)

    @property
    def seen(self) -> tuple[date | None, tuple[float | None, ...]]:
        """The day that is being lived and the harvest of its slots so far."""
        return self._day, tuple(self._seen)


def _numbers(values: Sequence[Any]) -> list[float | None]:
    return [None if value is None else _number(value) for value in values]


def _number(value: Any) -> float:
    """A finite float; raises ValueError or TypeError for what is none."""
    if isinstance(value, str) or not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number


def _alike(some: Sequence[Rung], others: Sequence[Rung]) -> bool:
    """Whether two demands differ so little that the price may wait for the morning."""
    return len(some) == len(others) and all(
        abs(one.power_w - other.power_w) <= _TOLERANCE * (one.power_w + other.power_w)
        and abs(one.points_per_h - other.points_per_h) <= 1e-3
        for one, other in zip(some, others, strict=True)
    )


def _akin(some: Sequence[Rung], others: Sequence[Rung]) -> bool:
    """Whether energy is worth about as much to two demands: their points, in all and for a Wh."""
    if not some or not others:
        return False
    pairs = zip(_yields(some), _yields(others), strict=True)
    return all(max(pair) <= _AKIN * min(pair) for pair in pairs)


def _yields(rungs: Sequence[Rung]) -> tuple[float, float]:
    """Most points an hour, and most points per Wh."""
    most = max(rung.points_per_h for rung in rungs)
    return most, max(rung.points_per_h / max(rung.power_w, 1e-9) for rung in rungs)

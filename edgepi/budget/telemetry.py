"""Reads meters and boards, each at its own pace, and merges what is fresh into one record."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from edgepi.budget.bounded import bounded
from edgepi.clock import Clock
from edgepi.errors import ContractError, PluginCallError
from edgepi.model import Supply, WakeReason
from edgepi.plugin import PowerController, SupplyMeter

__all__ = ["OnTrouble", "Source", "Telemetry"]

_log = logging.getLogger("edgepi.budget.telemetry")

OnTrouble = Callable[[str, str | None], None]

_START_WITHIN_S = 30.0
_COMPARE_EACH_S = 3600.0
_RETRY_S = (5.0, 15.0, 60.0, 300.0)


@dataclass(slots=True, eq=False)
class Source:
    """One meter or board with its latest record."""

    meter: SupplyMeter
    name: str
    supply: Supply | None = None
    read_s: float = -math.inf
    started: bool = False
    failures: int = 0
    failure: str = ""
    reason: WakeReason | None = None
    health: tuple[str, ...] = ()
    clock_off_s: float | None = None
    clock_read_s: float = -math.inf
    task: asyncio.Task[None] | None = None

    @property
    def controller(self) -> PowerController | None:
        """The board, if it is one."""
        return self.meter if isinstance(self.meter, PowerController) else None

    @property
    def measures(self) -> bool:
        """Whether its records say anything of the supply."""
        return self.controller is None or self.controller.capabilities.measures

    @property
    def interval_s(self) -> float:
        """How often it is read: as it wishes, but no more often than its board bears."""
        board = self.controller
        return max(0.1, self.meter.interval_s, board.capabilities.min_interval_s if board else 0.0)

    @property
    def fresh_s(self) -> float:
        """How long a record counts as the present."""
        return 3.0 * self.interval_s + 5.0


class Telemetry:
    """Keeps every source running; a source that fails or hangs is retried and harms no other.

    *on_trouble* is told name and failure of a source, and None once it works again; *on_woken* hears of
    each board that said why it switched the node on.
    """

    def __init__(
        self,
        clock: Clock,
        on_read: Callable[[Source], None],
        on_trouble: OnTrouble = lambda _name, _trouble: None,
        on_woken: Callable[[WakeReason], None] = lambda _reason: None,
    ) -> None:
        self._clock = clock
        self._on_read = on_read
        self._on_trouble = on_trouble
        self._on_woken = on_woken
        self._running = False
        self.sources: list[Source] = []

    def add(self, meter: SupplyMeter, name: str) -> Source:
        """Read *meter* from now on, or from `start` on."""
        source = Source(meter, name)
        self.sources.append(source)
        if self._running:
            self._launch(source)
        return source

    async def remove(self, meter: SupplyMeter) -> None:
        """Stop reading a meter and let go of it."""
        for source in [s for s in self.sources if s.meter is meter]:
            self.sources.remove(source)
            await self._end(source)
            self._on_trouble(source.name, None)

    def start(self) -> None:
        """Begin to read."""
        self._running = True
        for source in self.sources:
            self._launch(source)

    async def stop(self) -> None:
        """Stop reading and let go of every device."""
        self._running = False
        await asyncio.gather(*(self._end(source) for source in self.sources))

    @property
    def waiting(self) -> bool:
        """Whether a source has neither been read nor failed yet."""
        return any(source.supply is None and not source.failures for source in self.sources)

    def supply(self) -> Supply | None:
        """Merge all fresh records; meters come before boards, for they are the finer instruments."""
        now_s = self._clock.monotonic()
        known = [s for s in self.sources if s.supply is not None and s.measures]
        fresh = [s for s in known if now_s - s.read_s <= s.fresh_s]
        merged: Supply | None = None
        for source in sorted(fresh, key=lambda s: s.controller is not None):
            if source.supply is not None:
                merged = source.supply if merged is None else merged.merged(source.supply)
        return merged

    def _launch(self, source: Source) -> None:
        source.task = asyncio.create_task(self._follow(source), name=f"meter {source.name}")

    async def _end(self, source: Source) -> None:
        if source.task is not None:
            source.task.cancel()
            await asyncio.wait({source.task}, timeout=1.0)
            source.task = None
        if source.started:
            await self._let_go(source)

    async def _let_go(self, source: Source) -> None:
        source.started = False
        try:
            await bounded(source.meter.stop(), source.meter.timeout_s, f"stopping {source.name}")
        except PluginCallError as error:
            _log.debug("%s", error)

    async def _follow(self, source: Source) -> None:
        while True:
            try:
                await self._read(source)
            except PluginCallError as error:
                await self._failed(source, error)
                await self._clock.sleep(_RETRY_S[min(source.failures, len(_RETRY_S)) - 1])
            else:
                await self._clock.sleep(source.interval_s)

    async def _read(self, source: Source) -> None:
        meter, name = source.meter, source.name
        if not source.started:
            await bounded(meter.start(), _START_WITHIN_S, f"starting {name}")
            source.started = True
            await self._greet(source)
        supply = await bounded(_read_checked(meter), meter.timeout_s, f"reading {name}")
        source.supply, source.read_s = supply, self._clock.monotonic()
        if source.failures:
            _log.info("%s measures again", name)
            self._on_trouble(name, None)
        source.failures, source.failure = 0, ""
        self._on_read(source)
        await self._examine(source)

    async def _greet(self, source: Source) -> None:
        board = source.controller
        if board is None:
            return
        await bounded(board.ready(), board.timeout_s, f"telling {source.name} that the node is up")
        if source.reason is None:
            source.reason = await bounded(board.last_reason(), board.timeout_s, f"asking {source.name}")
            self._on_woken(source.reason)

    async def _examine(self, source: Source) -> None:
        """Have the board say what a person should look after; what is new is logged."""
        board = source.controller
        if board is None:
            return
        try:
            found = tuple(await bounded(board.health(), board.timeout_s, f"asking how {source.name} is"))
        except PluginCallError as error:
            found = (error.message,)
        for sentence in found:
            if sentence not in source.health:
                _log.warning("%s: %s", source.name, sentence)
        changed, source.health = found != source.health, found
        await self._compare(source, board, at_once=changed)

    async def _compare(self, source: Source, board: PowerController, *, at_once: bool) -> None:
        """See now and then by how much the board's clock is ahead; None while that is not known."""
        now_s = self._clock.monotonic()
        due = at_once or now_s - source.clock_read_s >= _COMPARE_EACH_S
        if not board.capabilities.has_clock or not due:
            return
        source.clock_read_s, source.clock_off_s = now_s, None
        before = self._clock.now()
        try:
            shown = await bounded(board.clock(), board.timeout_s, f"reading the clock of {source.name}")
        except PluginCallError as error:
            _log.debug("%s", error)
            return
        if shown is not None and self._clock.trusted:
            nearest = min(max(shown, before), self._clock.now())
            source.clock_off_s = (shown - nearest).total_seconds()

    async def _failed(self, source: Source, error: PluginCallError) -> None:
        source.failures += 1
        if source.failure != error.message:
            self._on_trouble(source.name, error.message)
        source.failure = error.message
        if source.failures == 1:
            _log.warning("%s; it is tried again", error.message)
        await self._let_go(source)


async def _read_checked(meter: SupplyMeter) -> Supply:
    supply = await meter.read()
    if not isinstance(supply, Supply):
        raise ContractError(f"read() gave {type(supply).__name__}, not a Supply")
    for field in fields(supply):
        value = getattr(supply, field.name)
        if isinstance(value, int | float) and not math.isfinite(value):
            raise ContractError(f"{field.name} is {value!r}")
    return supply

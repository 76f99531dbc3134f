"""One night: what the node lives through, what befalls it, and whether it was running again in time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dark_time import LIFE, Life, SwiftLoop
from wake_node import Inside, Make, NodeClock
from wake_verdict import Down, judge
from wake_world import Place, WakeWorld

from edgepi.budget.frozen import STATE
from edgepi.model import Decision, WakePlan, WakeReceipt
from edgepi.sim.chips import BoardEvent, Reg
from edgepi.sim.chips.powerboard import TXD
from edgepi.sim.draw import NodeState

__all__ = ["Night", "Spec"]

RESTART_S, WATCHDOG_S = 5.0, 60.0
AFTERWARDS_S = 1200.0
RESET_S, RESET_HALTING_S = 30.0, 600.0
"""When the machine's own watchdog resets a system that froze, and one that never ends halting."""
SERIAL_S = 5.0
BEFORE_GUARANTEED_WAKE = 6
EVENT_WORDS = {
    "on": "the board gives power",
    "cut": "the board cuts",
    "alarm_lost": "the board lets an alarm pass",
}


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A night as drawn: after *sleep_s* a person asks for sleep of *wake_in_s* (None: as governed)."""

    number: int
    seed: int
    board: str
    place: Place
    config: Any
    low_v: float | None
    recovery_v: float
    margin_v: float
    sleep_s: float
    wake_in_s: float | None
    network: bool
    watchdog: bool
    old_firmware: bool
    faults: tuple[str, ...]
    days: float = 3.0


@dataclass
class Night:
    """Lives through it; *downs* are the times without the node running."""

    spec: Spec
    loop: SwiftLoop
    folder: Path
    make: Make
    lives: list[Inside] = field(default_factory=list)
    downs: list[Down] = field(default_factory=list)
    story: list[tuple[datetime, str]] = field(default_factory=list)
    kept: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"night {self.spec.seed} {self.spec.number} events")
        self.clock: NodeClock | None = None
        self.inside: Inside | None = None
        self.plan: WakePlan | None = None
        self.doubt: str | None = None
        self.may_freeze: str | None = None
        self.on_write: Callable[[int], None] = lambda _register: None
        self.on_halt: list[Callable[[], None]] = []
        self.halt_s: Callable[[], float] = lambda: 5.0
        self.halts_refused = 0
        self.vendor = False
        self.wrong_at_boot_s = -600.0
        self.wish_s = self.spec.wake_in_s
        self._booting: asyncio.Task[None] | None = None
        self._rail_s = 0.0
        self.chores: list[asyncio.Task[Any]] = []
        self.world = WakeWorld(
            self.loop, self.spec.place, self.spec.board, self._rail, self._line, self._event, self.dice
        )

    def _begin(self, work: Any) -> asyncio.Task[Any]:
        """Start something that no end of the node ends."""
        return self.loop.create_task(work, context=Context())

    # -- the story -----------------------------------------------------------------------------

    def tell(self, what: str) -> None:
        """Note what happens."""
        self.story.append((self.world.now_utc, what))

    def _heard(self, decision: Decision) -> None:
        if decision.subject != "node":
            return
        self.tell(f"node: {decision.sentence}")
        if decision.action == "frozen":
            self.may_freeze = decision.sentence
        elif decision.action == "unsure" or "not certain" in decision.sentence:
            self.doubt = decision.sentence
        elif decision.action in ("sure", "sleep", "shutdown"):
            self.doubt = None

    def _event(self, event: BoardEvent) -> None:
        if event.kind == "alarm_lost":
            self.spoil_alarm()
        if words := EVENT_WORDS.get(event.kind, ""):
            self.tell(f"{words} ({self.world.board.reason()}, {self.world.input_v:.2f} V)")

    def spoil_alarm(self) -> None:
        """Note that the alarm of this sleep will not come."""
        if self.downs and self.downs[-1].up_s is None:
            self.downs[-1].alarm_lost = True

    # -- the node's lives ----------------------------------------------------------------------

    def _rail(self, on: bool) -> None:
        if on:
            self._booting = self._begin(self._boot())
            return
        if self._booting is not None:
            self._booting.cancel()
            self._booting = None
        if self.downs and self.downs[-1].up_s is None:
            self.downs[-1].cut_s = self.loop.time()
            if self.loop.time() > self.downs[-1].wanted_s:
                self.downs[-1].alarm_lost = True  # it came while the node still had power
        self._end("the power goes")
        self.clock = None

    def _line(self, pin: int, high: bool) -> None:
        if self.inside is not None:
            self.inside.line_changed(pin, high=high)

    async def _boot(self) -> None:
        self.world.drive(TXD, high=False)
        await asyncio.sleep(SERIAL_S)
        self.world.drive(TXD, high=True)
        await asyncio.sleep(self.world.draw.board.boot_s - SERIAL_S)
        self.clock = NodeClock(self.world, self.wrong_at_boot_s)
        if self.spec.network:
            self.chores.append(self._begin(self._time_from_network(self.clock)))
        self.start_process()

    async def _time_from_network(self, clock: NodeClock) -> None:
        await asyncio.sleep(self.dice.uniform(5.0, 120.0))
        if clock is self.clock:
            clock.set(self.world.now_utc)

    def start_process(self) -> None:
        """Begin a life of the node's process."""
        if self.clock is None or self.inside is not None or self.world.node is NodeState.HALTED:
            return
        self.world.node_is(NodeState.UP)
        life = Life()
        token = LIFE.set(life)
        try:
            self.inside = Inside(
                self.world,
                self.loop,
                life,
                self.clock,
                self.folder,
                self._remembering,
                self.spec.config,
                self._heard,
                lambda _name, register: self.on_write(register) if "write" in _name else None,
            )
        finally:
            LIFE.reset(token)
        self.inside.machine.refuses_halts = self.halts_refused
        self.inside.machine.attributes[STATE] = "active" if self.spec.watchdog else "inactive"
        if self.vendor:
            self.inside.machine.processes.append("wittypi/daemon.sh wp5d")
        self.lives.append(self.inside)
        self._is_up()
        task = life.begin(self.inside.live())
        self.chores.append(self._begin(self._follow(self.inside, task)))

    def _remembering(self, context: Any) -> Any:
        board = self.make(context)
        arm = board.arm

        async def noted(plan: WakePlan) -> WakeReceipt:
            self.plan = plan
            receipt: WakeReceipt = await arm(plan)
            return receipt

        board.arm = noted  # type: ignore[method-assign]  # only this board is listened to
        return board

    async def _follow(self, inside: Inside, task: asyncio.Task[None]) -> None:
        ended = asyncio.ensure_future(inside.life.ended.wait())
        halted = asyncio.ensure_future(inside.machine.halted.wait())
        await asyncio.wait((halted, ended), return_when=asyncio.FIRST_COMPLETED)
        if inside.life.dead:
            return
        self._goes_down(planned=True)
        self.tell("the node halts")
        for act in self.on_halt:
            act()
        halt_s = self.halt_s()
        await asyncio.wait((task, ended), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(halt_s)
        if inside.life.dead:
            return
        inside.life.end()
        self.inside = None
        self.world.node_is(NodeState.HALTED)

    def _end(self, why: str) -> None:
        inside, self.inside = self.inside, None
        if inside is not None:
            inside.life.end()
            self.kept.append(inside)
            self.tell(why)
            self._goes_down(planned=False)

    def kill(self, why: str, again_s: float | None = RESTART_S) -> None:
        """End the process where it stands; it is started again after so long, if at all."""
        if self.inside is None or self.inside.machine.halted.is_set():
            return
        self._end(why)
        if again_s is not None:
            clock = self.clock
            self.later(again_s, lambda: self.start_process() if self.clock is clock else None)

    def reset(self, why: str) -> None:
        """Have the machine's own watchdog boot it again, if it is on."""
        clock = self.clock
        if not self.spec.watchdog or clock is None:
            return

        def act() -> None:
            if clock is self.clock and self.world.rail_on:
                self.tell(why)
                self._end("the machine resets")
                self.clock = None
                self.world.node_is(NodeState.BOOTING)
                self._booting = self._begin(self._boot())

        self.later(RESET_HALTING_S if self.inside else RESET_S, act)

    def later(self, delay_s: float, act: Callable[[], Any]) -> None:
        """Do something after a while, unless the night is over."""

        async def wait() -> None:
            await asyncio.sleep(delay_s)
            act()

        self.chores.append(self._begin(wait()))

    # -- down and up ---------------------------------------------------------------------------

    def _goes_down(self, *, planned: bool) -> None:
        if self.downs and self.downs[-1].up_s is None:
            return
        now_s, wanted_s = self.loop.time(), self.loop.time()
        if planned and self.plan is not None and self.clock is not None:
            wish = self.plan.wake_utc - self.clock.now()
            wanted_s += max(0.0, wish.total_seconds())
        self.downs.append(Down(now_s, wanted_s, planned=planned, doubt=self.doubt))

    def _is_up(self) -> None:
        self.tell("the node runs")
        if self.downs and self.downs[-1].up_s is None:
            self.downs[-1].up_s = self.loop.time()

    # -- from evening to the end ---------------------------------------------------------------

    async def _person(self) -> None:
        await asyncio.sleep(self.spec.sleep_s)
        for _ in range(6):
            if any(down.planned for down in self.downs):
                return
            inside = self.inside
            if inside is not None and not inside.life.dead and self.clock is not None:
                wake = None
                if self.wish_s is not None:
                    wake = self.clock.now() + timedelta(seconds=self.wish_s)
                answer = inside.life.begin(inside.budget.request_sleep(wake, reason="a person asks"))
                ended = asyncio.ensure_future(inside.life.ended.wait())
                await asyncio.wait((answer, ended), return_when=asyncio.FIRST_COMPLETED)
                if answer.done() and not inside.life.dead:
                    self.tell(f"a person asks for sleep: {answer.result().sentence}")
            await asyncio.sleep(600.0)

    async def live(self, faults: Callable[[Night], Awaitable[None] | None]) -> None:
        """Live until the node has slept and runs again for half an hour, or the days are over."""
        if self.spec.old_firmware:
            memory: Any = getattr(self.world.board, "memory")  # noqa: B009 (of one family only)
            memory[Reg.REVISION] = BEFORE_GUARANTEED_WAKE
        self.world.board.power_on()
        faults(self)
        self.chores += [self._begin(self.world.pass_time()), self._begin(self._person())]
        least_s, most_s = self.spec.sleep_s + 4500.0, self.spec.days * 86400.0
        up_since_s: float | None = None
        while self.loop.time() < most_s:
            await asyncio.sleep(120.0)
            running = self.inside is not None and not self.inside.machine.halted.is_set()
            up_since_s = (up_since_s or self.loop.time()) if running else None
            slept = (
                any(down.planned and down.up_s for down in self.downs) or self.loop.time() > least_s + 7200.0
            )
            if up_since_s and slept and self.loop.time() - max(up_since_s, least_s) > AFTERWARDS_S:
                break
        if self.inside is not None:
            self.inside.life.end()
        for chore in self.chores:
            chore.cancel()
        for down in self.downs:
            judge(down, self.world.volts, self.spec, self.loop.time())

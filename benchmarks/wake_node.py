"""The node of one night: the real budget, governor and driver, until it halts, hangs or loses its power."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from dark_time import LIFE, Life, SwiftLoop
from wake_world import Place, WakeWorld

from edgepi.budget import BudgetService
from edgepi.config.settings import BatterySettings, BoardSettings, EnergySettings, PanelSettings
from edgepi.energy.priced import PricedGovernor
from edgepi.energy.settings import EngineSettings
from edgepi.errors import HardwareError
from edgepi.model import Decision, DecisionMade, Level, NodeInfo
from edgepi.plugin import PluginContext, PowerController
from edgepi.runtime.bus import EventBus
from edgepi.runtime.states import StateStore
from edgepi.sim.chips.powerboard import SYS_UP, AttributeBoard
from edgepi.sim.files import BoardFiles
from edgepi.testing.doubles import FakeLine, build_context
from edgepi.testing.power import FakeDuty, FakeMachine, FakeMeter

__all__ = ["DeadBus", "Inside", "NodeClock", "PowerIsGoneError"]

T = TypeVar("T")
ENGINE = EngineSettings(first_sweeps=2, levels=24)
STATION = (Level("off", 0.0, 0.0), Level("saver", 0.1, 1.0), Level("full", 0.8, 2.0))


class PowerIsGoneError(BaseException):
    """The node died within a blocking call; nothing that it runs can catch this."""


class NodeClock:
    """The machine's clock: monotonic from its boot on; wall time may be wrong, and steps when set."""

    rate = 1.0

    def __init__(self, world: WakeWorld, wrong_s: float) -> None:
        self._world = world
        self._born_s = world.loop.time()
        self.wrong_s = wrong_s
        self.trusted = False

    def monotonic(self) -> float:
        """Seconds since boot."""
        return self._world.loop.time() - self._born_s

    def now(self) -> datetime:
        """What the machine takes for UTC."""
        return self._world.now_utc + timedelta(seconds=self.wrong_s)

    def set(self, now_utc: datetime) -> None:
        """Step to a time, and believe it."""
        self.wrong_s = (now_utc - self._world.now_utc).total_seconds()
        self.trusted = True

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))


class DeadBus:
    """The bus as the node reaches it: the node may die between any two transactions."""

    def __init__(self, world: WakeWorld, life: Life, before: Callable[[str, int], None]) -> None:
        self._world, self._life, self._before = world, life, before

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._world.bus, name)

        def call(address: int, register: int = 0, *rest: Any) -> Any:
            self._world.look()
            if not self._life.dead:
                self._before(name, register)
            if self._life.dead:
                raise PowerIsGoneError
            answer = real(address, register, *rest) if name != "read_byte" else real(address)
            if self._life.dead:
                raise PowerIsGoneError
            return answer

        return call


class Machine(FakeMachine):
    """The node's pins, clock and end, wired to the world."""

    def __init__(self, world: WakeWorld, clock: NodeClock, before: Callable[[str, int], None]) -> None:
        super().__init__(clock)
        self.before = before
        self.world, self.node_clock = world, clock
        self.halted = asyncio.Event()
        self.on_set_clock = clock.set
        self.keys = {116: []} if isinstance(world.board, AttributeBoard) else {}
        if isinstance(world.board, AttributeBoard):
            self.files = BoardFiles(world.board, world.bus.faults)
        self.wires[SYS_UP] = lambda high: world.drive(SYS_UP, high=high)
        self.refuses_halts = 0
        self.simulated = False

    def input_line(self, pin: int, **named: Any) -> FakeLine:
        line = super().input_line(pin, **named)
        line.high = self.world.board.lines().get(pin, line.high)
        return line

    async def read_attribute(self, path: str) -> str:
        self.world.look()
        return self.attributes.get(path) or await super().read_attribute(path)

    async def write_attribute(self, path: str, text: str) -> None:
        self.world.look()
        self.before("write", 0)
        await super().write_attribute(path, text)

    async def tell(self, levels: Any, leases: Any) -> None:
        del levels, leases

    async def halt(self, reason: str) -> None:
        if self.refuses_halts > 0:
            self.refuses_halts -= 1
            raise HardwareError("the machine refused to halt")
        await super().halt(reason)
        self.halted.set()


class Timers:
    """`edgepi.plugin.Timers` in the loop's time."""

    def after(self, delay_s: float, callback: Callable[[], Awaitable[None] | None], *, name: str) -> Any:
        async def wait() -> None:
            await asyncio.sleep(delay_s)
            result = callback()
            if result is not None:
                await result

        return asyncio.get_running_loop().create_task(wait(), name=name)

    def every(
        self,
        interval_s: float,
        callback: Callable[[], Awaitable[None] | None],
        *,
        name: str,
        at_once: bool = False,
    ) -> Any:
        async def repeat() -> None:
            if not at_once:
                await asyncio.sleep(interval_s)
            while True:
                result = callback()
                if result is not None:
                    await result
                await asyncio.sleep(interval_s)

        return asyncio.get_running_loop().create_task(repeat(), name=name)


Make = Callable[[PluginContext[Any]], PowerController]


@dataclass(eq=False)
class Inside:
    """What runs on the node in one life of its process."""

    world: WakeWorld
    loop: SwiftLoop
    life: Life
    clock: NodeClock
    folder: Path
    make: Make
    config: Any
    heard: Callable[[Decision], None]
    before: Callable[[str, int], None]

    def __post_init__(self) -> None:
        self.machine = Machine(self.world, self.clock, self.before)
        self.machine.buses = {1: DeadBus(self.world, self.life, self.before)}
        self.budget = self._budget()
        self.controller = self.make(self._context())
        self.budget.add_controller(self.controller, "board")
        if not self.controller.capabilities.measures:
            self.meter = FakeMeter(self.clock, battery_v=round(self.world.input_v, 2))
            self.meter.interval_s = 60.0
            self.budget.add_meter(self.meter, "meter")
        self.budget.add_duty(FakeDuty(*STATION), "camera", 2.0)

    def _budget(self) -> BudgetService:
        place = self.world.place
        bus = EventBus()
        bus.listen(DecisionMade, lambda made: self.heard(made.decision), name="night")
        return BudgetService(
            settings=settings_of(place),
            node=node_of(place),
            clock=self.clock,
            bus=bus,
            states=StateStore(bus, self.clock),
            machine=self.machine,
            governor=PricedGovernor(ENGINE, numpy=True, planning="asleep"),
            state_dir=self.folder,
        )

    def _context(self) -> PluginContext[Any]:
        context = build_context(
            config=self.config,
            clock=self.clock,
            state_dir=self.folder,
            plugin="wittypi",
            hardware=self.machine,
            timers=Timers(),  # type: ignore[arg-type]  # those of the loop, in place of the runtime's
        )
        return replace(context, run_blocking=self._blocking, node=node_of(self.world.place))

    async def _blocking(self, function: Callable[..., T], /, *args: Any) -> T:
        await asyncio.sleep(0)
        try:
            return function(*args)
        except PowerIsGoneError:
            await asyncio.get_running_loop().create_future()
            raise AssertionError from None

    async def live(self) -> None:
        """From the start of the process to the halt, and what is put in order before it ends."""
        await self.budget.start()
        await self.machine.halted.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(20.0):
                await self.budget.stop()

    def line_changed(self, pin: int, *, high: bool) -> None:
        """Pass a pin that the board drives on to who watches it."""
        line = self.machine.inputs.get(pin)
        if line is None or line.closed or self.life.dead:
            return
        token = LIFE.set(self.life)
        try:
            line.set(high)
        finally:
            LIFE.reset(token)


def settings_of(place: Place) -> EnergySettings:
    """What the owner would write in the configuration."""
    return EnergySettings(
        battery=BatterySettings(capacity_wh=place.capacity_wh, series_cells=place.cells),
        board=BoardSettings(model=place.computer),
        panel=PanelSettings(peak_w=place.panel_w),
        interval_s=120.0,
    )


def node_of(place: Place) -> NodeInfo:
    """Where the node believes to be."""
    return NodeInfo(name="night", latitude=place.latitude, longitude=place.longitude, time_zone="UTC")


logging.getLogger("edgepi").setLevel(logging.CRITICAL)

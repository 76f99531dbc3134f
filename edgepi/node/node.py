"""Builds the node from its configuration, and keeps it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi import __version__
from edgepi.budget import BudgetService, PowerDesk
from edgepi.config import Masker, Settings
from edgepi.energy import Governor, ThresholdGovernor
from edgepi.energy.priced import PricedGovernor
from edgepi.errors import EdgePiError
from edgepi.hardware import Machine, Phase
from edgepi.node.steps import Steps
from edgepi.node.systemd import Notifier
from edgepi.node.views import plugin_views
from edgepi.recorder import HISTORY_FILE, Recorder
from edgepi.runtime.blame import packages_of
from edgepi.runtime.bus import EventBus
from edgepi.runtime.host import PluginHost
from edgepi.runtime.records import PluginStatus
from edgepi.runtime.registry import PluginRegistry
from edgepi.runtime.states import StateStore
from edgepi.runtime.timers import TimerService
from edgepi.runtime.watchdog import LoopWatchdog
from edgepi.web.server import WebServer
from edgepi.web.services import WebServices

__all__ = ["Launch", "Node"]

_log = logging.getLogger("edgepi.node")
Step = Callable[[], Awaitable[None]]
# A node prices energy once a day in a thread, in plain Python: for that numpy would cost 20 MB for good.
GOVERNORS: Mapping[str, Callable[[], Governor]] = {
    "price": lambda: PricedGovernor(numpy=False),
    "thresholds": ThresholdGovernor,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a node is started with; *say* shows a line to whoever started it.

    *on_ready* may block: it is called in a thread once everything is up. A loop that stands still
    for *blocked_s* ends the process.
    """

    settings: Settings
    registry: PluginRegistry
    state_dir: Path
    say: Callable[[str], None]
    notifier: Notifier
    watchdog_interval_s: float | None = None
    blocked_s: float = 20.0
    world: Path | None = None
    notes: tuple[str, ...] = ()
    on_ready: Callable[[], None] | None = None


class Node:
    """One node, built bottom up on *machine* and taken down in reverse."""

    def __init__(self, launch: Launch, machine: Machine) -> None:
        settings, clock = launch.settings, machine.clock
        self._launch = launch
        self._machine = machine
        self._end = asyncio.Event()
        self.bus = EventBus()
        self._mask = Masker(settings.secrets)
        self.states = StateStore(self.bus, clock, mask=self._mask)
        self.timers = TimerService(clock, self.bus)
        self.recorder = Recorder(launch.state_dir / HISTORY_FILE, settings.recorder, clock, self.bus)
        self.budget = BudgetService(
            settings=settings.energy,
            node=settings.node,
            clock=clock,
            bus=self.bus,
            states=self.states,
            machine=machine,
            governor=GOVERNORS[settings.energy.governor](),
            state_dir=launch.state_dir,
            on_trouble=self._trouble,
            mask=self._mask,
        )
        self.host = PluginHost(
            settings=settings,
            registry=launch.registry,
            clock=clock,
            bus=self.bus,
            states=self.states,
            timers=self.timers,
            hardware=machine,
            budget=self.budget,
            state_dir=launch.state_dir,
            world=launch.world,
        )
        self._watchdog = LoopWatchdog(
            state_dir=launch.state_dir,
            packages=packages_of(launch.registry.records()),
            limit_s=launch.blocked_s,
        )
        self.web = WebServer(
            settings=settings.http, state_dir=launch.state_dir, services=self._web_services()
        )

    def stop(self) -> None:
        """End in order."""
        self._end.set()

    async def run(self) -> None:
        """Start everything, stay until `stop`, stop everything.

        Raises:
            EdgePiError: a part that the node cannot do without did not start.
        """
        async with Steps(on_step=self._launch.notifier.busy) as steps:
            await self._start(steps)
            if not self._end.is_set():
                await self._ready()
                await self._stay()
            _log.info("stopping")
            self._launch.notifier.stopping("saving and stopping")
            await self._say_phase(Phase.STOPPING)

    async def _start(self, steps: Steps) -> None:
        await self._say_phase(Phase.BOOTING)
        for name, start, stop in self._parts():
            if self._end.is_set():
                return
            await steps.start(name, start, stop)

    def _parts(self) -> Iterator[tuple[str, Step, Step]]:
        yield "watchdog", self._watch, self._unwatch
        yield "timers", self.timers.start, self.timers.stop
        if self._launch.settings.recorder.enabled:
            yield "recorder", self.recorder.start, self.recorder.stop
            self.budget.add_saver("history", self.recorder.flush)
        yield "plugins", self.host.declare, self.host.close
        yield "energy", self.budget.start, self.budget.stop
        yield "plugins", self.host.start, self.host.stop
        yield "web", self.web.start, self.web.stop

    async def _watch(self) -> None:
        self._watchdog.start()

    async def _unwatch(self) -> None:
        self._watchdog.stop()

    async def _ready(self) -> None:
        working = sum(status.status is PluginStatus.ENABLED for status in self.host.statuses)
        summary = f"{working} of {len(self.host.statuses)} plugin instances enabled"
        if self._launch.on_ready is not None:
            await asyncio.to_thread(self._launch.on_ready)
        await self._say_phase(Phase.READY)
        self._launch.notifier.ready(summary)
        _log.info("ready: %s", summary)
        for status in self.host.statuses:
            if status.reason:
                self._launch.say(f"plugin {status.instance}: {status.status.value}: {status.reason}")
        if self.web.port is not None:
            await self._invite()

    async def _invite(self) -> None:
        try:
            token = await self.web.first_token()
        except (EdgePiError, OSError) as error:
            token = None
            _log.error("no token for scripts can be made: %s", error)
        if token is not None:
            self._launch.say(f"token for scripts, shown this once: {token}")
        self._launch.say(f"open the page: {self.web.login_link()}")
        self._launch.say("the link works once, within 15 minutes; `edgepi token link` makes another")

    async def _stay(self) -> None:
        feed = self._launch.notifier.feed(lambda: self.timers.ticks)
        waits = [asyncio.ensure_future(self._end.wait()), asyncio.ensure_future(self._machine.gone())]
        interval_s = self._launch.watchdog_interval_s
        try:
            while True:
                done, _ = await asyncio.wait(waits, timeout=interval_s, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    break
                feed()
            if waits[1].done():
                self._launch.say(f"stopping: {waits[1].result()}")
        finally:
            for wait in waits:
                wait.cancel()

    async def _say_phase(self, phase: Phase) -> None:
        try:
            await self._machine.phase(phase)
        except (EdgePiError, OSError) as error:
            _log.debug("the machine does not hear of phase %s: %s", phase, error)

    def _web_services(self) -> WebServices:
        launch = self._launch
        return WebServices(
            node=launch.settings.node,
            version=__version__,
            clock=self._machine.clock,
            simulated=self._machine.simulated,
            bus=self.bus,
            states=self.states,
            history=self.recorder.history,
            decisions=self.recorder.decisions,
            status=self.status,
            plugins=lambda: plugin_views(launch.registry, self.host),
            plugin_routes=lambda: self.host.routes,
            cards=lambda: [card for cards in self.host.cards.values() for card in cards],
            notes=lambda: launch.notes,
            power=PowerDesk(self.budget),
            energy=self.budget.views,
            healthy=self._health,
            mask=self._mask,
        )

    def status(self) -> dict[str, Any]:
        """How the node is, as JSON-able values."""
        return self.budget.status()

    def _trouble(self, name: str, trouble: str | None) -> None:
        self.host.trouble(name, trouble)

    def _health(self) -> dict[str, bool]:
        statuses = self.host.statuses
        return {
            "recorder": not self.recorder.stats().problems,
            "plugins": all(s.status in {PluginStatus.ENABLED, PluginStatus.DISABLED} for s in statuses),
        }

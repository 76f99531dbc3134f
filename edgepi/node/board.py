"""The power board without a running node: found, opened, asked, closed again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.budget.bounded import bounded
from edgepi.budget.sleep import Sleeper
from edgepi.config import PluginSettings, Settings
from edgepi.energy import Battery, Board, Panel, Situation, ThresholdGovernor
from edgepi.energy.rest import fallback_hours
from edgepi.energy.sentences import clock_time, zone
from edgepi.errors import EnergyError, HardwareError, PluginCallError
from edgepi.hardware import Machine
from edgepi.model import WakePlan
from edgepi.plugin import PowerController
from edgepi.runtime.bus import EventBus
from edgepi.runtime.dispatch import call
from edgepi.runtime.instance import Equipment, Surroundings
from edgepi.runtime.lone import lone_surroundings
from edgepi.runtime.records import PluginRecord
from edgepi.runtime.registry import PluginRegistry

__all__ = ["LoneBoard", "has_a_board", "open_board"]

BOARD_WITHIN_S = 30.0
HOOK = "power_controllers"


def has_a_board(record: PluginRecord) -> bool:
    """Whether a plugin brings power boards, as its manifest says."""
    return record.manifest is not None and HOOK in record.manifest.offers


class LoneBoard:
    """What `edgepi.budget.PowerDesk` does, without the node's memory and measurements of the battery."""

    def __init__(self, name: str, board: PowerController, settings: Settings, machine: Machine) -> None:
        self._name, self._board, self._settings = name, board, settings
        self._machine, self._clock = machine, machine.clock
        self._sleeper = Sleeper(machine=machine, clock=machine.clock, bus=EventBus())

    async def status(self) -> Mapping[str, Any]:
        """What the board measures, and why it switched the node on."""
        supply, reason, failure, off_s = None, None, None, None
        health: tuple[str, ...] = ()
        try:
            supply = await bounded(self._board.read(), BOARD_WITHIN_S, f"reading {self._name}")
            reason = await bounded(self._board.last_reason(), BOARD_WITHIN_S, "reading why it woke the node")
            health = tuple(await bounded(self._board.health(), BOARD_WITHIN_S, f"asking how {self._name} is"))
            off_s = await self._clock_off_s()
        except PluginCallError as error:
            failure = error.message
        return {
            "board": {
                "name": self._name,
                "working": failure is None,
                "failure": failure,
                "health": list(health),
                "identity": self._board.identity or None,
                "clock_off_s": off_s,
                "capabilities": asdict(self._board.capabilities),
                "last_reason": reason and {"kind": reason.kind.value, "text": reason.text},
                "armed": None,
            },
            "supply": supply and asdict(supply),
            **dict.fromkeys(("soc", "guard", "plan", "boots")),
            "node_sentence": "no node is running",
        }

    async def _clock_off_s(self) -> float | None:
        """By how much its clock is ahead; None if it has none, or lost it, or the machine's is not set."""
        if not (self._board.capabilities.has_clock and self._clock.trusted):
            return None
        shown = await bounded(self._board.clock(), BOARD_WITHIN_S, "reading the board's clock")
        return None if shown is None else (shown - self._clock.now()).total_seconds()

    async def wake_at(self, wake_utc: datetime) -> Mapping[str, Any]:
        """Arm a wake and return what the board really holds; raises EnergyError for any doubt."""
        receipt, doubts = await self._sleeper.arm(self._board, self._plan(wake_utc))
        if receipt is None or doubts:
            raise EnergyError("; ".join(doubts))
        return {
            "wake_utc": receipt.wake_utc,
            "triggers": list(receipt.triggers),
            "doubts": list(receipt.doubts),
        }

    async def off(self, wake_utc: datetime | None) -> Mapping[str, Any]:
        """Arm, make the board ready to cut, halt; raises EnergyError if the machine stays on."""
        plan = self._plan(wake_utc)
        _, doubts = await self._sleeper.arm(self._board, plan)
        if doubts:
            raise EnergyError(f"the machine stays on: {'; '.join(doubts)}")
        self._machine.permit_halt()
        when = clock_time(plan.wake_utc, self._clock.now(), zone(self._settings.node.time_zone))
        answer = await self._sleeper.down(f"off until {when}: asked for by a person", self._board)
        if not answer.yes:
            raise EnergyError(answer.sentence)
        return {"sentence": answer.sentence}

    def _plan(self, wake_utc: datetime | None) -> WakePlan:
        now = self._clock.now()
        plan = ThresholdGovernor().wake_plan(_situation(self._settings, now, self._clock.monotonic()))
        if wake_utc is None:
            return plan
        return replace(plan, wake_utc=wake_utc, fallback_hours=fallback_hours(now, wake_utc))


@asynccontextmanager
async def open_board(
    settings: Settings, registry: PluginRegistry, machine: Machine, state_dir: Path
) -> AsyncIterator[LoneBoard]:
    """Open the first board that the configuration names and that answers.

    Raises:
        HardwareError: none does; the message says what each said.
    """
    said: list[str] = []
    async with AsyncExitStack() as stack:
        around = await lone_surroundings(settings.node, machine, state_dir, stack)
        for plugin in settings.plugins:
            if not plugin.enabled or plugin.plugin not in registry.names():
                continue
            if not has_a_board(registry.record(plugin.plugin)):
                continue
            if plugin.findings:
                said.extend(map(str, plugin.findings))
                continue
            try:
                board = await _opened(plugin, registry, around, stack)
            except Exception as error:  # noqa: BLE001 (the plugin's own code ran)
                said.append(f"{plugin.instance}: {error}")
            else:
                yield LoneBoard(f"{plugin.instance}.{board.name}", board, settings, machine)
                return
    what = "; ".join(said) or f"{settings.path} names none"
    raise HardwareError(f"no power board works: {what}")


async def _opened(
    plugin: PluginSettings, registry: PluginRegistry, around: Surroundings, stack: AsyncExitStack
) -> PowerController:
    loaded = registry.load(plugin.plugin)
    equipment = Equipment(plugin, around)
    stack.push_async_callback(equipment.close)
    await equipment.prepare()
    board: PowerController
    (board, *_) = call(loaded, HOOK, context=equipment.context)
    stack.push_async_callback(_closed, board)
    await bounded(board.start(), BOARD_WITHIN_S, f"opening {plugin.instance}")
    return board


async def _closed(board: PowerController) -> None:
    await bounded(board.stop(), BOARD_WITHIN_S, "closing the board")


def _situation(settings: Settings, now_utc: datetime, monotonic_s: float) -> Situation:
    battery, panel, board = settings.energy.battery, settings.energy.panel, settings.energy.board
    return Situation(
        now_utc=now_utc,
        monotonic_s=monotonic_s,
        awake_since_s=monotonic_s,
        node=settings.node,
        battery=Battery.of(battery.chemistry, battery.capacity_wh, battery.series_cells),
        panel=Panel(peak_w=panel.peak_w, tilt_deg=panel.tilt_deg, azimuth_deg=panel.azimuth_deg),
        board=Board(model=board.model, idle_w=board.idle_w, standby_w=board.standby_w, boot_wh=board.boot_wh),
    )

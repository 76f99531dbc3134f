"""The node's side of a plugin with a process of its own: its parts, as if they were here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgepi.errors import ConfigError, PluginError
from edgepi.model import Level, Reading, ReadingDescription, Supply
from edgepi.plugin import Card, Duty, Sensor, SupplyMeter
from edgepi.runtime.child import Child
from edgepi.runtime.instance import Declared, Equipment, sensor_duty
from edgepi.runtime.messages import Message
from edgepi.runtime.portable import unpack

__all__ = ["OwnProcess"]

OPEN_S = 30.0
APPLY_S = 15.0
STOP_S = 3.0
RESUME_S = 5.0


class OwnProcess:
    """Keeps the child of one instance; one that ends or hangs is started again when it is next needed.

    *on_trouble* hears why the process does not run, and None when it runs again.
    """

    def __init__(
        self,
        equipment: Equipment,
        *,
        config: Path | None,
        world: Path | None,
        state_dir: Path,
        on_trouble: Callable[[str | None], None],
        memory_bytes: int | None = None,
    ) -> None:
        self._equipment = equipment
        self._given = {
            "config": str(config),
            "plugin": equipment.settings.plugin,
            "instance": equipment.settings.instance,
            "world": str(world) if world else None,
            "state_dir": str(state_dir),
            "memory_bytes": memory_bytes or _half_of_memory(),
        }
        self._on_trouble = on_trouble
        self._child = Child(
            "edgepi.runtime.served:serve",
            name=equipment.settings.instance,
            clock=equipment.clock,
            log=equipment.log,
            on_push=self._pushed,
            on_end=self._ended,
        )
        self._turn = asyncio.Lock()
        self._opened = 0
        self._first: Mapping[str, Any] | None = None
        self._duties: tuple[_Duty, ...] = ()
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._child.pid

    async def declare(self) -> Declared:
        """Start the process and return what the plugin declares there.

        Raises:
            ConfigError: its keys are wrong.
            PluginError: it cannot be loaded, breaks its contract, or its process ends.
        """
        try:
            said = await self._open()
        except BaseException:
            await self.stop()
            raise
        wait_s = OPEN_S + sum(part["timeout_s"] for part in (*said["sensors"], *said["meters"]))
        sensors = [_Sensor(self, number, table, wait_s) for number, table in enumerate(said["sensors"])]
        count = len(sensors)
        meters = [_Meter(self, count + n, table, wait_s) for n, table in enumerate(said["meters"])]
        count += len(meters)
        self._duties = tuple(_Duty(self, count + n, table) for n, table in enumerate(said["duties"]))
        return Declared(
            sensor_duty=sensor_duty(sensors, self._equipment, of_supply=bool(meters)),
            duties=self._duties,
            meters=tuple(meters),
            cards=tuple(unpack(Card, table) for table in said["cards"]),
        )

    async def ask(self, kind: str, part: int, *, timeout_s: float, **more: Any) -> Message:
        """Ask one part; a process that does not run is started first.

        Raises:
            TimeoutError: it took longer; the process was ended.
            PluginError: the part failed, or the process does not run.
        """
        async with self._turn:
            try:
                if not self._child.alive or self._child.starts != self._opened:
                    await self._open()
                answer = await self._child.ask(Message(kind, {"part": part, **more}), timeout_s=timeout_s)
            except (TimeoutError, PluginError) as error:
                self._on_trouble(None if self._child.alive else str(error))
                raise
        self._on_trouble(None)
        return answer

    async def pause(self, seconds: float) -> None:
        """Wait by the node's clock."""
        await self._equipment.clock.sleep(seconds)

    async def let_go(self, part: int) -> None:
        """Stop one part if the process runs."""
        if self._child.alive and not self._stopped:
            await self.ask("stop", part, timeout_s=STOP_S)

    async def stop(self) -> None:
        """End the process."""
        self._stopped = True
        for duty in self._duties:
            duty.forget()
        await self._child.stop()

    async def _open(self) -> Mapping[str, Any]:
        answer = await self._child.ask(Message("open", self._given), timeout_s=OPEN_S)
        if answer.kind == "findings":
            raise ConfigError(answer.fields["findings"])
        if self._first not in (None, answer.fields):
            raise PluginError("it declares something else than before: restart the node")
        self._first, self._opened = answer.fields, self._child.starts
        return answer.fields

    def _pushed(self, message: Message) -> None:
        if message.kind == "push.report":
            self._equipment.desk.publish(_unpacked(Reading, message.fields["readings"]))
        elif message.kind == "push.log":
            self._equipment.log.log(int(message.fields["level"]), "%s", message.fields["text"])

    def _ended(self) -> None:
        if not self._stopped:
            for duty in self._duties:
                duty.resume()


class _Sensor(Sensor):
    def __init__(self, process: OwnProcess, part: int, table: Mapping[str, Any], wait_s: float) -> None:
        self.name = str(table["name"])  # type: ignore[misc]  # each has its own
        self.interval_s, self.power_w = table["interval_s"], table["power_w"]
        self.timeout_s = wait_s
        self._process, self._part, self._within_s = process, part, float(table["timeout_s"])
        self._describes = _unpacked(ReadingDescription, table["describes"])

    def describe(self) -> Sequence[ReadingDescription]:
        return self._describes

    async def start(self) -> None:
        await self._process.ask("start", self._part, timeout_s=self._within_s)

    async def read(self) -> Iterable[Reading]:
        answer = await self._process.ask("read", self._part, timeout_s=self._within_s)
        return _unpacked(Reading, answer.fields["found"])

    async def stop(self) -> None:
        await self._process.let_go(self._part)


class _Meter(SupplyMeter):
    def __init__(self, process: OwnProcess, part: int, table: Mapping[str, Any], wait_s: float) -> None:
        self.name = str(table["name"])  # type: ignore[misc]  # each has its own
        self.interval_s, self.timeout_s = table["interval_s"], wait_s
        self._process, self._part, self._within_s = process, part, float(table["timeout_s"])

    async def start(self) -> None:
        await self._process.ask("start", self._part, timeout_s=self._within_s)

    async def read(self) -> Supply:
        answer = await self._process.ask("read", self._part, timeout_s=self._within_s)
        (supply,) = (unpack(Supply, table) for table in answer.fields["found"])
        return supply

    async def stop(self) -> None:
        await self._process.let_go(self._part)


class _Duty(Duty):
    """A duty elsewhere; when its process has ended, it is taken to its level in the next one."""

    def __init__(self, process: OwnProcess, part: int, table: Mapping[str, Any]) -> None:
        self.name = str(table["name"])
        self._levels = _unpacked(Level, table["levels"])
        self._process, self._part = process, part
        self._level: str | None = None
        self._resuming: asyncio.Task[None] | None = None

    def levels(self) -> Sequence[Level]:
        return self._levels

    async def apply(self, level: str) -> None:
        self.forget()
        await self._process.ask("apply", self._part, timeout_s=APPLY_S, level=level)
        self._level = level

    async def stop(self) -> None:
        self.forget()
        await self._process.let_go(self._part)

    def resume(self) -> None:
        """Go on at the level that was last applied, as soon as the process can be had again."""
        if self._level not in (None, self._levels[0].name) and self._resuming is None:
            self._resuming = asyncio.create_task(self._resume(self._level), name=f"duty {self.name}")

    def forget(self) -> None:
        """Stay where it is."""
        task, self._resuming = self._resuming, None
        self._level = None
        if task is not None:
            task.cancel()

    async def _resume(self, level: str | None) -> None:
        while True:
            await self._process.pause(RESUME_S)
            try:
                await self._process.ask("apply", self._part, timeout_s=APPLY_S, level=level)
            except (TimeoutError, PluginError):
                continue
            self._resuming = None
            return


def _unpacked(kind: type[Any], tables: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [unpack(kind, table) for table in tables]


def _half_of_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2

"""The child's side of a plugin with a process of its own: it builds the instance and does as asked."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from edgepi.config import PluginSettings, SecretFilter, Settings, load
from edgepi.errors import ContractError, PluginError
from edgepi.hardware import open_hardware
from edgepi.model import Reading
from edgepi.plugin import Duty, Sensor, SupplyMeter
from edgepi.runtime.containment import contained
from edgepi.runtime.discovery import discover
from edgepi.runtime.dispatch import call
from edgepi.runtime.instance import Equipment
from edgepi.runtime.lone import lone_surroundings
from edgepi.runtime.messages import Message
from edgepi.runtime.portable import pack
from edgepi.runtime.registry import PluginRegistry
from edgepi.runtime.tolerant import TolerantCatalog

__all__ = ["Served", "serve"]

Part = Sensor | SupplyMeter | Duty
OOM_SCORE = "900"  # when memory runs out, this process goes before the node
log = logging.getLogger("edgepi.plugins")


class Served:
    """One instance on an event loop of its own; called with each of the node's messages."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._send: Callable[[Message], None] = lambda _: None
        self._stack = AsyncExitStack()
        self._parts: list[Part] = []
        self._up: set[int] = set()

    def connect(self, send: Callable[[Message], None]) -> None:
        """Take over what sends messages that nobody asked for."""
        self._send = send

    def __call__(self, message: Message) -> Message | None:
        """Do what a message says and return the answer."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_turn, args=(self._loop,), name="plugin", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(contained(self._do(message)), self._loop).result()

    async def _do(self, message: Message) -> Message | None:
        if message.kind == "open":
            return await self._open(**message.fields)
        try:
            number = int(message.fields["part"])
            part = self._parts[number]
        except LookupError:
            raise PluginError("its process was started anew and knows nothing yet") from None
        if message.kind == "stop":
            self._up.discard(number)
            await part.stop()
            return None
        if number not in self._up:
            await part.start()
            self._up.add(number)
        if message.kind == "read":
            return Message("read", {"found": await _read(part)})
        if message.kind == "apply" and isinstance(part, Duty):
            await part.apply(str(message.fields["level"]))
        return None

    async def _open(
        self, *, config: str, plugin: str, instance: str, world: str | None, state_dir: str, memory_bytes: int
    ) -> Message:
        _limit(memory_bytes)
        registry = discover()
        settings, mine = _settings(Path(config), plugin, instance, registry)
        self._log(settings, instance)
        if mine.findings:
            return Message("findings", {"findings": [str(finding) for finding in mine.findings]})
        loaded = registry.load(mine.plugin)
        machine = await self._stack.enter_async_context(
            open_hardware(Path(world) if world else None, allow_halt=False)
        )
        around = await lone_surroundings(settings.node, machine, Path(state_dir), self._stack)
        equipment = Equipment(mine, around)
        await equipment.prepare()
        context = replace(equipment.context, report=self._report, state=_no_states)

        def ask(hook: str) -> tuple[Any, ...]:
            return call(loaded, hook, context=context)

        sensors, meters, duties = ask("sensors"), ask("supply_meters"), ask("duties")
        self._parts = [*sensors, *meters, *duties]
        return Message(
            "declared",
            {
                "sensors": [_sensor(sensor) for sensor in sensors],
                "meters": [_timed(meter) for meter in meters],
                "duties": [{"name": duty.name, "levels": _packed(duty.levels())} for duty in duties],
                "cards": _packed(ask("cards")),
            },
        )

    def _report(self, readings: Iterable[Reading]) -> None:
        self._send(Message("push.report", {"readings": _packed(readings)}))

    def _log(self, settings: Settings, instance: str) -> None:
        handler = _Forward(self._send)
        handler.addFilter(SecretFilter(settings.secrets))
        logging.basicConfig(handlers=[handler], level=settings.logging.level.upper(), force=True)
        if own := settings.logging.levels.get(f"edgepi.plugins.{instance}"):
            logging.getLogger(f"edgepi.plugins.{instance}").setLevel(own.upper())


class _Forward(logging.Handler):
    def __init__(self, send: Callable[[Message], None]) -> None:
        super().__init__()
        self._to_node = send
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._to_node(Message("push.log", {"level": record.levelno, "text": text}))


def _no_states(entity_id: str) -> NoReturn:
    raise ContractError(f"{entity_id!r} cannot be looked up from a process of its own")


def _settings(
    path: Path, plugin: str, instance: str, registry: PluginRegistry
) -> tuple[Settings, PluginSettings]:
    catalog = TolerantCatalog(registry, wanted=lambda record: record.name == plugin)
    settings = load(path, catalog, os.environ, leave_out=True)
    return settings, next(p for p in settings.plugins if p.instance == instance)


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except SystemExit as stop:
            log.exception("something tried to end the process with code %s; it goes on", stop.code)


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")


async def _read(part: Part) -> list[dict[str, Any]]:
    if isinstance(part, SupplyMeter):
        return [pack(await part.read())]
    return _packed(await part.read()) if isinstance(part, Sensor) else []


def _packed(things: Iterable[object]) -> list[dict[str, Any]]:
    return [pack(thing) for thing in things]


def _timed(part: Sensor | SupplyMeter) -> dict[str, Any]:
    return {"name": part.name, "interval_s": part.interval_s, "timeout_s": part.timeout_s}


def _sensor(sensor: Sensor) -> dict[str, Any]:
    described: Sequence[object] = list(sensor.describe())
    return {**_timed(sensor), "power_w": sensor.power_w, "describes": _packed(described)}


serve = Served()

"""Breaks what real users report as broken, in a world that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import voluptuous as vol

from edgepi.errors import RequestError
from edgepi.sim.film import Ailment
from edgepi.sim.kinds import FAULTS
from edgepi.sim.simulation import Simulation

__all__ = ["SCHEMA", "Faults"]

LONGEST_S = 366 * 86400.0
_DURATION = vol.All(vol.Any(int, float), vol.Range(-LONGEST_S, LONGEST_S))

SCHEMA: Mapping[Any, Any] = {
    "kind": vol.In(tuple(FAULTS)),
    vol.Optional("address", default=0): vol.All(int, vol.Range(0, 127)),
    vol.Optional("count", default=1): vol.All(int, vol.Range(0, 1_000_000)),
    vol.Optional("on", default=True): bool,
    vol.Optional("process", default=""): str,
    vol.Optional("seconds", default=0.0): _DURATION,
}


class Faults:
    """Switches the faults of `edgepi.sim.kinds`; without an address the power board is meant."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def switch(self, kind: str, *, on: bool, **options: Any) -> None:
        """Break or mend one thing; raises RequestError for what this world does not have."""
        handler: Callable[..., None] = getattr(self, "_" + kind)
        handler(on=on, **options)

    def _addresses(self, address: int) -> Sequence[int]:
        return [address] if address else self._simulation.world.board_addresses

    def _in_set(self, faulty: set[int], *, address: int, on: bool) -> None:
        for each in self._addresses(address):
            (faulty.add if on else faulty.discard)(each)

    def _nak(self, *, on: bool, address: int, **_: Any) -> None:
        self._in_set(self._simulation.world.bus.faults.silent, address=address, on=on)

    def _garbage(self, *, on: bool, address: int, **_: Any) -> None:
        self._in_set(self._simulation.world.bus.faults.garbage, address=address, on=on)

    def _deaf(self, *, on: bool, address: int, **_: Any) -> None:
        self._in_set(self._simulation.world.bus.faults.deaf, address=address, on=on)

    def _nak_next(self, *, on: bool, address: int, count: int, **_: Any) -> None:
        for each in self._addresses(address):
            self._simulation.world.bus.faults.silent_next[each] = count if on else 0

    def _stuck(self, *, on: bool, **_: Any) -> None:
        self._simulation.world.bus.faults.stuck = on

    def _process(self, *, on: bool, process: str, **_: Any) -> None:
        (self._simulation.processes.add if on else self._simulation.processes.discard)(process)

    def _txd_held_high(self, *, on: bool, **_: Any) -> None:
        self._simulation.world.board.txd_held_high = on

    def _clock_lost(self, *, on: bool, **_: Any) -> None:
        if on:
            self._simulation.world.board.lose_clock()
        else:
            self._set_clock(timedelta())

    def _clock_off(self, *, on: bool, seconds: float, **_: Any) -> None:
        self._set_clock(timedelta(seconds=seconds if on else 0.0))

    def _set_clock(self, off: timedelta) -> None:
        now = datetime.fromtimestamp(self._simulation.world.wall_s, UTC)
        self._simulation.world.board.set_clock(now + off)

    def _alarm_missed(self, *, on: bool, count: int, **_: Any) -> None:
        self._simulation.world.board.alarms_to_miss = count if on else 0

    def _power_cut(self, *, on: bool, seconds: float, **_: Any) -> None:
        self._simulation.world.unplug(_length(seconds, 60.0) if on else 0.0)

    def _power_cut_at_write(self, *, on: bool, address: int, count: int, seconds: float, **_: Any) -> None:
        faults = self._simulation.world.bus.faults
        faults.cut_at_write.clear()
        faults.on_cut = partial(self._simulation.world.unplug, _length(seconds, 60.0))
        if on:
            faults.cut_at_write.update(dict.fromkeys(self._addresses(address), max(1, count)))

    def _sun_gone(self, *, on: bool, seconds: float, **_: Any) -> None:
        self._simulation.world.cover(_length(seconds, 86400.0) if on else 0.0)

    def _camera_unplugged(self, **options: Any) -> None:
        self._camera(Ailment.UNPLUGGED, **options)

    def _camera_hangs(self, **options: Any) -> None:
        self._camera(Ailment.HANGS, **options)

    def _camera_torn(self, **options: Any) -> None:
        self._camera(Ailment.TORN, **options)

    def _camera_resized(self, **options: Any) -> None:
        self._camera(Ailment.RESIZED, **options)

    def _camera(self, ailment: Ailment, *, on: bool, seconds: float, **_: Any) -> None:
        self._simulation.cameras.ail(ailment, on=on, seconds=_length(seconds, 0.0))

    def _clear(self, **_: Any) -> None:
        world = self._simulation.world
        world.bus.faults.clear()
        self._simulation.processes.clear()
        world.board.txd_held_high = False
        world.board.alarms_to_miss = 0
        world.unplug(0.0)
        world.cover(0.0)
        self._simulation.cameras.heal()


def _length(seconds: float, default_s: float) -> float:
    """Return how long a fault lasts; raises RequestError for a time that runs backwards."""
    if seconds < 0.0:
        raise RequestError(f"a fault cannot last {seconds:g} s")
    return seconds or default_s

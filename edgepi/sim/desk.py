"""Answers the requests that come over the world's socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import voluptuous as vol

from edgepi.errors import BusError, RequestError, WorldError
from edgepi.hardware import Phase
from edgepi.hardware.wire import PROTOCOL, feed_to_wire
from edgepi.sim.draw import Job
from edgepi.sim.faults import SCHEMA, Faults
from edgepi.sim.simulation import Simulation

__all__ = ["Desk"]

_BYTE = vol.All(int, vol.Range(0, 255))
_ADDRESS = vol.All(int, vol.Range(0, 127))
_PIN = vol.All(int, vol.Range(0, 27))
_NUMBER = vol.Any(int, float)
_TRANSACTIONS: Mapping[str, list[Any]] = {
    "read_byte": [_ADDRESS],
    "write_byte": [_ADDRESS, _BYTE],
    "read_byte_data": [_ADDRESS, _BYTE],
    "write_byte_data": [_ADDRESS, _BYTE, _BYTE],
    "read_word_data": [_ADDRESS, _BYTE],
    "write_word_data": [_ADDRESS, _BYTE, vol.All(int, vol.Range(0, 0xFFFF))],
    "read_i2c_block_data": [_ADDRESS, _BYTE, vol.All(int, vol.Range(1, 32))],
    "write_i2c_block_data": [_ADDRESS, _BYTE, vol.All([_BYTE], vol.Length(1, 32))],
}
_JOB = {"offer": str, "consumer": str, "state": str}

_REQUESTS: Mapping[str, Any] = {
    "hello": {"protocol": int, "role": vol.In(("node", "beside", "tool"))},
    "i2c": {"bus": int, "method": vol.In(tuple(_TRANSACTIONS)), "arguments": list},
    "line.set": {"pin": _PIN, "high": bool},
    "line.release": {"pin": _PIN},
    "pulses.watch": {"pin": _PIN},
    "attribute.read": {"path": str},
    "attribute.write": {"path": str, "text": str},
    "video.open": {"device": str},
    "set_clock": {"wall_s": vol.All(_NUMBER, vol.Range(0, 253402300799))},
    "set_rtc": {"wall_s": vol.All(_NUMBER, vol.Range(0, 253402300799))},
    "process_runs": {"pattern": str},
    "halt": {"reason": str},
    "tell": {"levels": {vol.Optional(str): str}, "leases": [_JOB]},
    "phase": {"phase": vol.In([phase.value for phase in Phase])},
    "truth": {},
    "set_rate": {"rate": _NUMBER},
    "step_wall": {"step_s": _NUMBER},
    "press": {},
    "fault": SCHEMA,
}


class Desk:
    """Checks a request and carries it out; the world is brought up to its clock first."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._faults = Faults(simulation)
        self._schemas = {do: vol.Schema(keys, required=True) for do, keys in _REQUESTS.items()}
        self._transactions = {
            name: vol.Schema(vol.ExactSequence(parts), required=True) for name, parts in _TRANSACTIONS.items()
        }

    def answer(self, do: object, arguments: object) -> Any:
        """Return the result as JSON data.

        Raises:
            RequestError: the request is not known or not as it should be.
            BusError: an I2C transaction failed.
        """
        schema = self._schemas.get(do) if isinstance(do, str) else None
        if schema is None:
            raise RequestError(f"the world knows no request {do!r}")
        assert isinstance(do, str)
        try:
            checked = schema(arguments)
        except vol.Invalid as error:
            raise RequestError(f"{do}: {error}") from error
        self._simulation.advance()
        handler: Callable[..., Any] = getattr(self, "_" + do.replace(".", "_"))
        return handler(**checked)

    def _hello(self, protocol: int, role: str) -> dict[str, Any]:
        del role
        if protocol != PROTOCOL:
            raise WorldError(f"this world speaks protocol {PROTOCOL}, not {protocol}")
        return {"protocol": PROTOCOL}

    def _i2c(self, bus: int, method: str, arguments: list[Any]) -> Any:
        if bus != 1:
            raise BusError(f"/dev/i2c-{bus}: the world has bus 1 only")
        try:
            checked = self._transactions[method](arguments)
        except vol.Invalid as error:
            raise RequestError(f"{method}: {error}") from error
        return getattr(self._simulation.world.bus, method)(*checked)

    def _line_set(self, pin: int, high: bool) -> None:
        self._simulation.world.set_line(pin, high)

    def _line_release(self, pin: int) -> None:
        self._simulation.world.release_line(pin)

    def _pulses_watch(self, pin: int) -> None:
        if pin not in self._simulation.world.pulses.totals:
            raise RequestError(f"nothing closes at GPIO{pin}")

    def _attribute_read(self, path: str) -> str:
        return self._simulation.world.files().attribute(path)

    def _attribute_write(self, path: str, text: str) -> None:
        self._simulation.world.files().set_attribute(path, text)

    def _video_open(self, device: str) -> dict[str, Any]:
        return feed_to_wire(self._simulation.cameras.open(device))

    def _set_clock(self, wall_s: float) -> None:
        self._simulation.keeper.set_node_wall(wall_s)

    def _set_rtc(self, wall_s: float) -> None:
        self._simulation.world.files().set_rtc(datetime.fromtimestamp(wall_s, UTC))

    def _process_runs(self, pattern: str) -> bool:
        return any(pattern in command for command in self._simulation.processes)

    def _halt(self, reason: str) -> None:
        self._simulation.halt(reason)

    def _tell(self, levels: dict[str, str], leases: list[dict[str, str]]) -> None:
        self._simulation.told(levels, [Job(**lease) for lease in leases])

    def _phase(self, phase: str) -> None:
        self._simulation.node_is(Phase(phase))

    def _truth(self) -> dict[str, Any]:
        return self._simulation.status()

    def _set_rate(self, rate: float) -> dict[str, Any]:
        self._simulation.keeper.ask(rate)
        return {"rate": self._simulation.keeper.rate, "asked_rate": rate}

    def _step_wall(self, step_s: float) -> dict[str, Any]:
        keeper = self._simulation.keeper
        try:
            shown = datetime.fromtimestamp(keeper.node_wall_s + step_s, UTC)
        except (OverflowError, ValueError, OSError) as error:
            raise RequestError(f"a jump of {step_s:g} s leaves the calendar") from error
        keeper.step_node_wall(step_s)
        return {"node_time_utc": shown.isoformat()}

    def _press(self) -> None:
        board = self._simulation.world.board
        board.press()
        board.release()

    def _fault(self, kind: str, on: bool, **options: Any) -> None:
        self._faults.switch(kind, on=on, **options)

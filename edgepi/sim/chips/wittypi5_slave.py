"""The Witty Pi 5 on the bus: one register a time, commands, heartbeats."""

from __future__ import annotations

import errno
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from edgepi.sim.bus import bus_error
from edgepi.sim.chips.wittypi5_registers import Admin, Reason5, Reg5
from edgepi.sim.chips.wittypi5_switch import WittyPi5Tunables
from edgepi.sim.chips.wittypi5_watch import Watch5

__all__ = ["Slave5"]

IDENTITY = {Reg5.ID: 0x51, Reg5.MAJOR: 1, Reg5.MINOR: 4}
POWERING_OFF, REBOOTING = 2, 3
BETWEEN_HEARTBEATS_S = 0.5
DONE, NOT_KNOWN, BUSY = 0x00, 0x04, 0xFE
CONTEXT = Reg5.ADMIN_CONTEXT - Reg5.ADMIN_DIRECTORY
PASSWORD = Reg5.ADMIN_PASSWORD - Reg5.ADMIN_DIRECTORY
COMMAND = Reg5.ADMIN_COMMAND - Reg5.ADMIN_DIRECTORY
COMMAND_S = 0.01
TRANSACTION_S = 0.0004  # what a byte takes the bus, in which the board's main loop goes on
MAIN_LOOP = ("command", "apply ALARM1", "apply ALARM2")
MEASURED = (Reg5.VUSB, Reg5.VIN, Reg5.VOUT, Reg5.IOUT)


class Slave5(Watch5):
    """Registers as the node reads and writes them.

    With *glitches_every* n, each nth byte read has its highest bit turned over, as the slave of this chip
    is known for.
    """

    address: ClassVar[int] = 0x51

    def __init__(self, *, tunables: WittyPi5Tunables | None = None) -> None:
        super().__init__(tunables=tunables)
        self.glitches_every = 0
        self._reads = 0
        self._latched: dict[int, int] = {}
        self._admin = [0] * 16

    def read(self, register: int) -> int:
        """Return one register; a reading's high byte measures afresh, 71 is a heartbeat."""
        self._must_answer()
        self._go_on()
        value = self._value(register)
        self._reads += 1
        glitches = self.glitches_every and self._reads % self.glitches_every == 0
        return value ^ 0x80 if glitches else value

    def read_block(self, register: int, length: int) -> Sequence[int]:
        """Return the same register over and over: the index does not go on by itself."""
        return [self.read(register) for _ in range(length)]

    def write(self, register: int, value: int) -> None:
        """Take one register."""
        self.write_block(register, (value,))

    def write_block(self, register: int, data: Sequence[int]) -> None:
        """Take one register; what follows is taken for further pairs of register and value."""
        self._must_answer()
        pairs = [register, *data]
        for index, value in zip(pairs[::2], pairs[1::2], strict=False):
            self._take(index, value)

    def _go_on(self) -> None:
        """Let the firmware's main loop do what it is about to, though no time of the world passes."""
        timers = self._v.timers
        for name in MAIN_LOOP:
            if name in timers:
                timers[name] -= TRANSACTION_S
                if timers[name] <= 0.0:
                    del timers[name]
                    self._ended(name)

    @abstractmethod
    def _ended(self, name: str) -> None: ...

    def _value(self, register: int) -> int:
        if register < Reg5.ADDRESS:
            return self._state_byte(register)
        if register <= Reg5.LAST_CONFIGURATION:
            return self.memory[register]
        if register <= Reg5.ADMIN_LAST:
            return self._admin_byte(register)
        if register < Reg5.TMP112:
            return self.rtc.read(register - Reg5.RTC)
        if register <= Reg5.LAST:
            return self.tmp112.read(register - Reg5.TMP112, self.analog.temperature_c)
        return 0

    def _admin_byte(self, register: int) -> int:
        if register == Reg5.SHUTDOWN:
            return self._polled()
        return (
            self._v.heartbeat if register == Reg5.HEARTBEAT else self._admin[register - Reg5.ADMIN_DIRECTORY]
        )

    def _state_byte(self, register: int) -> int:
        v = self._v
        if register in MEASURED:
            self._latched[register] = self.analog.reading(register, rail_on=self.rail_on)
            return self._latched[register] >> 8
        if register - 1 in MEASURED:
            return self._latched.get(register - 1, 0) & 0xFF
        variable: Mapping[int, int] = {
            Reg5.POWER_MODE: v.power_mode,
            Reg5.MISSED_HEARTBEATS: v.missed,
            Reg5.STATE: v.state,
            Reg5.REASON: v.reason,
            Reg5.MISC: int(v.script_in_use),
        }
        return variable.get(register, IDENTITY.get(Reg5(register), 0))

    def _polled(self) -> int:
        """What register 71 holds; the reading is a heartbeat unless the last came just now."""
        value = self._v.request
        if self._v.since_heartbeat_s > BETWEEN_HEARTBEATS_S:
            self._v.since_heartbeat_s = 0.0
            self._v.heartbeat = (self._v.heartbeat + 1) & 0xFF
            self._heartbeat()
        return value

    def _take(self, register: int, value: int) -> None:
        if Reg5.ADDRESS <= register <= Reg5.LAST_CONFIGURATION:
            self.memory[register] = value
            self._alarm_written(register)
        elif register == Reg5.HEARTBEAT:
            changed, self._v.heartbeat = value != self._v.heartbeat, value
            if changed:
                self._heartbeat()
        elif register == Reg5.SHUTDOWN:
            self._node_goes(value)
        elif Reg5.ADMIN_DIRECTORY <= register <= Reg5.ADMIN_LAST:
            self._admin[register - Reg5.ADMIN_DIRECTORY] = value
            if register == Reg5.ADMIN_COMMAND:
                self._admin[CONTEXT] = BUSY
                self._v.timers["command"] = COMMAND_S
        elif Reg5.RTC <= register < Reg5.TMP112:
            self.rtc.write(register - Reg5.RTC, value)
        elif Reg5.TMP112 <= register <= Reg5.LAST:
            self.tmp112.write(register - Reg5.TMP112, value)

    def _node_goes(self, value: int) -> None:
        self._v.request = value
        if value == POWERING_OFF:
            self._request(Reason5.EXTERNAL_SHUTDOWN)
        elif value == REBOOTING:
            self._request(Reason5.EXTERNAL_REBOOT, restart=True)

    def _command(self) -> None:
        wanted = self._admin[PASSWORD] << 8 | self._admin[COMMAND]
        self._admin[PASSWORD] = self._admin[COMMAND] = 0
        does: Mapping[int, Callable[[], object]] = {
            Admin.PRINT_PRODUCT: lambda: None,
            Admin.SAVE_LOG: lambda: None,
            Admin.RESET_RTC: lambda: self.rtc.set(datetime(2000, 1, 1)),  # noqa: DTZ001 (a clock without zone)
            Admin.RESET_CONFIGURATION: self.memory.reset,
            Admin.SYNC_CONFIGURATION: self._sync,
            Admin.LOAD_SCRIPT: self._script_found,
            Admin.PURGE_SCRIPT: self._purge_script,
        }
        if wanted in does:
            does[wanted]()
        self._admin[CONTEXT] = DONE if wanted in does else NOT_KNOWN

    def _sync(self) -> None:
        """Throw a computer off the disk and save."""
        self.memory.drive_in_use = False
        self.memory.save()

    def _script_found(self) -> None:
        self._v.script_in_use = bool(self.script)

    def _purge_script(self) -> None:
        self.script, self._v.script_in_use = (), False

    def _must_answer(self) -> None:
        if not self._powered:
            raise bus_error(errno.EREMOTEIO, self.address, "no answer, the board has no power")
        if self.hibernating:
            raise bus_error(errno.EREMOTEIO, self.address, "no answer, the board hibernates")

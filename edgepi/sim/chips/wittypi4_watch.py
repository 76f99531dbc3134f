"""What the Witty Pi 4's firmware checks every second: voltage, temperature, alarms, sleep."""

from __future__ import annotations

from edgepi.sim.chips.pcf85063 import from_bcd
from edgepi.sim.chips.wittypi4_registers import Reason, Reg
from edgepi.sim.chips.wittypi4_switch import Switch

__all__ = ["Watch"]

DISABLED = 255
SHUT_DOWN, START_UP = 1, 2
DELAYED_START_TICKS = 4
_BCD = tuple(from_bcd(byte) for byte in range(256))  # this is asked three times in each second of a night


class Watch(Switch):
    """The watchdog interrupt of the firmware."""

    def _tick(self) -> None:
        if self._v.rail_on:
            self._v.on_s += 1
        self._check_low_voltage()
        self._check_temperature()
        self._check_alarms()
        self._check_delayed_alarm()
        if not self._v.rail_on and self._v.default_on_in_s is None:
            self._sleep_second()

    def _check_low_voltage(self) -> None:
        m, v = self.memory, self._v
        grace_s = 0 if self.old_firmware else self.tunables.low_voltage_grace_s
        if v.on_s < grace_s or not (v.rail_on and v.system_is_up):
            return
        by_mode = m[Reg.POWER_MODE] != 0 or m[Reg.IGNORE_POWER_MODE] == 1
        by_flag = m[Reg.LV_SHUTDOWN] == 0 or m[Reg.IGNORE_LV_SHUTDOWN] == 1
        if not (by_mode and by_flag) or m[Reg.LOW_VOLTAGE] == DISABLED:
            return
        if self.analog.measured_vin_v(m) < m[Reg.LOW_VOLTAGE] / 10.0:
            m[Reg.LV_SHUTDOWN] = 1
            self._request(Reason.LOW_VOLTAGE)

    def _check_temperature(self) -> None:
        m = self.memory
        whole_c = _signed(self.analog.lm75b_word() >> 8)
        if whole_c > _signed(m[Reg.OVER_POINT]):
            self._temperature_action(m[Reg.OVER_ACTION], Reason.OVER_TEMPERATURE)
        elif whole_c < _signed(m[Reg.BELOW_POINT]):
            self._temperature_action(m[Reg.BELOW_ACTION], Reason.BELOW_TEMPERATURE)

    def _temperature_action(self, action: int, reason: Reason) -> None:
        if action not in (SHUT_DOWN, START_UP):
            return
        self.memory[Reg.REASON] = reason
        if action == START_UP and not self._v.rail_on:
            self._emulate_click()
        elif action == SHUT_DOWN and self._may_shut_down_for_heat():
            self._request(reason)

    def _may_shut_down_for_heat(self) -> bool:
        v = self._v
        return v.rail_on and not v.turning_off and v.on_s >= self.tunables.temperature_grace_s

    def _check_alarms(self) -> None:
        m = self.memory
        due = self._due(Reg.ALARM1, Reg.ALARM1_TRIGGERED)
        can = self._can_trigger()
        if self._misses(due=due):
            return
        if due:
            if not can:
                self._tell("alarm_lost")
                return
            m[Reg.ALARM1_TRIGGERED] = m[Reg.FLAG_ALARM1] = 1
            if not self._v.rail_on:
                m[Reg.REASON] = Reason.ALARM1
                self._emulate_click()
            elif not m[Reg.MISC] & 1:
                self._v.alarm1_delayed = 1
        elif can and self._due(Reg.ALARM2, Reg.ALARM2_TRIGGERED):
            m[Reg.ALARM2_TRIGGERED] = m[Reg.FLAG_ALARM2] = 1
            if self._v.rail_on and not self._v.turning_off:
                self._request(Reason.ALARM2)

    def _misses(self, *, due: bool) -> bool:
        """Whether the alarm passes unseen, for all the seconds in which it would match."""
        v = self._v
        if not due:
            v.missing = False
        elif not v.missing and self.alarms_to_miss > 0 and not v.rail_on:
            v.missing = True
            self.alarms_to_miss -= 1
            self._tell("alarm_lost")
        return v.missing

    def _due(self, alarm: Reg, triggered: Reg) -> bool:
        held = self.memory.values
        if held[triggered] != 0:
            return False
        stamp = (
            _BCD[held[alarm + 3]] * 86400
            + _BCD[held[alarm + 2]] * 3600
            + _BCD[held[alarm + 1]] * 60
            + _BCD[held[alarm]]
        )
        return stamp != 0 and 0 <= self.rtc.stamp - stamp < 2

    def _can_trigger(self) -> bool:
        m = self.memory
        if self._v.rail_on or m[Reg.POWER_MODE] == 0:
            return True
        vin_v = self.analog.measured_vin_v(m)
        above_low = vin_v > m[Reg.LOW_VOLTAGE] / 10.0
        if m[Reg.LV_SHUTDOWN] == 1:
            return above_low and self._recovered(vin_v)
        if above_low or m[Reg.LOW_VOLTAGE] == DISABLED:
            return True
        m[Reg.LV_SHUTDOWN] = 1
        return False

    def _recovered(self, vin_v: float) -> bool:
        """Whether an alarm may wake the node after a shut-down by low voltage."""
        recovery = self.memory[Reg.RECOVERY_VOLTAGE]
        return self.old_firmware or recovery == DISABLED or vin_v > recovery / 10.0

    def _check_delayed_alarm(self) -> None:
        if self._v.rail_on or self._v.alarm1_delayed == 0:
            return
        self._v.alarm1_delayed += 1
        if self._v.alarm1_delayed == DELAYED_START_TICKS:
            self._v.alarm1_delayed = 0
            self.memory[Reg.REASON] = Reason.ALARM1_DELAYED
            self._emulate_click()

    def _sleep_second(self) -> None:
        m, v = self.memory, self._v
        v.asleep_s += 1
        v.pulse_ticks += 1
        wake_s = 0 if self.old_firmware else _guaranteed_wake_s(m[Reg.GUARANTEED_WAKE])
        if wake_s and v.asleep_s >= wake_s and self._enough_to_wake():
            self._power_on(Reason.GUARANTEED_WAKE)
        elif v.pulse_ticks >= m[Reg.PULSE_INTERVAL]:
            v.pulse_ticks = 0
            self._look_for_recovery()

    def _look_for_recovery(self) -> None:
        m = self.memory
        vin_v = self._update_power_mode()
        by_mode = m[Reg.POWER_MODE] == 1 or m[Reg.IGNORE_POWER_MODE] == 1
        by_flag = m[Reg.LOW_VOLTAGE] == DISABLED or 1 in (m[Reg.LV_SHUTDOWN], m[Reg.IGNORE_LV_SHUTDOWN])
        recovery = m[Reg.RECOVERY_VOLTAGE]
        if by_mode and by_flag and recovery != DISABLED and vin_v >= recovery / 10.0:
            self._power_on(Reason.VOLTAGE_RESTORED)

    def _enough_to_wake(self) -> bool:
        recovery = self.memory[Reg.RECOVERY_VOLTAGE]
        return recovery == DISABLED or self.analog.raw_vin_v() >= recovery / 10.0


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def _guaranteed_wake_s(register: int) -> int:
    return (register & 0x7F) * (86400 if register & 0x80 else 3600)

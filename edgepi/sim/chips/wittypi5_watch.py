"""What the Witty Pi 5's firmware does by itself: alarms, retries, recovery, temperature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edgepi.sim.chips.pcf85063 import from_bcd, to_bcd
from edgepi.sim.chips.wittypi5_memory import NOT_SAVED_BEFORE_S
from edgepi.sim.chips.wittypi5_registers import PowerMode, Reason5, Reg5, State, TemperatureAction
from edgepi.sim.chips.wittypi5_summer import summer_time
from edgepi.sim.chips.wittypi5_switch import Switch5, WittyPi5Tunables

__all__ = ["RETRY_S", "Watch5"]

RETRY_S = 60.0
APPLY_ALARM_S = 0.1
AWAKE_AFTER_CUT_S = 3.0
FACTORY_RESET_S = 5.0
STARTUP, SHUTDOWN = "startup", "shutdown"


class Watch5(Switch5):
    """Timers and checks of the firmware, on top of the switch.

    *script* is the schedule on the board's disk: times at which it starts (True) or stops the node.
    """

    def __init__(self, *, tunables: WittyPi5Tunables | None = None) -> None:
        super().__init__(tunables=tunables)
        self.script: tuple[tuple[bool, datetime], ...] = ()
        self._hot = False

    @property
    def hibernating(self) -> bool:
        """Whether the board sleeps between its pulses and answers nobody."""
        v = self._v
        waits = {"default_on", "restart", STARTUP, "temperature"} & v.timers.keys()
        awake = v.off_s < AWAKE_AFTER_CUT_S or self._button or self.memory.drive_in_use or waits
        return self.tunables.hibernates and v.state is State.OFF and not awake

    def _tick(self) -> None:
        v = self._v
        if v.up_s >= NOT_SAVED_BEFORE_S:
            self.memory.save()
        if "default_on" in v.timers:
            return
        if v.switched_on:
            self._watch_inputs()
        else:
            v.off_s += 1.0
            self._watch_for_recovery()
        self._watch_temperature()

    def _watch_for_recovery(self) -> None:
        v = self._v
        v.power_mode = PowerMode.NONE
        if self.hibernating:
            v.reason = v.heartbeat = 0
            if v.off_s % max(self.memory[Reg5.PULSE_INTERVAL], 1):
                return
        recovery = self.memory[Reg5.RECOVERY_VOLTAGE] * 100
        enough = v.vin_recoverable and 0 < recovery <= self.analog.vin_mv
        if enough and not self._alarm_pending() and not self._temperature_forbids():
            self._start(Reason5.VIN_RECOVERED)
            v.timers.pop("temperature", None)
            v.timers.pop(STARTUP, None)

    # -- alarms -------------------------------------------------------------------------------

    def _clock(self) -> datetime | None:
        second, minute, hour, day, _, month, year = self.rtc.counter.fields
        try:
            return datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None

    def _alarm_time(self, first: Reg5) -> datetime | None:
        """The next time that registers of an alarm stand for, None if for none."""
        now = self._clock()
        second, minute, hour, day = (from_bcd(self.memory[first + i]) for i in range(4))
        if now is None or not (1 <= day <= 31 and hour <= 23 and minute <= 59 and second <= 59):
            return None
        month = now.replace(day=1, hour=hour, minute=minute, second=second)
        while True:
            try:
                found = month.replace(day=day)
            except ValueError:
                found = now
            if found > now:
                return found
            month = (month + timedelta(days=31)).replace(day=1)

    def _alarm_pending(self) -> bool:
        return self._alarm_time(Reg5.ALARM1) is not None

    def _schedule(self, *, startup: bool) -> None:
        """Put the next wake (or stop) of the script, or of the registers, into the clock's one alarm."""
        if not self._load_script(startup=startup):
            self._set_alarm(Reg5.ALARM1 if startup else Reg5.ALARM2, keep_if_none=True)

    def _set_alarm(self, first: Reg5, *, keep_if_none: bool) -> None:
        kind = STARTUP if first is Reg5.ALARM1 else SHUTDOWN
        found = self._alarm_time(first)
        if found is not None:
            found = self._adjusted(found)
            self.rtc.set_alarm(found.day, found.hour, found.minute)
            self._v.alarm_type = kind
        elif not keep_if_none:
            self.rtc.set_alarm(0, 0, 0)
            self._v.alarm_type = None if self._v.alarm_type == kind else self._v.alarm_type

    def _alarm_written(self, register: int) -> None:
        """Apply an alarm set in the state that it is for; others wait for the next switch."""
        off = self._v.state in (State.OFF, State.STOPPING)
        first = Reg5.ALARM1 if off else Reg5.ALARM2
        if first < register < first + 4:
            self._v.timers[f"apply {first.name}"] = APPLY_ALARM_S

    def _rtc_alarm(self) -> None:
        v = self._v
        if v.alarm_type == SHUTDOWN:
            v.timers.pop(STARTUP, None)
            v.timers[SHUTDOWN] = max(float(from_bcd(self.memory[Reg5.ALARM2])), 1e-6)
        elif v.alarm_type == STARTUP and self.alarms_to_miss > 0 and not v.switched_on:
            self.alarms_to_miss -= 1
            self._tell("alarm_lost", Reason5.ALARM1)
        elif v.alarm_type == STARTUP:
            v.timers.pop(SHUTDOWN, None)
            v.timers[STARTUP] = max(float(from_bcd(self.memory[Reg5.ALARM1])), 1e-6)

    def _startup_due(self) -> None:
        if self._vin_too_low() or self._temperature_forbids():
            self._v.timers[STARTUP] = RETRY_S
        elif self._v.state is not State.OFF or not self._start(Reason5.ALARM1):
            self._tell("alarm_lost", Reason5.ALARM1)

    def _load_script(self, *, startup: bool) -> bool:
        """Take the next two times of the script over into the alarm registers."""
        v, now = self._v, self._clock()
        v.script_in_use = False
        times = [each for each in self.script if now is not None and each[1] > now]
        first = next((at for up, at in times if up is startup), None)
        second = next((at for up, at in times if up is not startup and first and at > first), None)
        if first is None or second is None:
            return False
        pair = (first, second) if startup else (second, first)
        for register, at in zip((Reg5.ALARM1, Reg5.ALARM2), pair, strict=True):
            for i, value in enumerate((at.second, at.minute, at.hour, at.day)):
                self.memory[register + i] = to_bcd(value)
        self._set_alarm(Reg5.ALARM1 if startup else Reg5.ALARM2, keep_if_none=False)
        v.script_in_use = True
        return True

    # -- summer time --------------------------------------------------------------------------

    def _apply_summer_time(self) -> None:
        now = self._clock()
        summer = summer_time(self.memory, now) if now else None
        applied = self.memory[Reg5.DST_APPLIED] > 0
        if now is None or summer is None or summer.holds(now) is applied:
            return
        self.rtc.set(now - summer.shift if applied else now + summer.shift)
        self.memory[Reg5.DST_APPLIED] = 0 if applied else 1

    def _adjusted(self, alarm: datetime) -> datetime:
        summer = summer_time(self.memory, alarm)
        applied = self.memory[Reg5.DST_APPLIED] > 0
        if summer is None or summer.holds(alarm) is applied:
            return alarm
        return alarm - summer.shift if applied else alarm + summer.shift

    # -- temperature --------------------------------------------------------------------------

    def _watch_temperature(self) -> None:
        """The thermometer tells of crossing a point, not of being beyond it: over, then below, then over."""
        if self.analog.temperature_c >= self.memory.signed(Reg5.OVER_POINT) and not self._hot:
            self._hot = True
            self._temperature_acts(Reg5.OVER_ACTION, Reason5.OVER_TEMPERATURE)
        elif self.analog.temperature_c <= self.memory.signed(Reg5.BELOW_POINT) and self._hot:
            self._hot = False
            self._temperature_acts(Reg5.BELOW_ACTION, Reason5.BELOW_TEMPERATURE)

    def _temperature_acts(self, register: Reg5, reason: Reason5) -> None:
        action = self.memory[register]
        if action == TemperatureAction.SHUTDOWN:
            self._request(reason)
        elif action == TemperatureAction.STARTUP:
            self._start_for_temperature(reason)

    def _start_for_temperature(self, reason: Reason5) -> None:
        if self._vin_too_low() or self._alarm_pending() or self._v.state is not State.OFF:
            self._v.timers["temperature"] = RETRY_S
        else:
            self._start(reason)

    def _temperature_retried(self) -> None:
        self._start_for_temperature(Reason5.OVER_TEMPERATURE if self._hot else Reason5.BELOW_TEMPERATURE)

    def _temperature_forbids(self) -> bool:
        whole_c = int(self.analog.temperature_c)
        m = self.memory
        too_hot = whole_c > m.signed(Reg5.OVER_POINT)
        too_cold = whole_c < m.signed(Reg5.BELOW_POINT)
        shut = TemperatureAction.SHUTDOWN
        return (too_hot and m[Reg5.OVER_ACTION] == shut) or (too_cold and m[Reg5.BELOW_ACTION] == shut)

"""What a board or meter says of input, output and battery."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

__all__ = ["Supply", "WakePlan", "WakeReason", "WakeReasonKind", "WakeReceipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """One telemetry record; what is not measured is None, never zero.

    *input* is what comes from the panel or charger, *output* what the node draws,
    *battery* what the battery shows (current and power positive while charging);
    *temperature_c* is the board's, *battery_temperature_c* the battery's.
    """

    time_utc: datetime
    source: str
    input_v: float | None = None
    input_a: float | None = None
    input_w: float | None = None
    output_v: float | None = None
    output_a: float | None = None
    output_w: float | None = None
    battery_v: float | None = None
    battery_a: float | None = None
    battery_w: float | None = None
    battery_percent: float | None = None
    temperature_c: float | None = None
    battery_temperature_c: float | None = None

    def merged(self, other: Supply) -> Supply:
        """This record with every gap filled from *other*; the newer time counts."""
        values = {
            f.name: getattr(self, f.name) if getattr(self, f.name) is not None else getattr(other, f.name)
            for f in fields(self)
        }
        values["time_utc"] = max(self.time_utc, other.time_utc)
        values["source"] = f"{self.source}+{other.source}"
        return Supply(**values)


class WakeReasonKind(StrEnum):
    """Why the board last switched the node on, or asked it to go off."""

    ALARM = "alarm"
    GUARANTEED = "guaranteed"
    VOLTAGE_RECOVERED = "voltage_recovered"
    POWER_CONNECTED = "power_connected"
    BUTTON = "button"
    TEMPERATURE = "temperature"
    LOW_VOLTAGE = "low_voltage"
    WATCHDOG = "watchdog"
    REBOOT = "reboot"
    SHUTDOWN_ALARM = "shutdown_alarm"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class WakeReason:
    """The board's reason with its own words."""

    kind: WakeReasonKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WakePlan:
    """When, and on what else, the board shall switch the node on again.

    *fallback_hours* is the latest wake counted from the cut, for boards that have a
    guaranteed wake of their own. *recovery_v* and *recovery_percent* are the same state of the
    battery, for boards that look at its voltage and for those that know its charge.
    """

    wake_utc: datetime
    recovery_v: float | None = None
    recovery_percent: int | None = None
    fallback_hours: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeReceipt:
    """What the board really holds now, read back from it.

    *triggers* names each independent thing that will wake the node; *doubts* says why
    the node cannot be sure of one. *fallback_utc* is by when something that needs neither alarm
    nor clock wakes it if the battery allows; None if nothing of the kind stands behind the alarm.
    """

    wake_utc: datetime | None
    triggers: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    fallback_utc: datetime | None = None

    @property
    def certain(self) -> bool:
        """Whether at least one trigger is armed and nothing speaks against it."""
        return bool(self.triggers) and not self.doubts

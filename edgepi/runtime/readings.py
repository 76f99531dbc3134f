"""What a reading becomes: corrected, checked, and written as a state."""

from __future__ import annotations

import logging
import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edgepi.config.settings import ReadingSettings
from edgepi.model import Availability, DeviceClass, Reading, ReadingDescription, Value
from edgepi.runtime.states import EntityInfo, StateStore

__all__ = ["ReadingDesk", "Verdict", "judge"]

_PLAIN = ReadingSettings()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The value as it may be shown, or the sentence why it cannot be."""

    value: Value | None
    fault: str | None = None


def judge(value: object, description: ReadingDescription, settings: ReadingSettings = _PLAIN) -> Verdict:
    """Correct a measured value (value * scale + offset) and check it against its limits."""
    if value is None:
        return Verdict(None)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        if description.device_class in {DeviceClass.ENUM, DeviceClass.TIMESTAMP}:
            return Verdict(None, f"{_short(value)} is no {description.device_class}")
        return _judge_number(value, description, settings)
    if _is_numeric(description):
        return Verdict(None, f"{_short(value)} is not a number")
    if isinstance(value, datetime):
        aware = value.tzinfo is not None
        return Verdict(value.astimezone(UTC)) if aware else Verdict(None, "its time has no time zone")
    return _judge_word(value, description)


def _judge_word(value: object, description: ReadingDescription) -> Verdict:
    if not isinstance(value, bool | str):
        return Verdict(None, f"{_short(value)} is no value")
    if description.options and value not in description.options:
        return Verdict(None, f"{_short(value)} is none of {', '.join(description.options)}")
    return Verdict(value)


def _judge_number(value: Any, description: ReadingDescription, settings: ReadingSettings) -> Verdict:
    try:
        raw = float(value)
    except (ArithmeticError, ValueError):
        raw = math.inf
    if not math.isfinite(raw):
        return Verdict(None, f"{_short(value)} is not a finite number")
    if fault := _outside(raw, description.valid_min, description.valid_max, "what the sensor can mean"):
        return Verdict(None, fault)
    corrected = raw * settings.scale + settings.offset
    if not math.isfinite(corrected):
        return Verdict(None, f"{raw:.6g} is not a finite number once corrected")
    if fault := _outside(corrected, settings.min, settings.max, "the configured limits"):
        return Verdict(None, fault)
    whole = isinstance(value, int) and corrected == raw
    return Verdict(int(value) if whole else corrected)


def _outside(value: float, low: float | None, high: float | None, what: str) -> str | None:
    if low is not None and value < low:
        return f"{value:.6g} is below {what} ({low:g})"
    if high is not None and value > high:
        return f"{value:.6g} is above {what} ({high:g})"
    return None


def _is_numeric(description: ReadingDescription) -> bool:
    return any(
        mark is not None
        for mark in (
            description.unit,
            description.state_class,
            description.valid_min,
            description.valid_max,
            description.precision,
        )
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class ReadingDesk:
    """Takes the readings of one plugin instance and writes them as states ``<instance>.<key>``."""

    def __init__(
        self,
        *,
        plugin: str,
        instance: str,
        states: StateStore,
        settings: Mapping[str, ReadingSettings],
        log: logging.Logger,
    ) -> None:
        self._plugin = plugin
        self._instance = instance
        self._states = states
        self._settings = settings
        self._log = log
        self._descriptions: dict[str, ReadingDescription] = {}
        self._complained: set[str] = set()

    def describe(self, descriptions: Iterable[ReadingDescription]) -> None:
        """Announce what will be measured; each starts as unknown."""
        for description in descriptions:
            self._descriptions[description.key] = description
            info = EntityInfo(description, self._plugin, self._instance)
            self._states.describe(self._entity(description.key), info)

    def publish(self, readings: Iterable[object]) -> None:
        """Write readings as states; what is implausible becomes unavailable and is logged once."""
        for reading in readings:
            description = self._descriptions.get(reading.key) if isinstance(reading, Reading) else None
            if isinstance(reading, Reading) and description is not None:
                self._write(reading, description)
            else:
                what = getattr(reading, "key", reading)
                self._complain(f"reading {_short(what)} was never described", key=_short(what))

    def unavailable(self, keys: Iterable[str], reason: str) -> None:
        """Say why these cannot be measured now."""
        for key in keys:
            self._lose(key, reason)

    def unknown(self, keys: Iterable[str]) -> None:
        """Say that these were not part of the last measurement."""
        for key in keys:
            self._states.set(self._entity(key), None, source=self._instance)

    def _write(self, reading: Reading, description: ReadingDescription) -> None:
        verdict = judge(reading.value, description, self._settings.get(reading.key, _PLAIN))
        if verdict.fault is not None:
            self._lose(reading.key, verdict.fault)
            self._complain(f"reading {reading.key!r}: {verdict.fault}", key=reading.key)
            return
        if reading.key in self._complained:
            self._complained.discard(reading.key)
            self._log.info("reading %r is plausible again", reading.key)
        entity = self._entity(reading.key)
        self._states.set(entity, verdict.value, source=self._instance, time_utc=_aware(reading.time_utc))

    def _lose(self, key: str, reason: str) -> None:
        unavailable = Availability.UNAVAILABLE
        self._states.set(
            self._entity(key), None, availability=unavailable, source=self._instance, reason=reason
        )

    def _complain(self, text: str, *, key: str) -> None:
        if key not in self._complained and len(self._complained) < 100:
            self._complained.add(key)
            self._log.warning("%s (said once)", text)

    def _entity(self, key: str) -> str:
        return f"{self._instance}.{key}"


def _aware(time_utc: datetime | None) -> datetime | None:
    return time_utc if time_utc is not None and time_utc.tzinfo is not None else None

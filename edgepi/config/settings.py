"""The configuration as frozen dataclasses; what the loader makes of ``edgepi.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from edgepi.config.findings import Finding
from edgepi.model import NodeInfo

__all__ = [
    "BatterySettings",
    "BoardSettings",
    "EnergySettings",
    "GovernorName",
    "GuardSettings",
    "HttpSettings",
    "LoggingSettings",
    "PanelSettings",
    "PluginSettings",
    "ReadingSettings",
    "RecorderSettings",
    "Settings",
]

Chemistry = Literal["lifepo4", "li-ion", "lead-acid"]
GovernorName = Literal["price", "thresholds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySettings:
    """The battery; *series_cells* None takes what the chemistry and 12 V suggest.

    *temperature* names the entity that shows how warm it is (C).
    """

    chemistry: Chemistry = "lifepo4"
    capacity_wh: float = 154.0
    series_cells: int | None = None
    temperature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSettings:
    """The panel; degrees, azimuth 180 is south, None lets the site decide."""

    peak_w: float = 40.0
    tilt_deg: float | None = None
    azimuth_deg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSettings:
    """The computer: what it draws with nothing to do, off, and to boot; at the battery."""

    model: str = "pi4"
    idle_w: float = 2.7
    standby_w: float = 0.1
    boot_wh: float = 0.06


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """Measured battery voltages below which the guards bite; None derives them from the battery."""

    run_v: float | None = None
    commit_v: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySettings:
    """Section ``energy``; *grid_co2_g_per_kwh* is what the grid's electricity costs the climate."""

    battery: BatterySettings = field(default_factory=BatterySettings)
    panel: PanelSettings = field(default_factory=PanelSettings)
    board: BoardSettings = field(default_factory=BoardSettings)
    guards: GuardSettings = field(default_factory=GuardSettings)
    governor: GovernorName = "price"
    points_per_rlc: float = 10.0
    grid_co2_g_per_kwh: float = 473.0
    allow_halt: bool = False
    interval_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderSettings:
    """Section ``recorder``; days None keeps for ever; patterns are entity globs."""

    enabled: bool = True
    commit_interval_s: float = 60.0
    keep_raw_days: float | None = 30.0
    keep_five_minutes_days: float | None = 365.0
    keep_hours_days: float | None = None
    exclude: tuple[str, ...] = ()
    keep_days: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Section ``http``."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 8321


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingSettings:
    """Section ``logging``; *levels* holds a level per logger name."""

    level: str = "info"
    levels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSettings:
    """Correction and plausible limits of one reading: value * scale + offset, in min..max."""

    offset: float = 0.0
    scale: float = 1.0
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """One instance of a plugin; *importance* in points per hour, *config* the plugin's own.

    *secret_keys* names the keys whose values are masked wherever they are shown. With *findings*,
    the errors in its keys, it cannot run and has no config.
    """

    plugin: str
    instance: str
    enabled: bool = True
    importance: float | None = None
    readings: Mapping[str, ReadingSettings] = field(default_factory=lambda: MappingProxyType({}))
    config: Any = field(default=None, repr=False)
    secret_keys: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration; *path* is the file it came from.

    *secrets* are the values to mask in logs, *warnings* what should be put right but does no harm.
    """

    node: NodeInfo
    energy: EnergySettings = field(default_factory=EnergySettings)
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    plugins: tuple[PluginSettings, ...] = ()
    path: Path | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    warnings: tuple[Finding, ...] = ()

"""The core sections of ``edgepi.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from edgepi.config.boards import BOARDS, board_settings
from edgepi.config.checks import ImportanceField, TimeZone
from edgepi.config.keys import Key, ListOf, MapOf, Section
from edgepi.config.settings import (
    BatterySettings,
    BoardSettings,
    Chemistry,
    EnergySettings,
    GovernorName,
    GuardSettings,
    HttpSettings,
    LoggingSettings,
    PanelSettings,
    ReadingSettings,
    RecorderSettings,
)
from edgepi.model import NodeInfo
from edgepi.plugin.fields import Choice, FieldError, Flag, Integer, Number, Text, TimeSpan

__all__ = ["COMMON_KEYS", "SECTIONS"]

DAY_S = 86400.0
LEVELS = ("debug", "info", "warning", "error", "critical")
_HOST = Text(r"[A-Za-z0-9_.:%-]+", "a host name or address such as 127.0.0.1 or ::")
_ENTITY = Text(r"[a-z0-9_]+\.[a-z0-9_]+", "an entity such as shed.temperature")
_KEEP = TimeSpan(min_s=3600, unit_s=DAY_S, forever="forever")
_POWER = Number(min=0, max=10_000)


NODE = Section(
    NodeInfo,
    (
        Key("name", Text(), "Name of the node, as people see it.", "garden"),
        Key("latitude", Number(-90, 90), "Where the node stands, degrees north.", "48.8566"),
        Key("longitude", Number(-180, 180), "Where the node stands, degrees east.", "2.3522"),
        Key("elevation", Number(-500, 9000), "Metres above sea level.", "35", "elevation_m"),
        Key("time_zone", TimeZone(), "IANA name of the time zone, for calendar times.", "Europe/Paris"),
    ),
)

BATTERY = Section(
    BatterySettings,
    (
        Key("chemistry", Choice(get_args(Chemistry)), "What the battery is made of.", "lifepo4"),
        Key("capacity_wh", Number(above=0, max=1e6), "Usable energy when full, Wh.", "154"),
        Key("series_cells", Integer(1, 32), "Cells in series; left out: what suits 12 V.", "4"),
        Key(
            "temperature",
            _ENTITY,
            "Entity that shows how warm the battery is, in °C; left out: what a board measures.",
            "shed.temperature",
        ),
    ),
)

PANEL = Section(
    PanelSettings,
    (
        Key("peak_w", Number(above=0, max=1e6), "Rated power of the panel, W.", "40"),
        Key("tilt", Number(0, 90), "Degrees from the horizontal; left out: from the site.", "40", "tilt_deg"),
        Key(
            "azimuth",
            Number(0, 360),
            "Degrees from north over east, 180 is south; left out: from the site.",
            "180",
            "azimuth_deg",
        ),
    ),
)

BOARD = Section(
    BoardSettings,
    (
        Key("model", Choice(tuple(BOARDS)), "The computer; gives the defaults of the other keys.", "pi4"),
        Key("idle_w", _POWER, "Power with nothing to do, at the battery, W.", "2.7"),
        Key("standby_w", _POWER, "Power while cut off, with the power board waiting, W.", "0.1"),
        Key("boot_wh", Number(0, 10), "Energy of one start and stop, Wh.", "0.06"),
    ),
    board_settings,
)


def _guards(**values: float) -> GuardSettings:
    guards = GuardSettings(**values)
    if guards.run_v is not None and guards.commit_v is not None and guards.commit_v > guards.run_v:
        raise FieldError("commit_v must not be above run_v")
    return guards


GUARDS = Section(
    GuardSettings,
    (
        Key(
            "run_v",
            Number(0, 100),
            "Below this measured voltage no new work runs; left out: from the battery.",
            "12.8",
        ),
        Key(
            "commit_v",
            Number(0, 100),
            "Below this only committed jobs finish; left out: from the battery.",
            "12.4",
        ),
    ),
    _guards,
)

ENERGY = Section(
    EnergySettings,
    (
        Key("battery", BATTERY, "The battery."),
        Key("panel", PANEL, "The solar panel."),
        Key("board", BOARD, "The computer's own needs."),
        Key("guards", GUARDS, "Measured voltages below which the node sheds load."),
        Key(
            "governor",
            Choice(get_args(GovernorName)),
            "What decides: the price of energy, thinking days ahead, or plain thresholds of charge.",
            "price",
        ),
        Key("points_per_rlc", Number(min=0, max=1e9), "Points that one RLC of net earnings is worth.", "10"),
        Key(
            "grid_co2_g_per_kwh",
            Number(0, 2000),
            "What a kWh from the grid would emit, g of CO2, to count what the sun saves.",
            "56",
        ),
        Key("allow_halt", Flag(), "Let EdgePi halt this machine even if no power board was found.", "false"),
        Key("interval", TimeSpan(0.1, 3600), "How often the supply is read.", "10s", "interval_s"),
    ),
)

RECORDER = Section(
    RecorderSettings,
    (
        Key("enabled", Flag(), "Whether history is kept.", "true"),
        Key(
            "commit_interval", TimeSpan(1, 3600), "How much a power cut may lose.", "60s", "commit_interval_s"
        ),
        Key("keep_raw", _KEEP, "How long each reading is kept, or `forever`.", "30d", "keep_raw_days"),
        Key(
            "keep_five_minutes",
            _KEEP,
            "How long means of 5 minutes are kept.",
            "365d",
            "keep_five_minutes_days",
        ),
        Key("keep_hours", _KEEP, "How long hourly means are kept.", "forever", "keep_hours_days"),
        Key(
            "exclude",
            ListOf(Text()),
            "Entities that are not recorded; `*` stands for any text.",
            "['*.rssi']",
        ),
        Key(
            "keep",
            MapOf(TimeSpan(min_s=3600, unit_s=DAY_S)),
            "How long raw readings of some entities are kept, by pattern.",
            "{'*.wind_speed': 90d}",
            "keep_days",
        ),
    ),
)

HTTP = Section(
    HttpSettings,
    (
        Key("enabled", Flag(), "Whether the page and the API are served.", "true"),
        Key("host", _HOST, "Address to listen on; 0.0.0.0 opens it to the network.", "127.0.0.1"),
        Key("port", Integer(0, 65535), "Port to listen on; 0 takes any free one.", "8321"),
    ),
)

LOGGING = Section(
    LoggingSettings,
    (
        Key("level", Choice(LEVELS), "What is logged at least.", "info"),
        Key("levels", MapOf(Choice(LEVELS)), "The same for single loggers.", "{edgepi.budget: debug}"),
    ),
)


def _reading(**values: float) -> ReadingSettings:
    reading = ReadingSettings(**values)
    if reading.scale == 0:
        raise FieldError("a scale of 0 makes every value the same")
    if reading.min is not None and reading.max is not None and reading.min >= reading.max:
        raise FieldError("min must be less than max")
    return reading


READING = Section(
    ReadingSettings,
    (
        Key("offset", Number(), "Added to the measured value, after `scale`.", "-0.4"),
        Key("scale", Number(), "Factor on the measured value.", "1.02"),
        Key("min", Number(), "Values below are refused as implausible.", "-30"),
        Key("max", Number(), "Values above are refused as implausible.", "60"),
    ),
    _reading,
)

SECTIONS: Mapping[str, Section] = MappingProxyType(
    {"node": NODE, "energy": ENERGY, "recorder": RECORDER, "http": HTTP, "logging": LOGGING}
)

COMMON_KEYS = (
    Key("enabled", Flag(), "Whether the plugin runs; one that does not is not even imported.", "true"),
    Key(
        "name",
        Text(r"[a-z][a-z0-9_]*", "a short name of lower-case letters, digits and _"),
        "Name of the instance: entities, tables and routes carry it. Needed in a list.",
        "roof",
    ),
    Key(
        "importance",
        ImportanceField(),
        "What its duties are worth at full level: `vital`, `high`, `normal`, `low`, or points per hour.",
        "normal",
    ),
    Key(
        "readings",
        MapOf(READING),
        "Correction and plausible limits per reading.",
        "{temperature: {offset: -0.4}}",
    ),
)

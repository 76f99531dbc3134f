"""What the owner of a camera says in the configuration."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import voluptuous as vol

from edgepi.errors import RequestError
from edgepi.plugin import ConfigSchema
from edgepi.plugin.fields import FieldError, Flag, Integer, Number, Text, TimeSpan
from edgepi_camera.address import Address, Kind
from edgepi_camera.config_fields import Areas, Off, Size, SourceUrl, Texts, Zones
from edgepi_camera.model import Polygon, Zone

__all__ = ["CameraConfig", "KeepConfig", "LabelsConfig", "PowerConfig", "config_schema"]

MB = 10**6
SECRETS = frozenset({"password"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepConfig:
    """Section ``keep``: nothing older, no more of it, and so much of the disk left free."""

    days: float = 14.0
    size: int = 2000 * MB
    free: int = 500 * MB


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsConfig:
    """Section ``labels``: a model that says what moves, its names in order, and which of them count."""

    model: str
    names: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerConfig:
    """Section ``power``: what each level adds to the idle node, in watts; None is what its kind does."""

    snapshot: float | None = None
    saver: float | None = None
    full: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraConfig:
    """Section ``camera``; times in seconds, *smallest* in percent of the picture, *timelapse* None: never."""

    source: Address
    detect: Address | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    rotate: int = 0
    loop: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    sensitivity: int = 50
    smallest: float | None = None
    shortest: float = 0.25
    zones: tuple[Zone, ...] = ()
    ignore: tuple[Polygon, ...] = ()
    privacy: tuple[Polygon, ...] = ()
    before: float = 5.0
    after: float = 5.0
    longest: float = 300.0
    snapshot_every: float = 600.0
    timelapse: float | None = None
    keep: KeepConfig = KeepConfig()
    folder: Path | None = None
    labels: LabelsConfig | None = None
    power: PowerConfig = PowerConfig()


@dataclass(frozen=True, slots=True)
class Options:
    """Options of FFmpeg's reader; numbers and truth values are turned into texts."""

    def __call__(self, value: object) -> dict[str, str]:
        """Return them as texts."""
        if not isinstance(value, dict):
            raise FieldError("expected options with values, such as `rtsp_transport: udp`")
        if any(isinstance(item, list | dict) or item is None for item in value.values()):
            raise FieldError("each option has one value")
        return {str(key): _word(item) for key, item in value.items()}

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}


def _word(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Turn:
    """A quarter turn."""

    def __call__(self, value: object) -> int:
        """Return the degrees, clockwise."""
        if isinstance(value, bool) or value not in {0, 90, 180, 270}:
            raise FieldError("expected 0, 90, 180 or 270 degrees, clockwise")
        return int(str(value))

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"enum": [0, 90, 180, 270]}


WATTS = Number(min=0.0, max=100.0)
KEEP = {
    vol.Optional("days"): Number(min=0.01, max=3650.0),
    vol.Optional("size"): Size(min=20 * MB),
    vol.Optional("free"): Size(min=20 * MB),
}
LABELS = {
    vol.Required("model"): Text(expected="the path of a model, such as /var/lib/models/objects.onnx"),
    vol.Optional("names"): Texts(),
    vol.Optional("wanted"): Texts(),
}
POWER = {vol.Optional(level): WATTS for level in ("snapshot", "saver", "full")}
FIELDS: dict[Any, Any] = {
    vol.Required("source"): SourceUrl(),
    vol.Optional("detect"): SourceUrl(),
    vol.Optional("user"): Text(),
    vol.Optional("password"): Text(),
    vol.Optional("width"): Integer(min=32, max=8192),
    vol.Optional("height"): Integer(min=32, max=8192),
    vol.Optional("fps"): Number(min=0.1, max=120.0),
    vol.Optional("rotate"): Turn(),
    vol.Optional("loop"): Flag(),
    vol.Optional("options"): Options(),
    vol.Optional("sensitivity"): Integer(min=1, max=100),
    vol.Optional("smallest"): Number(above=0.0, max=100.0),
    vol.Optional("shortest"): TimeSpan(max_s=60.0),
    vol.Optional("zones"): Zones(),
    vol.Optional("ignore"): Areas(),
    vol.Optional("privacy"): Areas(),
    vol.Optional("before"): TimeSpan(max_s=60.0),
    vol.Optional("after"): TimeSpan(min_s=0.5, max_s=300.0),
    vol.Optional("longest"): TimeSpan(min_s=5.0, max_s=3600.0),
    vol.Optional("snapshot_every"): TimeSpan(min_s=5.0, max_s=86400.0),
    vol.Optional("timelapse"): Off(TimeSpan(min_s=5.0, max_s=86400.0)),
    vol.Optional("keep"): KEEP,
    vol.Optional("folder"): Text(r"[~/].*", "the path of a folder, from / or ~ on"),
    vol.Optional("labels"): LABELS,
    vol.Optional("power"): POWER,
}


def config_schema() -> ConfigSchema[CameraConfig]:
    """Return the keys of a camera."""
    return ConfigSchema(fields=FIELDS, build=_build, secrets=SECRETS, doubts=_doubts)


def _build(**values: Any) -> CameraConfig:
    user, password = values.pop("user", None), values.pop("password", None)
    if password is not None and user is None:
        raise vol.Invalid("a password needs a `user`", path=["password"])
    for key in ("source", "detect"):
        if key in values:
            values[key] = _address(key, values[key], user, password)
    if "folder" in values:
        values["folder"] = Path(values["folder"]).expanduser()
    parts: dict[str, Any] = {"keep": KeepConfig, "labels": LabelsConfig, "power": PowerConfig}
    built = {key: make(**values.pop(key)) for key, make in parts.items() if key in values}
    config = CameraConfig(**values, **built)
    _check(config)
    return config


def _doubts(config: CameraConfig) -> Iterator[vol.Invalid]:
    if config.source.kind is Kind.PATH and _missing(Path(config.source.url), Path.exists):
        yield vol.Invalid(f"there is no {config.source}", path=["source"])
    model = "hog" if config.labels is None else config.labels.model
    if model != "hog" and _missing(Path(model).expanduser(), Path.is_file):
        text = f"there is no model file {model}: put one there, or say `model: hog`"
        yield vol.Invalid(text, path=["labels", "model"])


def _missing(path: Path, there: Callable[[Path], bool]) -> bool:
    try:
        return not there(path)
    except OSError:
        return False  # whoever checks may not look where the node may


def _address(key: str, text: str, user: str | None, password: str | None) -> Address:
    try:
        address = Address(text, user, password)
    except RequestError as error:
        raise vol.Invalid(error.message, path=[key]) from error
    if address.kind is Kind.PATH and text.startswith("~"):
        return Address(str(Path(text).expanduser()))
    return address


def _check(config: CameraConfig) -> None:
    names = [zone.name for zone in config.zones]
    if len(set(names)) < len(names):
        raise vol.Invalid("two zones share a name", path=["zones"])
    if (config.width is None) != (config.height is None):
        raise vol.Invalid("width and height belong together", path=["width" if config.width else "height"])
    if config.longest < config.before + config.after:
        raise vol.Invalid("a clip must have room for `before` and `after`", path=["longest"])
    if config.detect is not None and config.source.kind is not Kind.STREAM:
        raise vol.Invalid("only the url of a stream has a smaller one beside it", path=["detect"])
    if config.detect is not None and config.detect.kind is not Kind.STREAM:
        raise vol.Invalid("expected the url of a stream, such as rtsp://192.168.1.20/sub", path=["detect"])
    said = [(each.name, getattr(config.power, each.name)) for each in fields(config.power)]
    known = [(name, power_w) for name, power_w in said if power_w is not None]
    for (low, low_w), (high, high_w) in itertools.pairwise(known):
        if high_w < low_w:
            raise vol.Invalid(f"`{high}` cannot need less than `{low}`", path=["power", high])

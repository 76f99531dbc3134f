"""What the owner may tell the Pi camera: flips, the encoder, the sensor's own controls."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgepi_camera.source.base import SourceError

__all__ = ["PicameraOptions", "duration_limits", "lores_size", "parse_options"]

LORES_WIDTH = 320
YES, NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class PicameraOptions:
    """*controls* go to libcamera as they are; *bitrate* is in bits a second (None: follows from the size)."""

    hflip: bool = False
    vflip: bool = False
    bitrate: int | None = None
    tuning: str | None = None
    controls: Mapping[str, Any] = field(default_factory=dict)


def parse_options(options: Mapping[str, str]) -> PicameraOptions:
    """Read the `options` of the configuration; raises SourceError for a value that makes no sense."""
    rest = dict(options)
    bitrate = rest.pop("bitrate", None)
    if bitrate is not None and not bitrate.isdigit():
        raise SourceError(f"picamera: bitrate is a whole number of bits a second, not {bitrate!r}")
    return PicameraOptions(
        hflip=_flag("hflip", rest.pop("hflip", "no")),
        vflip=_flag("vflip", rest.pop("vflip", "no")),
        bitrate=None if bitrate is None else int(bitrate),
        tuning=rest.pop("tuning", None),
        controls=rest,
    )


def _flag(name: str, text: str) -> bool:
    if text.lower() not in YES | NO:
        raise SourceError(f"picamera: {name} is yes or no, not {text!r}")
    return text.lower() in YES


def control_values(wished: Mapping[str, str], known: Mapping[str, Any], enums: Any) -> dict[str, Any]:
    """Values for libcamera: numbers, pairs, or names of its enumerations (``AfMode: Continuous``).

    *known* are the camera's controls, *enums* is `libcamera.controls`; raises SourceError.
    """
    values: dict[str, Any] = {}
    for name, text in wished.items():
        if name not in known:
            near = difflib.get_close_matches(name, list(known), 1, 0.5)
            raise SourceError(
                f"picamera: this camera has no control {name!r}",
                hint=f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known))}",
            )
        values[name] = _value(name, text, getattr(enums, f"{name}Enum", None))
    return values


def _value(name: str, text: str, enum: Any) -> Any:
    if enum is not None and hasattr(enum, text):
        return getattr(enum, text)
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise SourceError(f"picamera: {name} cannot be {text!r}") from None


def lores_size(width: int, height: int) -> tuple[int, int]:
    """Size of the detector's stream: the main one's shape, even, no larger than it needs."""
    small = min(LORES_WIDTH, width)
    return small // 2 * 2, max(2, round(small * height / width / 2) * 2)


def duration_limits(fps: float, known: Mapping[str, Any]) -> tuple[int, int]:
    """Microseconds a picture, as near to *fps* as the sensor can."""
    duration = round(1e6 / fps)
    if (limits := known.get("FrameDurationLimits")) is not None:
        least, most = int(limits[0]), int(limits[1])
        duration = max(duration, least) if most < least else min(max(duration, least), most)
    return duration, duration

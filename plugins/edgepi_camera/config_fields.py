"""Checks for what only a camera's configuration has: parts of the picture, sizes of storage, sources."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

import voluptuous as vol

from edgepi.errors import RequestError
from edgepi.plugin.fields import FieldError, TimeSpan
from edgepi_camera.address import Address
from edgepi_camera.model import Polygon, Zone

__all__ = ["Area", "Areas", "Off", "Size", "SourceUrl", "Texts", "Zones"]

T = TypeVar("T")
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([kKmMgGtT]?[bB])\s*", re.ASCII)
_ZONE = re.compile(r"[a-z][a-z0-9_]{0,30}")
MOST_POINTS = 64
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_POINT = {"type": "array", "items": _SHARE, "minItems": 2, "maxItems": 2}
_AREA = {"type": "array", "items": _POINT, "minItems": 3, "maxItems": MOST_POINTS}


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon: corners as shares of the picture's width and height, from its upper left corner."""

    def __call__(self, value: object) -> Polygon:
        """Return its corners."""
        if not isinstance(value, list) or len(value) < 3:
            raise FieldError("an area needs at least 3 corners, such as [[0, 0], [1, 0], [1, 0.4]]")
        if len(value) > MOST_POINTS:
            raise FieldError(f"an area has at most {MOST_POINTS} corners, this one {len(value)}")
        polygon = _all(_corner, enumerate(value))
        if _size(polygon) < 1e-6:
            raise FieldError("these corners lie on one line, nothing is inside")
        return polygon

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return dict(_AREA)


def _all(check: Callable[[Any, object], T], items: Iterable[tuple[object, object]]) -> tuple[T, ...]:
    """Check each value of *items* (place and value); raises what is wrong with any, each with its place."""
    good, errors = [], []
    for place, value in items:
        try:
            good.append(check(place, value))
        except vol.Invalid as error:
            error.prepend([place])
            errors += error.errors if isinstance(error, vol.MultipleInvalid) else [error]
    if errors:
        raise errors[0] if len(errors) == 1 else vol.MultipleInvalid(errors)
    return tuple(good)


def _area(_: object, corners: object) -> Polygon:
    return Area()(corners)


def _corner(place: int, value: object) -> tuple[float, float]:
    number = place + 1
    if not isinstance(value, list) or len(value) != 2 or not all(map(_number, value)):
        raise FieldError(f"corner {number} must be two numbers: [x, y]")
    x, y = (float(part) for part in value)
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
        raise FieldError(
            f"corner {number} is outside the picture: x and y are shares of its width and height, 0 to 1"
        )
    return x, y


def _number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _size(polygon: Polygon) -> float:
    ends = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in ends)) / 2.0


@dataclass(frozen=True, slots=True)
class Areas:
    """A list of areas; one alone may stand without the outer brackets."""

    def __call__(self, value: object) -> tuple[Polygon, ...]:
        """Return them all."""
        if not isinstance(value, list):
            raise FieldError("expected a list of areas, each with its corners")
        if value and all(isinstance(item, list) and len(item) == 2 and _number(item[0]) for item in value):
            return (Area()(value),)
        return _all(_area, enumerate(value))

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"anyOf": [_AREA, {"type": "array", "items": _AREA}]}


@dataclass(frozen=True, slots=True)
class Zones:
    """Named areas."""

    def __call__(self, value: object) -> tuple[Zone, ...]:
        """Return them in order."""
        if not isinstance(value, dict):
            raise FieldError("expected names with corners, such as `door: [[0, 0], [1, 0], [1, 0.4]]`")
        return _all(_zone, value.items())

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^{_ZONE.pattern}$"},
            "additionalProperties": _AREA,
        }


def _zone(name: object, corners: object) -> Zone:
    if _ZONE.fullmatch(str(name)) is None:
        raise FieldError(f"zone {str(name)[:40]!r}: a name is made of a-z, 0-9 and _")
    return Zone(str(name), Area()(corners))


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes: a number, or one with kB, MB, GB or TB (powers of a thousand, as on the box of a disk)."""

    min: int = 0

    def __call__(self, value: object) -> int:
        """Return the bytes."""
        if _number(value):
            size = int(value)
        elif isinstance(value, str) and (found := _SIZE.fullmatch(value)) is not None:
            size = int(float(found[1]) * _UNITS[found[2].upper()])
        else:
            bare = re.fullmatch(r"\s*([\d.]+)\s*([kKmMgGtT])[iI]?[bB]?\s*", str(value))
            raise FieldError(
                "expected a size such as 500MB or 2GB", f"{bare[1]}{bare[2].upper()}B" if bare else None
            )
        if size < self.min:
            raise FieldError(f"{value} is too little: it must be {self.min // 10**6}MB or more")
        return size

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        text = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kKmMgGtT]?[bB]\s*$"}
        return {"anyOf": [text, {"type": "integer", "minimum": self.min}]}


@dataclass(frozen=True, slots=True)
class Off:
    """A time span, or false for never (None)."""

    span: TimeSpan

    def __call__(self, value: object) -> float | None:
        """Return the span in seconds."""
        return None if value is False else self.span(value)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"anyOf": [*self.span.json_schema["anyOf"], {"const": False}]}


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """What `Address` takes."""

    def __call__(self, value: object) -> str:
        """Return it as it stands."""
        if not isinstance(value, str) or not value:
            raise FieldError("expected a device, picamera, an address, or the path of a file or folder")
        try:
            return Address(value).url
        except RequestError as error:
            raise FieldError(error.message, _meant(value)) from error

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "string", "minLength": 1}


def _meant(value: str) -> str | None:
    if (found := re.fullmatch(r"(?:/dev/)?video([0-9]{1,3})", value)) is not None:
        return f"/dev/video{found[1]}"
    return "picamera" if value.lower() in {"picam", "picamera2", "libcamera", "csi"} else None


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of words."""

    def __call__(self, value: object) -> tuple[str, ...]:
        """Return them."""
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise FieldError("expected a list of words, such as [person, car]")
        return tuple(value)

    @property
    def json_schema(self) -> dict[str, Any]:
        """The same in JSON Schema."""
        return {"type": "array", "items": {"type": "string", "minLength": 1}}

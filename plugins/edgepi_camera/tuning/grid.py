"""Draws a grid and the areas of the configuration over a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from edgepi.errors import RequestError
from edgepi_camera.child.pictures import bgr_of
from edgepi_camera.model import CameraSettings, SourceSettings
from edgepi_camera.motion.picture import Bytes
from edgepi_camera.tuning.film import pictures_of

__all__ = ["grid"]

WIDTHS = (960, 1600)
COLOURS = {"zone": (60, 177, 240), "ignore": (150, 150, 150), "privacy": (40, 40, 40)}
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def grid(content: bytes, file: str | None, areas: Iterable[Mapping[str, Any]]) -> bytes:
    """A PNG of *content*, or the first picture of *file*, under a line at each tenth; raises RequestError."""
    picture = _scaled(_first(file) if file else _picture(content))
    for area in areas:
        _area(picture, area)
    _lines(picture)
    _numbers(picture)
    _, png = cv2.imencode(".png", picture)
    return bytes(png)


def _picture(content: bytes) -> Bytes:
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise RequestError("what the camera gave is no picture")
    return np.asarray(found, np.uint8)


def _first(file: str) -> Bytes:
    settings = CameraSettings(source=SourceSettings(url=file, live=False))
    for picture, _ in pictures_of(settings):
        return bgr_of(picture)
    raise RequestError(f"{file} has no picture that can be read", hint="is it a picture or a film?")


def _scaled(picture: Bytes) -> Bytes:
    height, width = picture.shape[:2]
    wanted = min(max(width, WIDTHS[0]), WIDTHS[1])
    size = (wanted, round(height * wanted / width))
    shape = cv2.INTER_AREA if wanted < width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=shape), np.uint8)


def _area(picture: Bytes, area: Mapping[str, Any]) -> None:
    height, width = picture.shape[:2]
    corners = np.round(np.array(area["polygon"]) * (width - 1, height - 1)).astype(np.int32)
    colour = COLOURS.get(area["kind"], WHITE)
    filled = picture.copy()
    cv2.fillPoly(filled, [corners], colour)
    strength = 0.85 if area["kind"] == "privacy" else 0.25
    cv2.addWeighted(filled, strength, picture, 1 - strength, 0, picture)
    cv2.polylines(picture, [corners], isClosed=True, color=colour, thickness=2, lineType=cv2.LINE_AA)
    name = f"{area['kind']} {area['name']}".strip()
    x, y = corners.mean(axis=0).astype(int).tolist()
    (across, _), _ = cv2.getTextSize(name, FONT, 0.6, 1)
    _text(picture, name, (min(max(40, x - across // 2), width - across - 40), y), 0.6)


def _lines(picture: Bytes) -> None:
    height, width = picture.shape[:2]
    over = picture.copy()
    for part in range(1, 20):
        x, y = round(part * width / 20), round(part * height / 20)
        thick = 1 + (part % 2 == 0)
        colour = WHITE if part % 2 == 0 else (190, 190, 190)
        for begin, end in (((x, 0), (x, height)), ((0, y), (width, y))):
            cv2.line(over, begin, end, BLACK, thick + 1)
            cv2.line(over, begin, end, colour, thick)
    cv2.addWeighted(over, 0.4, picture, 0.6, 0, picture)


def _numbers(picture: Bytes) -> None:
    height, width = picture.shape[:2]
    for part in range(1, 10):
        x, y = round(part * width / 10), round(part * height / 10)
        said = f"{part / 10:.1f}"
        _text(picture, said, (x - 13, 18), 0.55)
        _text(picture, said, (x - 13, height - 8), 0.55)
        _text(picture, said, (4, y + 6), 0.55)
        _text(picture, said, (width - 34, y + 6), 0.55)
    _text(picture, "0", (4, 18), 0.55)
    _text(picture, "1", (width - 16, height - 8), 0.55)


def _text(picture: Bytes, text: str, at: Sequence[int], size: float) -> None:
    cv2.putText(picture, text, tuple(at), FONT, size, BLACK, 4, cv2.LINE_AA)
    cv2.putText(picture, text, tuple(at), FONT, size, WHITE, 1, cv2.LINE_AA)

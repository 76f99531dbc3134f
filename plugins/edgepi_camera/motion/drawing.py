"""The tuning view: what the detector sees, over the picture, and why it set things aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.model import Polygon, Zone
from edgepi_camera.motion.picture import Bytes
from edgepi_camera.motion.words import Pen, written
from edgepi_camera.motion.zones import painted

__all__ = ["KINDS", "Thing", "View", "drawn"]

Colour = tuple[int, int, int]

MOVING = "moving"
KINDS: dict[str, Colour] = {
    MOVING: (60, 60, 255),
    "short": (255, 160, 50),
    "still": (220, 90, 190),
    "light": (120, 240, 255),
    "sway": (80, 200, 80),
    "small": (215, 215, 215),
    "outside": (200, 190, 0),
}
ZONE: Colour = (60, 177, 240)
IGNORED: Colour = (170, 170, 170)
OTHER: Colour = (215, 215, 215)
DARK: Colour = (24, 24, 24)
WHITE: Colour = (245, 245, 245)
TINT = 0.45
STRIP = 0.65
INWARDS = 0.2


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing in shares of the picture: *why* it does not count (a kind), or empty if it moves."""

    x: float
    y: float
    width: float
    height: float
    number: int
    score: float = 0.0
    why: str = ""
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What there is to see: *masks* (0 or 255, any grid) per kind, *things*, what the status line says."""

    masks: Mapping[str, Bytes] = field(default_factory=dict)
    things: tuple[Thing, ...] = ()
    zones: tuple[Zone, ...] = ()
    ignore: tuple[Polygon, ...] = ()
    sensitivity: int = 50
    changed: float = 0.0
    note: str = ""


def drawn(base_bgr: Bytes, view: View) -> Bytes:
    """*view* over a copy of *base_bgr*."""
    picture = base_bgr.copy()
    pen = Pen.of(picture.shape[1])
    if view.ignore:
        _hatch(picture, view, pen)
    for kind, mask in view.masks.items():
        _tint(picture, mask, KINDS.get(kind, OTHER), pen)
    for zone in view.zones:
        _outline(picture, zone, pen)
    for thing in sorted(view.things, key=lambda thing: not thing.why):
        _frame(picture, thing, pen)
    _status(picture, view, pen)
    _legend(picture, pen)
    return picture


def _tint(picture: Bytes, mask: Bytes, colour: Colour, pen: Pen) -> None:
    height, width = picture.shape[:2]
    large = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    smooth = np.asarray(cv2.threshold(large, 127, 255, cv2.THRESH_BINARY)[1], np.uint8)
    _mixed(picture, smooth, colour, TINT)
    outlines, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.polylines(picture, outlines, isClosed=True, color=colour, thickness=pen.thin, lineType=cv2.LINE_AA)


def _hatch(picture: Bytes, view: View, pen: Pen) -> None:
    height, width = picture.shape[:2]
    mask = painted(view.ignore, (height, width))
    _mixed(picture, mask, DARK, TINT)
    lines = picture.copy()
    for begin in range(-height, width, 3 * pen.line):
        ends = ((begin, height), (begin + height, 0))
        cv2.line(lines, *ends, color=IGNORED, thickness=pen.thin, lineType=cv2.LINE_AA)
    cv2.copyTo(cv2.addWeighted(lines, 0.5, picture, 0.5, 0), mask, picture)
    for polygon in view.ignore:
        written(picture, "ignored", _inside(picture, polygon), pen.ink(IGNORED, DARK))


def _outline(picture: Bytes, zone: Zone, pen: Pen) -> None:
    corners = np.round(_scaled(picture, zone.polygon)).astype(np.int32)
    cv2.polylines(picture, [corners], isClosed=True, color=ZONE, thickness=pen.thick, lineType=cv2.LINE_AA)
    written(picture, zone.name, _inside(picture, zone.polygon), pen.ink(DARK, ZONE))


def _frame(picture: Bytes, thing: Thing, pen: Pen) -> None:
    height, width = picture.shape[:2]
    colour = KINDS.get(thing.why or MOVING, OTHER)
    left, top = round(thing.x * width), round(thing.y * height)
    right, bottom = round((thing.x + thing.width) * width), round((thing.y + thing.height) * height)
    thickness = pen.thin if thing.why else pen.thick
    cv2.rectangle(picture, (left, top), (right, bottom), colour, thickness)
    said = f"{thing.number} {thing.why}" if thing.why else f"{thing.number}  {thing.score:.2f}"
    said = "  ".join([said, *thing.zones])
    at = (left, top - pen.line if top - pen.line >= pen.line else bottom)
    ink = pen.ink(colour, DARK) if thing.why else pen.ink(WHITE, colour)
    written(picture, said, at, ink)


def _status(picture: Bytes, view: View, pen: Pen) -> None:
    moving = sum(not thing.why for thing in view.things)
    said = f"sensitivity {view.sensitivity}   {100 * view.changed:.1f} % differs   {moving} moving"
    said = f"{said}   {view.note}" if view.note else said
    _strip(picture, 0, pen.line)
    written(picture, said, (pen.pad, 0), pen.ink(WHITE))


def _legend(picture: Bytes, pen: Pen) -> None:
    """The kinds and their colours, in as many rows as they need."""
    height, width = picture.shape[:2]
    rows: list[list[tuple[int, str]]] = [[]]
    x = pen.pad
    for kind in KINDS:
        step = pen.line + pen.width_of(kind) + pen.pad
        if rows[-1] and x + step > width:
            rows.append([])
            x = pen.pad
        rows[-1].append((x, kind))
        x += step
    top = height - len(rows) * pen.line
    _strip(picture, top, height)
    for row, entries in enumerate(rows):
        y = top + row * pen.line
        for x, kind in entries:
            side = pen.line // 2
            corner = (x, y + (pen.line - side) // 2)
            cv2.rectangle(picture, corner, (corner[0] + side, corner[1] + side), KINDS[kind], cv2.FILLED)
            written(picture, kind, (x + side + pen.pad, y), pen.ink(WHITE))


def _strip(picture: Bytes, top: int, bottom: int) -> None:
    rows = picture[max(0, top) : bottom]
    if rows.size:
        rows[...] = cv2.addWeighted(rows, 1 - STRIP, np.full_like(rows, DARK), STRIP, 0)


def _mixed(picture: Bytes, mask: Bytes, colour: Colour, strength: float) -> None:
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return
    part, inside = picture[y : y + height, x : x + width], mask[y : y + height, x : x + width]
    mixed = cv2.addWeighted(part, 1 - strength, np.full_like(part, colour), strength, 0)
    cv2.copyTo(mixed, inside, part)


def _scaled(picture: Bytes, polygon: Polygon) -> NDArray[np.float64]:
    height, width = picture.shape[:2]
    return np.asarray(np.array(polygon) * (width - 1, height - 1), np.float64)


def _inside(picture: Bytes, polygon: Polygon) -> tuple[int, int]:
    """Where a polygon's name goes: from its uppermost corner some way to its middle."""
    corners = _scaled(picture, polygon)
    uppermost = corners[np.lexsort((corners[:, 0], np.round(corners[:, 1])))[0]]
    x, y = (uppermost + INWARDS * (corners.mean(axis=0) - uppermost)).tolist()
    return round(x), round(y)

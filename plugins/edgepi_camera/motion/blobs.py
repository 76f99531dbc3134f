"""Things in one picture: connected foreground, and what speaks for each being a thing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from edgepi_camera.motion.picture import Bytes, Planes

__all__ = ["Blob", "Clues", "around", "changed", "cleaned", "found", "steep", "structure"]

MOST_BLOBS = 32
CROSS = np.asarray(cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), np.uint8)
SQUARE = np.ones((3, 3), np.uint8)
DETAIL = (7, 7)
# Half of DETAIL twice, once for the edges and once for what is near them, and a cell for each dilation.
MARGIN = 10
OF_COLOUR = 1.5
STEEP = 0.12
LIT_DETAIL = 1.3
DARKEST = 8
SIDES = ("left", "top", "right", "bottom")
USUAL_LEAST, USUAL_MOST = 0.01, 0.12


@dataclass(frozen=True, slots=True)
class Blob:
    """A thing on the grid: its box, *area*, *weight* (area less what is usual there) and clues as shares.

    *edges* is how steeply it sets in, for the length of its border and for how much it differs; *busy* is how
    much of it lies where the place is restless; *side*: the border of the picture that it is at, or nearly,
    such as ``left``.
    """

    label: int
    x: int
    y: int
    width: int
    height: int
    area: int
    cx: float
    cy: float
    weight: float
    edges: float
    busy: float
    side: str

    @property
    def right(self) -> int:
        """The first column that is no longer in it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row that is no longer in it."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Clues:
    """Planes on the grid that tell a thing from what only looks like one."""

    usual: NDArray[np.float32]
    edges: Bytes
    change: Bytes
    busy: Bytes


def cleaned(new: Bytes) -> Bytes:
    """*new* (0 or 255) without specks and pinholes: what most of the 3x3 pixels around say."""
    return np.asarray(cv2.threshold(cv2.blur(new, (3, 3)), 127, 255, cv2.THRESH_BINARY)[1], np.uint8)


def changed(planes: Planes, means: tuple[Bytes, ...]) -> tuple[Bytes, Bytes]:
    """How much *planes* differ from *means*, and how steeply: in luma, or half as much again in colour."""
    change, steepness = np.zeros_like(planes.luma), np.zeros_like(planes.luma)
    for index, (plane, mean) in enumerate(zip(planes, means, strict=True)):
        weight = OF_COLOUR if index else 1.0
        # Signed: where light turns from brighter to darker, there is no edge.
        signed = cv2.subtract(plane, mean, dtype=cv2.CV_16S)
        steep_here = cv2.absdiff(signed, cv2.blur(signed, DETAIL))
        cv2.max(change, cv2.convertScaleAbs(signed, alpha=weight), change)
        cv2.max(steepness, cv2.convertScaleAbs(steep_here, alpha=weight), steepness)
    return change, steepness


def structure(luma: Bytes, mean: Bytes, change: tuple[Bytes, Bytes], noise: float) -> Bytes:
    """How steep *change* is, or how much detail of *mean* is gone; blind to smooth light.

    Detail is what differs from the 7x7 around it. Light that changes by a share changes detail by that share.
    """
    smooth_mean = cv2.blur(mean, DETAIL)
    now, before = cv2.absdiff(luma, cv2.blur(luma, DETAIL)), cv2.absdiff(mean, smooth_mean)
    detail, much = cv2.dilate(before, SQUARE), cv2.blur(change[0], DETAIL)
    lit = cv2.multiply(detail, much, scale=LIT_DETAIL, dtype=cv2.CV_32F)
    lit = cv2.divide(lit, np.maximum(smooth_mean, DARKEST).astype(np.float32))
    fresh = cv2.subtract(change[1], cv2.convertScaleAbs(lit, beta=noise))
    gone = cv2.subtract(before, _allowed(now, 2.0, 2.0 * noise))
    return np.asarray(cv2.max(fresh, gone), np.uint8)


def steep(mask: Bytes, clues: Clues) -> Bytes:
    """*mask* without what lies far from any place where it sets in steeply: only what is near edges."""
    edges = cv2.compare(clues.edges, cv2.convertScaleAbs(clues.change, alpha=STEEP), cv2.CMP_GT)
    return np.asarray(cv2.bitwise_and(mask, cv2.dilate(edges, np.ones(DETAIL, np.uint8))), np.uint8)


def around(mask: Bytes) -> tuple[slice, slice]:
    """Rows and columns in which *mask* is set, and as much around as the clues there depend on."""
    x, y, width, height = cv2.boundingRect(mask)
    return slice(max(0, y - MARGIN), y + height + MARGIN), slice(max(0, x - MARGIN), x + width + MARGIN)


def found(
    mask: Bytes,
    clues: Clues,
    least: float,
    corner: tuple[int, int] = (0, 0),
    grid: tuple[int, int] | None = None,
) -> tuple[list[Blob], NDArray[np.int32]]:
    """The things in *mask* (0 or 255) of at least so many cells, and which pixel belongs to which.

    *mask* and *clues* are the part of the *grid* (height, width; None: all) from *corner* (row, column) on.
    """
    joined = cv2.dilate(mask, CROSS)
    count, parts, stats, centres = cv2.connectedComponentsWithStats(joined, connectivity=8, ltype=cv2.CV_32S)
    labels = np.asarray(parts, np.int32)
    inside = np.flatnonzero(labels)
    owner = labels.ravel()[inside]
    core = mask.ravel()[inside] > 0
    area = np.bincount(owner, core, count)
    weight = np.bincount(owner, core * unusual(clues.usual.ravel()[inside]), count)
    edges = np.bincount(owner, clues.edges.ravel()[inside], count)
    change = np.bincount(owner, clues.change.ravel()[inside] * core, count)
    busy = np.bincount(owner, core & (clues.busy.ravel()[inside] > 0), count)
    order = np.argsort(-area[1:])[:MOST_BLOBS] + 1
    (top, left), (height, width) = corner, grid or mask.shape
    blobs = []
    for k in order[area[order] >= least].tolist():
        x, y, w, h, _joined = (int(value) for value in stats[k])
        x, y = x + left, y + top
        margin = max(2.0, 0.5 * min(w, h))
        blobs.append(
            Blob(
                label=k, x=x, y=y, width=w, height=h, area=int(area[k]),
                cx=float(centres[k, 0]) + left, cy=float(centres[k, 1]) + top, weight=float(weight[k]),
                edges=float(edges[k] / (2.0 * (w + h) * max(1.0, change[k] / area[k]))),
                busy=float(busy[k] / area[k]),
                side=_side((x, y, width - x - w, height - y - h), margin),
            )
        )  # fmt: skip
    return blobs, labels


def _side(gaps: tuple[int, int, int, int], margin: float) -> str:
    nearest = min(gaps)
    return SIDES[gaps.index(nearest)] if nearest <= margin else ""


def unusual(usual: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much a cell counts (0 to 1), by how often it differs without anything moving."""
    lowest, highest = math.log(USUAL_LEAST), math.log(USUAL_MOST)
    return np.asarray(np.clip((highest - np.log(usual + 1e-3)) / (highest - lowest), 0.0, 1.0), np.float32)


def _allowed(detail: MatLike, share: float, floor: float) -> Bytes:
    return np.asarray(cv2.convertScaleAbs(cv2.dilate(detail, SQUARE), alpha=share, beta=floor), np.uint8)

"""The garden that the film is set in: everything that stands still, painted once."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from edgepi.sim.film.brush import HEIGHT, WIDTH, Field, Image, polygon, texture

__all__ = ["FENCE_TOP", "HORIZON", "Garden", "px_per_m"]

HORIZON, CAMERA_M = 165.0, 3.0  # the eye's height, as a row and in metres above the lawn
TIMES = 2  # painted so many times larger
SKY_ROWS = 200
FENCE_TOP, FENCE_FOOT = 229, 276
FRONT_ROWS = 282
PATH: Sequence[tuple[float, float]] = (
    *((-5, 352), (118, 350), (124, 320), (176, 320), (186, 352), (322, 361)),
    *((316, 276), (350, 276), (372, 362), (645, 382), (645, 446), (300, 418), (-5, 402)),
)
GATE = (316.0, 350.0)


def px_per_m(foot: float) -> float:
    """Return pixels per metre for what stands on the lawn at that row."""
    return (foot - HORIZON) / CAMERA_M


class Garden:
    """`still` is all but the sky; each of `skies`, twice as wide, goes where `sky_share` says.

    `front`, house and fence, stands before whoever passes in the street.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        canvas = np.zeros((HEIGHT * TIMES, WIDTH * TIMES, 3), np.uint8)
        solid = np.zeros(canvas.shape[:2], np.uint8)
        self._far(canvas, solid)
        self._ground(canvas, solid)
        before = self._fence(canvas)
        _house(canvas, before, rng)
        cv2.max(solid, before, dst=solid)
        self.front = _cut_out(canvas, before)
        self.still = _small(canvas)
        share = 255 - _small(np.dstack([solid] * 3))[:SKY_ROWS]
        self.sky_share: Image = np.ascontiguousarray(share)
        self.still[:SKY_ROWS] = cv2.multiply(self.still[:SKY_ROWS], 255 - self.sky_share, scale=1 / 255)
        self.skies: Sequence[Image] = [np.tile(_sky(rng), (1, 2, 1)) for _ in range(2)]

    def _far(self, canvas: Image, solid: Image) -> None:
        """Paint hills and the trees of others."""
        across = np.arange(canvas.shape[1])
        for row, height, colour, power in (
            (150, 10.0, (176, 164, 142), 2.4),
            (166, 11.0, (128, 140, 116), 1.5),
            (186, 13.0, (74, 104, 84), 1.1),
        ):
            edge = row * TIMES - height * TIMES * texture(self._rng, (4, canvas.shape[1]), power=power)[0]
            mask = np.arange(canvas.shape[0])[:, None] > edge[None, across]
            grain = 1.0 + 0.09 * texture(self._rng, canvas.shape[:2], power=1.0)
            shaded = np.clip(np.asarray(colour) * grain[..., None], 0, 255)
            canvas[mask] = shaded[mask].astype(np.uint8)
            solid[mask] = 255
        _neighbour(canvas, solid)

    def _ground(self, canvas: Image, solid: Image) -> None:
        top = 232 * TIMES
        solid[top:] = 255
        height, width = canvas.shape[0] - top, canvas.shape[1]
        depth = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
        coarse = texture(self._rng, (height, width), power=1.3, stretch=0.5)
        blades = texture(self._rng, (height, width), power=0.35, stretch=1.6)
        light = 0.86 + 0.10 * depth + 0.05 * coarse + (0.04 + 0.09 * depth) * blades
        far, near = np.array((82, 138, 112)), np.array((60, 122, 94))
        lawn = (far * (1 - depth[..., None]) + near * depth[..., None]) * light[..., None]
        canvas[top:] = np.clip(lawn, 0, 255).astype(np.uint8)
        _street(canvas, self._rng)
        self._path(canvas)

    def _path(self, canvas: Image) -> None:
        mask = np.zeros(canvas.shape[:2], np.uint8)
        polygon(mask, PATH, (255,), times=TIMES)
        ragged = cv2.GaussianBlur(mask, (0, 0), 3.0).astype(np.float32) / 255
        ragged += 0.10 * texture(self._rng, mask.shape, power=0.6)
        share = np.clip((ragged - 0.42) * 6, 0, 1)[..., None]
        gravel = 1.0 + 0.07 * texture(self._rng, mask.shape, power=0.2)
        gravel += 0.05 * texture(self._rng, mask.shape, power=1.4)
        stone = np.clip(np.array((158, 176, 188)) * gravel[..., None], 0, 255)
        canvas[:] = (canvas * (1 - share) + stone * share).astype(np.uint8)

    def _fence(self, canvas: Image) -> Image:
        """Paint pickets with a gap for the gate; return where they are."""
        mask = np.zeros(canvas.shape[:2], np.uint8)
        for number, left in enumerate(np.arange(214.0, 645.0, 8.6).tolist()):
            if GATE[0] - 4 < left < GATE[1] - 2:
                continue
            lean = self._rng.normal(0, 0.4)
            tip = FENCE_TOP + self._rng.normal(0, 0.8)
            board = (
                *((left, FENCE_FOOT + 2), (left + lean, tip + 4), (left + 2.8 + lean, tip)),
                *((left + 5.6 + lean, tip + 4), (left + 5.6, FENCE_FOOT + 2)),
            )
            tone = 1.0 + self._rng.normal(0, 0.06) + 0.02 * (number % 3)
            polygon(canvas, board, [c * tone for c in (138, 164, 182)], times=TIMES)
            polygon(
                canvas,
                [(left + 4.4, FENCE_FOOT + 2), (left + 4.4 + lean, tip + 4), (left + 5.6 + lean, tip + 4),
                 (left + 5.6, FENCE_FOOT + 2)],
                [c * tone * 0.72 for c in (138, 164, 182)],
                times=TIMES,
            )  # fmt: skip
            polygon(mask, board, (255,), times=TIMES)
        for row in (240, 264):
            for left, right in ((208.0, GATE[0] - 2), (GATE[1] + 2, 645.0)):
                rail = [(left, row), (right, row), (right, row + 4), (left, row + 4)]
                polygon(canvas, rail, (116, 140, 158), times=TIMES)
                polygon(mask, rail, (255,), times=TIMES)
        for post in (GATE[0] - 4, GATE[1]):
            upright = ((post, FENCE_TOP - 6), (post + 6, FENCE_TOP - 6), (post + 6, 280), (post, 280))
            polygon(canvas, upright, (104, 128, 146), times=TIMES)
            polygon(mask, upright, (255,), times=TIMES)
        return mask


def _small(painted: Image) -> Image:
    return np.asarray(cv2.resize(painted, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _cut_out(canvas: Image, mask: Image) -> Image:
    share = cv2.merge([mask] * 3)
    colours = _small(np.asarray(cv2.multiply(canvas, share, scale=1 / 255), np.uint8))
    return np.ascontiguousarray(np.dstack([colours, _small(mask)])[:FRONT_ROWS], np.uint8)


def _sky(rng: np.random.Generator) -> Image:
    """Return sky and clouds, without a seam from right to left."""
    high = np.linspace(0.0, 1.0, SKY_ROWS, dtype=np.float32)[:, None, None]
    blue = np.array((214, 168, 112)) * (1 - high) + np.array((236, 222, 202)) * high
    puffs: Field = texture(rng, (SKY_ROWS * 2, WIDTH), power=1.75, stretch=0.55)[:SKY_ROWS]
    wisps = texture(rng, (SKY_ROWS * 2, WIDTH), power=1.2, stretch=0.4)[:SKY_ROWS]
    share = np.clip((puffs + 0.25 * wisps + 0.1) * 0.55, 0, 0.9)[..., None]
    lit = np.clip(1.0 - 0.10 * np.roll(puffs, -12, axis=0), 0.86, 1.0)[..., None]
    clouds = np.array((250, 247, 244)) * lit
    return np.asarray(np.clip(blue * (1 - share) + clouds * share, 0, 255), np.uint8)


def _neighbour(canvas: Image, solid: Image) -> None:
    """Paint the house over there, whose window is nobody's business."""
    for points, colour in (
        (((590, 160), (680, 160), (680, 236), (590, 236)), (176, 188, 198)),
        (((580, 164), (606, 128), (680, 128), (680, 164)), (92, 100, 150)),
        (((606, 182), (632, 182), (632, 212), (606, 212)), (236, 238, 240)),
        (((609, 185), (629, 185), (629, 209), (609, 209)), (112, 92, 76)),
        (((618, 185), (620, 185), (620, 209), (618, 209)), (236, 238, 240)),
    ):
        polygon(canvas, points, colour, times=TIMES)
        polygon(solid, points, (255,), times=TIMES)


def _street(canvas: Image, rng: np.random.Generator) -> None:
    top, foot = 236 * TIMES, 262 * TIMES
    grain = 1.0 + 0.04 * texture(rng, (foot - top, canvas.shape[1]), power=0.5)
    canvas[top:foot] = np.clip(np.array((128, 126, 124)) * grain[..., None], 0, 255).astype(np.uint8)
    canvas[top : top + 3] = canvas[foot - 3 : foot] = (168, 172, 176)


def _house(canvas: Image, solid: Image, rng: np.random.Generator) -> None:
    wall = ((-5, 168), (212, 168), (212, 319), (-5, 319))
    mask = np.zeros(solid.shape, np.uint8)
    polygon(mask, wall, (255,), times=TIMES)
    plaster = 1.0 + 0.022 * texture(rng, mask.shape, power=0.5) + 0.02 * texture(rng, mask.shape, power=1.6)
    painted = np.clip(np.array((190, 214, 226)) * plaster[..., None], 0, 255).astype(np.uint8)
    canvas[mask > 0] = painted[mask > 0]
    _roof(canvas, mask, rng)
    cv2.max(solid, mask, dst=solid)
    for points, colour in _PARTS:
        polygon(canvas, points, colour, times=TIMES)
    shade = canvas[168 * TIMES : 186 * TIMES, : 212 * TIMES]  # below the eaves
    fall = np.linspace(0.62, 1.0, shade.shape[0])[:, None, None]
    shade[:] = (shade * fall).astype(np.uint8)


def _roof(canvas: Image, mask: Image, rng: np.random.Generator) -> None:
    roof = ((-5, 58), (150, 58), (226, 172), (-5, 172))
    polygon(canvas, roof, (64, 76, 138), times=TIMES)
    polygon(mask, roof, (255,), times=TIMES)
    for row in np.arange(62.0, 172.0, 8.0):
        right = 150 + (row - 58) / 114 * 76
        for left in np.arange(-8.0 + (row % 16) / 2, right, 11.0):
            tone = 1.0 + rng.normal(0, 0.08)
            end = min(left + 10.2, right)
            tile = ((left, row - 6), (end, row - 6), (end, row + 1), (left, row + 1))
            polygon(canvas, tile, [c * tone for c in (70, 84, 150)], times=TIMES)
    polygon(canvas, ((-5, 168), (228, 168), (228, 174), (-5, 174)), (208, 212, 214), times=TIMES)


_FRAME, _GLASS, _DOOR, _STONE = (238, 240, 242), (136, 112, 88), (84, 96, 62), (150, 158, 164)
_PARTS: Sequence[tuple[Sequence[tuple[float, float]], Sequence[float]]] = (
    (((-5, 308), (212, 308), (212, 320), (-5, 320)), (140, 148, 152)),  # plinth
    (((206, 174), (210, 174), (210, 318), (206, 318)), (196, 198, 198)),  # down-pipe
    (((30, 222), (98, 222), (98, 286), (30, 286)), _FRAME),
    (((35, 227), (62, 227), (62, 281), (35, 281)), _GLASS),
    (((66, 227), (93, 227), (93, 281), (66, 281)), _GLASS),
    (((35, 227), (46, 227), (42, 281), (35, 281)), (206, 210, 214)),  # curtains
    (((93, 227), (82, 227), (86, 281), (93, 281)), (206, 210, 214)),
    (((48, 227), (60, 227), (46, 262), (43, 262)), (176, 158, 136)),  # the sky in the glass
    (((26, 286), (102, 286), (102, 291), (26, 291)), _STONE),
    (((120, 208), (180, 208), (180, 319), (120, 319)), _FRAME),
    (((125, 213), (175, 213), (175, 319), (125, 319)), _DOOR),
    (((132, 221), (168, 221), (168, 258), (132, 258)), (70, 82, 52)),
    (((135, 224), (165, 224), (165, 255), (135, 255)), (150, 132, 108)),
    (((132, 266), (168, 266), (168, 308), (132, 308)), (74, 86, 54)),
    (((167, 262), (171, 262), (171, 268), (167, 268)), (90, 190, 210)),
    (((112, 317), (188, 317), (192, 326), (108, 326)), _STONE),  # the step
)

"""The detector: picture after picture in, what moves out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.model import Box, MotionSettings, Sight
from edgepi_camera.motion import light, verdict
from edgepi_camera.motion.background import Background, Tolerance
from edgepi_camera.motion.blobs import Clues, cleaned, found, structure
from edgepi_camera.motion.picture import Bytes, Grain, Picture, Planes, grid_size, reduced
from edgepi_camera.motion.tracks import Tracker

__all__ = ["Detector"]

LONGEST_GAP_S = 30.0
USUAL_S = 30.0
LEARNING_S = 2.0
SWITCH_SHARE = 0.35


class Detector:
    """Finds what moves in pictures handed to it one after another; holds no more than small planes."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        self._strength = 2.0 ** ((50 - settings.sensitivity) / 50)
        self._shape = (0, 0)
        self._size = (0, 0)
        self._last_s: float | None = None
        self._mask = np.zeros((1, 1), np.bool_)

    def see(self, picture: Picture, time_s: float) -> Sight:
        """What moves in *picture*, taken *time_s* seconds into the stream."""
        shape = (picture.luma.shape[0], picture.luma.shape[1])
        if shape != self._shape or self._last_s is None or not 0 < time_s - self._last_s < LONGEST_GAP_S:
            return self._restart(picture, shape, time_s)
        elapsed_s, self._last_s = time_s - self._last_s, time_s
        planes = self._grain.calmed(Planes.of(picture, self._size))
        background = self._background
        now = light.measured(planes, [background.mean, *background.chroma_mean])
        planes = light.corrected(planes, now)
        new = cleaned(background.foreground(planes))
        half = self._half
        mask = np.asarray(cv2.compare(reduced(new, half), 100, cv2.CMP_GT), np.uint8)
        small = reduced(planes.luma, half)
        mean = reduced(background.mean.astype(np.uint8), half)
        clues = Clues(self._usual, structure(small, mean, background.noise), reduced(background.busy, half))
        if self._switched(mask):
            boxes = self._expected()
            out = np.asarray(cv2.resize(boxes, self._size[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
            background.accept(planes, np.asarray(cv2.bitwise_not(out), np.uint8))
            mask = np.asarray(cv2.bitwise_and(mask, boxes), np.uint8)
        blobs, labels = found(mask, clues, max(3.0, 0.25 * self._least))
        seen = self._tracker.follow(blobs, time_s)
        learning = time_s - self._first_s < LEARNING_S
        clutter = self._tracker.clutter
        limits = verdict.Limits(
            self._least, self._settings.shortest_s, clutter.size(time_s), clutter.rate(time_s), learning
        )
        self._tracker.clutter.open = time_s - self._first_s > 0.5 * LEARNING_S
        moving = []
        suspect = False
        keep = np.zeros(int(labels.max()) + 1, np.uint8)
        doubtful = sum(t.blob.weight for t in seen if verdict.doubtful(t))
        for track in seen:
            mine = track.blob.weight if verdict.doubtful(track) else 0.0
            track.why = verdict.judged(track, limits, doubtful - mine)
            if not track.why:
                track.confirmed = True
                track.moved_s = time_s
            if track.confirmed and time_s - track.moved_s <= 2.0:
                moving.append(track)
                keep[track.blob.label] = 255
            elif track.why in ("short", "still"):
                suspect = True
            if verdict.promising(track):
                keep[track.blob.label] = 255
        out = keep[labels]
        self._learn_usual(mask, out, elapsed_s)
        height, width = self._size
        out = cv2.resize(
            cv2.dilate(out, np.ones((3, 3), np.uint8)), (width, height), interpolation=cv2.INTER_NEAREST
        )
        background.learn(planes, np.asarray(out, np.uint8), elapsed_s)
        self._mask = new > 0
        self.debug = (now, mask, clues, blobs)
        return Sight(
            time_s=time_s,
            moving=bool(moving),
            suspect=suspect or bool(moving),
            began_s=min((t.began_s for t in moving), default=None),
            changed=float(mask.mean() / 255),
            boxes=tuple(self._box(t) for t in moving),
        )

    def mask(self) -> NDArray[np.bool_]:
        """What is thought to be foreground, at the detector's own grid."""
        return self._mask

    def drawn(self, base_bgr: Bytes) -> Bytes:
        """The tuning view over *base_bgr*."""
        out = base_bgr.copy()
        height, width = out.shape[:2]
        mask = np.asarray(self._mask, np.uint8)
        full = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST), np.bool_)
        out[full] = (60, 60, 255)
        return out

    def _restart(self, picture: Picture, shape: tuple[int, int], time_s: float) -> Sight:
        self._shape = shape
        self._size = grid_size(*shape)
        self._half = (max(1, self._size[0] // 2), max(1, self._size[1] // 2))
        self._background = Background(
            Planes.of(picture, self._size), Tolerance(12.0 * self._strength, 6.0 * self._strength)
        )
        self._tracker = Tracker()
        self._share = 0.0
        self._grain = Grain()
        self._mask = np.zeros(self._size, np.bool_)
        self._usual = np.zeros(self._half, np.float32)
        self._seen = 0
        self._last_s = self._first_s = time_s
        share = self._settings.smallest or 0.001 * self._strength**2
        self._least = share * self._half[0] * self._half[1]
        return Sight(time_s=time_s, note="learning")

    def _switched(self, mask: Bytes) -> bool:
        """Whether much of the picture is suddenly new, other than where something moves already."""
        share = float(np.mean((mask > 0) & (self._expected() == 0)))
        before, self._share = self._share, share
        return share > SWITCH_SHARE and share - before > 0.5 * SWITCH_SHARE

    def _expected(self) -> Bytes:
        """255 in the boxes of what moves, as last seen and a little around."""
        boxes = np.zeros(self._half, np.uint8)
        for track in self._tracker.tracks:
            if track.confirmed:
                b = track.blob
                boxes[max(0, b.y - 3) : b.bottom + 3, max(0, b.x - 3) : b.right + 3] = 255
        return boxes

    def _learn_usual(self, mask: Bytes, out: Bytes, elapsed_s: float) -> None:
        self._seen += 1
        rate = max(elapsed_s / USUAL_S, 1 / (self._seen + 10))
        cv2.accumulateWeighted((mask > 0).astype(np.float32), self._usual, rate, cv2.bitwise_not(out))

    def _box(self, track) -> Box:
        height, width = self._half
        b = track.blob
        return Box(
            b.x / width, b.y / height, b.width / width, b.height / height, track=track.number, score=0.5
        )

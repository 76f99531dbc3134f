"""The detector: picture after picture in, what moves out."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edgepi_camera.model import Box, MotionSettings, Sight
from edgepi_camera.motion import drawing, light, verdict
from edgepi_camera.motion.background import Background, Tolerance
from edgepi_camera.motion.blobs import Blob, Clues, around, changed, cleaned, found, steep, structure
from edgepi_camera.motion.picture import Bytes, Grain, Picture, Planes, grid_size
from edgepi_camera.motion.track import Track
from edgepi_camera.motion.tracks import Tracker
from edgepi_camera.motion.zones import Places

__all__ = ["Detector"]

LONGEST_GAP_S = 30.0
# Pictures farther apart than this show what is new, but not whether it moves.
TRACKED_S = 0.7
USUAL_S = 30.0
LEARNING_S = 2.0
# What sways goes somewhere, too, but only for a moment.
SURE_S = 0.12
LINGER_S = 1.0
# What may yet turn out to be motion.
HINTS = ("", "short", "still")
SWITCH_SHARE = 0.35
# Light that drifts hides what moves in it: for a while after so much of it, only what has edges is looked at.
DRIFT_SHARE, DRIFT_S = 0.015, 5.0
LEAST_SHARE = 0.001
LUMA, CHROMA = 12.0, 6.0
AROUND = np.ones((3, 3), np.uint8)


class Detector:
    """Finds what moves in pictures handed to it one after another; holds no more than small planes."""

    def __init__(self, settings: MotionSettings) -> None:
        self._settings = settings
        # Half as much suffices at 100, twice as much is needed near 0.
        self._strength = 2.0 ** ((50 - settings.sensitivity) / 50)
        self._shape = (0, 0)
        self._last_s: float | None = None
        self._sight = Sight(time_s=0.0)
        self._begin(Picture(np.zeros((1, 1), np.uint8)), 0.0)

    def see(self, picture: Picture, time_s: float) -> Sight:
        """What moves in *picture*, taken *time_s* seconds into the stream."""
        if self._is_anew(picture, time_s):
            self._begin(picture, time_s)
            self._last_s, self._sight = time_s, Sight(time_s=time_s, note="learning")
            return self._sight
        elapsed_s, self._last_s = time_s - (self._last_s or 0.0), time_s
        planes = self._grain.calmed(Planes.of(picture, self._size), time_s)
        planes = light.corrected(planes, light.measured(planes, self._background.reference))
        new = self._background.foreground(planes)
        if self._grain.coarse:
            new = np.asarray(cv2.bitwise_or(new, self._background.faint(planes)), np.uint8)
        self._mask = self._places.seen(cleaned(new))
        switched = self._switched(planes)
        self._follow(planes, time_s)
        self._learn(planes, elapsed_s)
        self._sight = self._said(time_s, elapsed_s, switched=switched)
        return self._sight

    @property
    def gathers(self) -> bool:
        """Whether pictures between those that are seen help: where they are grainy."""
        return self._grain.coarse

    def gather(self, picture: Picture, time_s: float) -> None:
        """Take in *picture*, which lies between two that are seen."""
        if not self._is_anew(picture, time_s):
            self._grain.gather(Planes.of(picture, self._size), time_s)

    def mask(self) -> NDArray[np.bool_]:
        """What is thought to be foreground, at the detector's own grid."""
        return np.asarray(self._mask > 0, np.bool_)

    def drawn(self, base_bgr: Bytes) -> Bytes:
        """The tuning view over *base_bgr*: what differs and why it counts or not."""
        whys = [self._kind(track) for track in self._seen]
        masks = {}
        for why in dict.fromkeys(whys):
            chosen = self._labelled([t for t, w in zip(self._seen, whys, strict=True) if w == why])
            masks[why] = np.asarray(cv2.bitwise_and(chosen, self._mask), np.uint8)
        things = tuple(
            drawing.Thing(
                *self._shares(track), number=track.number, score=self._score(track),
                why="" if why == "moving" else why, zones=track.zones,
            )
            for track, why in zip(self._seen, whys, strict=True)
        )  # fmt: skip
        view = drawing.View(
            masks=masks, things=things, zones=self._settings.zones, ignore=self._settings.ignore,
            sensitivity=self._settings.sensitivity, changed=self._sight.changed, note=self._sight.note,
        )  # fmt: skip
        return drawing.drawn(base_bgr, view)

    def _kind(self, track: Track) -> str:
        """What the tuning view calls it."""
        if track not in self._moving:
            return track.why or "still"
        return "moving" if self._counts(track) else "outside"

    def _is_anew(self, picture: Picture, time_s: float) -> bool:
        other = picture.luma.shape != self._shape or (picture.u is not None) != self._coloured
        return other or self._last_s is None or not 0 < time_s - self._last_s < LONGEST_GAP_S

    def _begin(self, picture: Picture, time_s: float) -> None:
        self._shape = (picture.luma.shape[0], picture.luma.shape[1])
        self._coloured = picture.u is not None
        self._size = grid_size(*self._shape)
        tolerance = Tolerance(LUMA * self._strength, CHROMA * self._strength)
        self._places = Places.of(self._settings.zones, self._settings.ignore, self._size)
        first = Planes.of(picture, self._size)
        self._background = Background(first, tolerance, self._places.watched)
        self._grain = Grain()
        self._lit_s = -math.inf
        self._watched = max(1.0, self._places.share * self._size[0] * self._size[1])
        self._tracker = Tracker()
        self._seen: list[Track] = []
        self._moving: list[Track] = []
        self._mask = np.zeros(self._size, np.uint8)
        self._labels = np.zeros(self._size, np.int32)
        self._usual = np.zeros(self._size, np.float32)
        self._looks = 0
        self._share = 0.0
        self._first_s = time_s
        share = self._settings.smallest or LEAST_SHARE * self._strength**2
        self._least = share * self._size[0] * self._size[1]

    def _switched(self, planes: Planes) -> bool:
        """Whether much is suddenly new, other than where something moves: then it is the place."""
        expected = self._expected()
        share = cv2.countNonZero(cv2.subtract(self._mask, expected)) / self._watched
        before, self._share = self._share, share
        if share < SWITCH_SHARE or share - before < 0.5 * SWITCH_SHARE:
            return False
        self._background.accept(planes, np.asarray(cv2.bitwise_not(expected), np.uint8))
        self._mask = np.asarray(cv2.bitwise_and(self._mask, expected), np.uint8)
        return True

    def _expected(self) -> Bytes:
        """255 in the boxes of what moves, as last seen and a little around."""
        boxes = np.zeros(self._size, np.uint8)
        for blob in (track.blob for track in self._tracker.tracks if track.confirmed):
            boxes[max(0, blob.y - 3) : blob.bottom + 3, max(0, blob.x - 3) : blob.right + 3] = 255
        return boxes

    def _follow(self, planes: Planes, time_s: float) -> None:
        blobs, lit = self._things(planes, time_s) if cv2.hasNonZero(self._mask) else ([], 0)
        self._seen = self._tracker.follow(blobs, time_s)
        self._judge(time_s)
        lit += sum(track.blob.area for track in self._seen if track.why == "light")
        if lit >= DRIFT_SHARE * self._mask.size:
            self._lit_s = time_s

    def _things(self, planes: Planes, time_s: float) -> tuple[list[Blob], int]:
        """What differs, as things, and how many cells of it were set aside as light."""
        background, place = self._background, around(self._mask)
        part, means = planes.part(place), tuple(mean[place] for mean in background.means)
        change = changed(part, means)
        edges = structure(part.luma, means[0], change, background.noise)
        clues = Clues(self._usual[place], edges, change[0], background.busy[place])
        mask, lit = self._mask[place], 0
        if time_s - self._lit_s <= DRIFT_S:
            whole = cv2.countNonZero(mask)
            mask[:] = steep(mask, clues)
            lit = whole - cv2.countNonZero(mask)
        corner = place[0].start, place[1].start
        blobs, labels = found(mask, clues, max(3.0, 0.25 * self._least), corner, self._size)
        self._labels = np.zeros(self._size, np.int32)
        self._labels[place] = labels
        return blobs, lit

    def _judge(self, time_s: float) -> None:
        """Say of each thing seen where it is, and whether it moves or why it does not count."""
        touched, tracker = self._places.touched(self._labels, self._mask), self._tracker
        learning = time_s - self._first_s < LEARNING_S
        tracker.clutter.open = time_s - self._first_s > 0.5 * LEARNING_S
        drift = time_s - self._lit_s <= DRIFT_S
        limits = verdict.Limits(
            self._least,
            self._settings.shortest_s,
            tracker.clutter.usual(time_s),
            learning,
            drift,
            self._grain.coarse,
        )
        doubts = [track.blob.weight if verdict.doubtful(track) else 0.0 for track in self._seen]
        around = sum(doubts)
        for track, own in zip(self._seen, doubts, strict=True):
            track.why = verdict.judged(track, limits, around - own)
            track.zones = touched.get(track.blob.label, ())
            track.counts_s = min(track.counts_s, time_s) if self._counts(track) else math.inf
            track.passed_s = min(track.passed_s, time_s) if not track.why else math.inf
            if not track.why and (track.confirmed or time_s - track.passed_s >= SURE_S):
                track.confirmed, track.moved_s = True, time_s
        self._moving = [t for t in self._seen if t.confirmed and time_s - t.moved_s <= LINGER_S]

    def _learn(self, planes: Planes, elapsed_s: float) -> None:
        self._looks += 1
        kept = [track for track in self._seen if track in self._moving or verdict.promising(track)]
        keep = self._labelled(kept)
        rate = max(elapsed_s / USUAL_S, 1 / (self._looks + 10))
        differs = np.minimum(self._mask, np.uint8(1))
        cv2.accumulateWeighted(differs, self._usual, min(1.0, rate), cv2.bitwise_not(keep))
        keep = np.asarray(cv2.dilate(keep, AROUND), np.uint8)
        self._background.learn(planes, keep, elapsed_s)

    def _labelled(self, tracks: list[Track]) -> Bytes:
        """255 in the cells of *tracks*."""
        if not tracks:
            return np.zeros(self._size, np.uint8)
        chosen = np.zeros(int(np.max(self._labels)) + 1, np.uint8)
        chosen[[track.blob.label for track in tracks]] = 255
        return np.asarray(chosen.take(self._labels), np.uint8)

    def _said(self, time_s: float, elapsed_s: float, *, switched: bool) -> Sight:
        counted = [track for track in self._moving if self._counts(track)]
        hints = any(track.why in HINTS for track in self._seen if self._counts(track))
        moving = bool(counted) and elapsed_s <= TRACKED_S
        boxes = tuple(self._box(track) for track in counted) if moving else ()
        note = "light" if switched else "learning" if time_s - self._first_s < LEARNING_S else ""
        return Sight(
            time_s=time_s,
            moving=moving,
            suspect=bool(counted) or hints,
            began_s=min(max(track.began_s, track.counts_s) for track in counted) if moving else None,
            score=max((box.score for box in boxes), default=0.0),
            changed=cv2.countNonZero(self._mask) / self._mask.size,
            boxes=boxes,
            note=note,
        )

    def _counts(self, track: Track) -> bool:
        return self._places.counts(track.zones)

    def _box(self, track: Track) -> Box:
        return Box(*self._shares(track), track=track.number, zones=track.zones, score=self._score(track))

    def _shares(self, track: Track) -> tuple[float, float, float, float]:
        height, width = self._size
        blob = track.blob
        return blob.x / width, blob.y / height, blob.width / width, blob.height / height

    def _score(self, track: Track) -> float:
        return verdict.score(track, self._least)

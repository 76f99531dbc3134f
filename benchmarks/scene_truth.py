"""What is true of a composed scene, and how well a method's word on it agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from camera_words import Box, Word
from numpy.typing import NDArray
from scene_stage import rate
from scenes import FPS, Frame, Scene

__all__ = ["AFTER_S", "WARM_UP_S", "Act", "Score", "Truth", "judge", "truth_of"]

AFTER_S = 1.0
WARM_UP_S = 2.0
LEAST_SEEN = 0.001
PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Act:
    """A thing that is seen to move, from picture *first* to *last*: a visit, or its going on after a stop."""

    visitor: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Truth:
    """*acts*; *empty* where nothing strange is; *boxes* [picture, visitor, 4] or NaN."""

    acts: tuple[Act, ...]
    empty: NDArray[np.bool_]
    boxes: NDArray[np.float32]
    fps: int = FPS

    def quiet(self) -> NDArray[np.bool_]:
        """Where an alarm is false: empty for a second, and the first two seconds are over."""
        result = self.empty.copy()
        result[: round(WARM_UP_S * self.fps)] = False
        after = round(AFTER_S * self.fps)
        for k in np.flatnonzero(~self.empty):
            result[k : k + after + 1] = False
        return result

    def save(self, path: Path) -> None:
        """Into a file that `load` reads."""
        acts = np.array([(a.visitor, a.first, a.last) for a in self.acts], np.int64).reshape(-1, 3)
        np.savez_compressed(path, acts=acts, empty=self.empty, boxes=self.boxes, fps=self.fps)

    @classmethod
    def load(cls, path: Path) -> Truth:
        """From a file."""
        with np.load(path) as kept:
            acts = tuple(Act(*map(int, row)) for row in kept["acts"])
            return cls(acts, kept["empty"], kept["boxes"], int(kept["fps"]) if "fps" in kept else FPS)


@dataclass(slots=True)
class Score:
    """Sums over acts and pictures; delays in seconds, one for each act that was found."""

    acts: int = 0
    found: int = 0
    placed: int = 0
    quiet: int = 0
    false: int = 0
    start_s: list[float] = field(default_factory=list)
    said_s: list[float] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Add what *other* counts."""
        for name in ("acts", "found", "placed", "quiet", "false", "start_s", "said_s"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def false_share(self) -> float:
        """Share of the quiet pictures that are alarmed."""
        return self.false / self.quiet if self.quiet else 0.0


def truth_of(scene: Scene, frames: Sequence[Frame]) -> Truth:
    """The truth of all pictures of *scene*; their own pictures and masks may be gone."""
    count, visitors = len(frames), len(frames[0].seen)
    boxes = np.full((count, visitors, 4), np.nan, np.float32)
    area, stands = np.zeros((count, visitors), np.int64), np.zeros((count, visitors), np.bool_)
    for k, frame in enumerate(frames):
        for v, seen in enumerate(frame.seen):
            if seen is not None:
                boxes[k, v], area[k, v], stands[k, v] = seen.box, seen.area, seen.stands
    acts = [act for v in range(visitors) for act in _acts(scene, v, area[:, v], stands[:, v])]
    foreign = area > 0
    for v, visitor in enumerate(scene.visitors):
        if visitor.parked:
            foreign[: _first_move(stands[:, v]), v] = False
    empty = np.asarray(~foreign.any(axis=1), np.bool_)
    return Truth(tuple(sorted(acts, key=lambda act: act.first)), empty, boxes, rate(scene))


def _first_move(stands: NDArray[np.bool_]) -> int:
    return int(np.argmin(stands))


def _acts(scene: Scene, visitor: int, area: NDArray[np.int64], stands: NDArray[np.bool_]) -> list[Act]:
    least = min(LEAST_SEEN * scene.size[0] * scene.size[1], float(np.max(area)) / 2)
    moves = np.flatnonzero((area >= least) & ~stands)
    if not len(moves):
        return []
    breaks = np.flatnonzero(np.diff(moves) > PAUSE_S * rate(scene))
    firsts, lasts = [moves[0], *moves[breaks + 1]], [*moves[breaks], moves[-1]]
    return [Act(visitor, int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]


def judge(truth: Truth, word: Word) -> Score:
    """How well *word* agrees with *truth*."""
    quiet = truth.quiet()
    score = Score(acts=len(truth.acts), quiet=int(quiet.sum()), false=int((word.alarm & quiet).sum()))
    for act in truth.acts:
        alarmed = [k for k in range(act.first, act.last + 1) if word.alarm[k]]
        if not alarmed:
            continue
        first = alarmed[0]
        began = word.began_s[first] if np.isfinite(word.began_s[first]) else first / truth.fps
        score.found += 1
        score.placed += any(_meets(word.boxes[k], truth.boxes[k, act.visitor]) for k in alarmed)
        score.start_s.append(max(0.0, float(began) - act.first / truth.fps))
        score.said_s.append((first - act.first) / truth.fps)
    return score


def _meets(boxes: Sequence[Box], true: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(true).all()) and any(_meet(box, true) for box in boxes)


def _meet(box: Box, true: NDArray[np.float32]) -> bool:
    """Whether *box* covers a quarter of the true one without being six times as large, or is half in it."""
    left, top = max(box[0], true[0]), max(box[1], true[1])
    right, bottom = min(box[0] + box[2], true[0] + true[2]), min(box[1] + box[3], true[1] + true[3])
    common = float(max(0.0, right - left) * max(0.0, bottom - top))
    own, real = box[2] * box[3], float(true[2] * true[3])
    covers = common >= real / 4 and own <= 6 * real
    return covers or (common >= own / 2 and own >= real / 10)

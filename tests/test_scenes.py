"""The sequences that cameras are measured on say truly what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.composed import benchmark_module

scenes = benchmark_module("scenes")
scene_truth = benchmark_module("scene_truth")
scene_files = benchmark_module("scene_files")
Visitor = benchmark_module("scene_visitors").Visitor
crossing = benchmark_module("scene_visitors").crossing
Word = benchmark_module("camera_words").Word
Jitter = benchmark_module("scene_weather").Jitter

SIZE = (160, 120)
PASSING = crossing("person", 0.4, 0.9, 1.0, 2.0, shadow=False)


def _composed(*visitors: Any, seconds: float = 5.0, seed: int = 1, **more: Any) -> tuple[Any, list[Any]]:
    scene = scenes.Scene("a test", SIZE, "street", visitors, seconds=seconds, seed=seed, **more)
    return scene, list(scenes.compose(scene))


def _truth(*visitors: Any, **more: Any) -> Any:
    return scene_truth.truth_of(*_composed(*visitors, **more))


def _word(count: int, *alarmed: tuple[int, int], boxes: Any = (), began_s: float = np.nan) -> Any:
    alarm = np.zeros(count, np.bool_)
    for first, last in alarmed:
        alarm[first : last + 1] = True
    return Word(alarm, [boxes if said else [] for said in alarm], np.full(count, began_s))


def test_only_pixels_of_the_mask_differ_from_the_still() -> None:
    _, frames = _composed(crossing("car", 0.4, 0.9, 1.0, 2.0, shadow=False))
    still = frames[0].picture
    seen = 0
    for frame in frames:
        # The edge of a sprite is half transparent: a little more than its mask differs.
        near = cv2.dilate(frame.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        differs = (cv2.absdiff(frame.picture, still) > 0).any(axis=2)
        clearly = (cv2.absdiff(frame.picture, still) > 8).any(axis=2)
        assert not (clearly & ~near).any() or not frame.mask.any()
        seen += int((differs & frame.mask).sum())
    assert seen > 0.95 * sum(int(frame.mask.sum()) for frame in frames) > 0


def test_the_box_holds_the_mask_and_moves_with_it() -> None:
    _, frames = _composed(PASSING)
    lefts = []
    for frame in frames:
        (seen,) = frame.seen
        assert (seen is not None) == bool(frame.mask.any())
        if seen is not None:
            assert seen.area == int(frame.mask.sum())
            rows, columns = np.nonzero(frame.mask)
            box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            x, y, width, height = seen.box
            told = x * SIZE[0], y * SIZE[1], (x + width) * SIZE[0], (y + height) * SIZE[1]
            assert told == pytest.approx(box)
            lefts.append(x)
    assert lefts[0] < 0.05
    assert lefts[-1] > 0.9
    assert lefts == sorted(lefts)


def test_the_mask_moves_with_a_shaking_camera() -> None:
    visitor = Visitor("person", 0.5, ((0, 0.5, 0.9), (3, 0.5, 0.9)))
    _, frames = _composed(visitor, seconds=3.0, troubles=lambda _, rng: [Jitter(rng, 6.0)])
    lefts = [frame.seen[0].box[0] * SIZE[0] for frame in frames]
    assert max(lefts) - min(lefts) > 4


def test_the_same_seed_makes_the_same_pictures_and_another_one_others() -> None:
    first, again, other = (_composed(PASSING, seconds=0.4, seed=seed)[1][5].picture for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_visit_is_one_act_and_what_went_on_after_a_stop_is_another() -> None:
    truth = _truth(PASSING)
    assert [(act.first >= 25, act.last <= 75) for act in truth.acts] == [(True, True)]
    assert truth.empty[:25].all()
    assert not truth.empty[truth.acts[0].first : truth.acts[0].last].any()
    stops = Visitor("person", 0.4, ((1, -0.2, 0.9), (2, 0.5, 0.9), (8, 0.5, 0.9), (9, 1.2, 0.9)))
    first, second = _truth(stops, seconds=10.0).acts
    assert first.last < 2 * scenes.FPS <= 8 * scenes.FPS <= second.first


def test_what_was_parked_belongs_to_the_background_until_it_moves() -> None:
    truth = _truth(
        Visitor("car", 0.2, ((0, 0.4, 0.9), (3, 0.4, 0.9), (4, 1.4, 0.9)), parked=True), seconds=6.0
    )
    (act,) = truth.acts
    assert truth.empty[: 3 * scenes.FPS].all()
    assert act.first == 3 * scenes.FPS
    assert not truth.empty[act.first]
    assert truth.empty[-1]


def test_an_alarm_counts_as_found_only_while_the_thing_is_there() -> None:
    truth = _truth(PASSING)
    (act,) = truth.acts
    early = scene_truth.judge(truth, _word(125, (act.first - 20, act.first - 5)))
    assert (early.found, early.false) == (0, 0)  # the first two seconds are not counted
    late = scene_truth.judge(truth, _word(125, (act.first + 10, act.last)))
    assert late.found == 1
    assert late.said_s == [pytest.approx(0.4)]
    assert late.start_s == [pytest.approx(0.4)]
    assert late.placed == 0


def test_the_start_of_the_event_may_lie_before_it_was_said() -> None:
    truth = _truth(PASSING)
    (act,) = truth.acts
    began_s = (act.first + 2) / scenes.FPS
    score = scene_truth.judge(truth, _word(125, (act.first + 10, act.last), began_s=began_s))
    assert score.said_s == [pytest.approx(0.4)]
    assert score.start_s == [pytest.approx(0.08)]


def test_an_alarm_is_in_place_only_if_its_box_meets_the_thing() -> None:
    truth = _truth(PASSING)
    (act,) = truth.acts
    middle = (act.first + act.last) // 2
    x, y, width, height = map(float, truth.boxes[middle, 0])
    for box, placed in (
        ((x, y, width, height), 1),
        ((x + 2 * width, y, width, height), 0),
        ((0.0, 0.0, 1.0, 1.0), 0),
        ((x + width / 4, y, width / 2, height / 2), 1),
    ):
        score = scene_truth.judge(truth, _word(125, (middle, middle), boxes=[box]))
        assert (score.found, score.placed) == (1, placed), box


def test_alarms_are_false_where_nothing_is_but_a_second_after_it_left() -> None:
    truth = _truth(crossing("person", 0.4, 0.9, 3.0, 2.0), seconds=8.0)
    gone = int(np.flatnonzero(~truth.empty)[-1])
    score = scene_truth.judge(truth, _word(200, (gone, 199)))
    assert score.false == 199 - (gone + scenes.FPS)
    assert score.quiet > score.false > 20


@pytest.mark.parametrize("codec", ["fine", "poor", "mjpeg"])
def test_a_recorded_scene_has_its_pictures_and_truth(tmp_path: Path, codec: str) -> None:
    scene, frames = _composed(PASSING, codec=codec)
    kept = scene_files.record(scene, tmp_path / "scene.mkv")
    truth = scene_truth.truth_of(scene, frames)
    assert kept.truth.acts == truth.acts
    assert (kept.truth.empty == truth.empty).all()
    pictures = list(scene_files.pictures(kept.path))
    assert len(pictures) == len(frames)
    away = [np.abs(p.astype(int) - f.picture).mean() for p, f in zip(pictures, frames, strict=True)]
    assert max(away) < 20

"""The sequences that cameras are measured on say truly what is in them."""

from __future__ import annotations

from itertools import pairwise
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
Role, Spot = benchmark_module("scene_actors").Role, benchmark_module("scene_actors").Spot
Stage, perform = benchmark_module("scene_stage").Stage, benchmark_module("scene_stage").perform
Plaster = benchmark_module("scene_backdrops").Plaster
Pool = benchmark_module("scene_lamps").Pool
Gust = benchmark_module("scene_leaves").Gust
Grain = benchmark_module("scene_lens").Grain
catalogue = benchmark_module("scene_catalogue").catalogue
more = benchmark_module("scene_catalogue_more").more

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


def _staged(*roles: Any, seconds: float = 5.0, fps: int = 25, **more: Any) -> tuple[Any, list[Any]]:
    stage = Stage("a test", SIZE, "street", seconds=seconds, roles=roles, fps=fps, **more)
    return stage, list(perform(stage))


def _bounds(frame: Any) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(frame.mask)
    return (
        columns.min() / SIZE[0],
        rows.min() / SIZE[1],
        (columns.max() + 1 - columns.min()) / SIZE[0],
        (rows.max() + 1 - rows.min()) / SIZE[1],
    )


@pytest.mark.parametrize("thing", ["person", "ball", "box"])
def test_what_comes_nearer_grows_steadily_and_what_goes_back_shrinks(thing: str) -> None:
    way = Spot(1, 0.5, 0.6, 0.1), Spot(2.5, 0.5, 0.95, 0.6), Spot(4, 0.5, 0.6, 0.1)
    _, frames = _staged(Role(thing, way))
    heights = [frame.seen[0].box[3] if frame.seen[0] else 0.0 for frame in frames]
    assert heights[:25] == [0.0] * 25
    assert max(heights) == pytest.approx(0.6, abs=0.05)  # a person's feet leave the ground
    half = int(np.argmax(heights))
    assert abs(half - 62) <= 4
    # The distance shrinks evenly, so half way it is as high as at the mean distance.
    assert heights[44] == pytest.approx(2 / (1 / 0.1 + 1 / 0.6), abs=0.03)
    assert all(b >= a - 0.03 for a, b in pairwise(heights[25:half]))
    assert all(b <= a + 0.03 for a, b in pairwise(heights[half:100]))


def test_the_box_of_an_actor_holds_its_pixels_and_only_those_differ() -> None:
    way = Spot(1, -0.2, 0.9, 0.4), Spot(4, 1.2, 0.9, 0.5)
    _, frames = _staged(Role("box", way, -60))
    still, seen = frames[0].picture.astype(int), 0
    for frame in frames:
        (actor,) = frame.seen
        assert (actor is not None) == bool(frame.mask.any())
        differs = (np.abs(frame.picture - still) > 8).any(axis=2)
        near = cv2.dilate(frame.mask.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        assert not (differs & ~near).any() or actor is None
        if actor is not None:
            assert actor.box == pytest.approx(_bounds(frame))
            assert actor.area == int(frame.mask.sum())
            seen += 1
    assert seen > 50


def test_a_plain_thing_differs_by_its_levels_from_what_is_behind_it() -> None:
    way = Spot(0, 0.5, 0.7, 0.3), Spot(2, 0.5, 0.7, 0.3)
    for levels in (40, -40):
        _, frames = _staged(Role("ball", way, levels), seconds=0.5, troubles=lambda s, r: [Plaster(s, r)])
        grey = frames[0].picture.mean(axis=2)
        inside, outside = grey[frames[0].mask].mean(), grey[50:60, 40:60].mean()
        assert inside - outside == pytest.approx(levels, abs=12)


def test_what_stands_behind_a_wall_is_not_seen_until_it_steps_out() -> None:
    role = Role("person", (Spot(0, 0.3, 0.9, 0.4), Spot(2, 0.9, 0.9, 0.4)), seen=(0.5, 1.0))
    stage, frames = _staged(role, seconds=3.0)
    (act,) = scene_truth.truth_of(stage, frames).acts
    assert act.first > 5
    assert all(frame.seen[0] is None for frame in frames[:5])
    assert min(frame.seen[0].box[0] for frame in frames if frame.seen[0]) >= 0.5


def test_an_actor_that_halts_for_long_acts_twice() -> None:
    way = [Spot(t, x, 0.9, 0.4) for t, x in ((1, -0.2), (2, 0.5), (8, 0.5), (9, 1.2))]
    stage, frames = _staged(Role("person", tuple(way)), seconds=10.0)
    first, second = scene_truth.truth_of(stage, frames).acts
    assert first.last < 2 * 25 <= 8 * 25 <= second.first


def test_a_stage_at_another_rate_shows_the_same_at_the_same_time(tmp_path: Path) -> None:
    stage, frames = _staged(Role("box", (Spot(1, -0.2, 0.9, 0.4), Spot(3, 1.2, 0.9, 0.4))), fps=15)
    assert len(frames) == 75
    assert frames[30].time_s == pytest.approx(2.0)
    assert frames[30].seen[0].box[0] + frames[30].seen[0].box[2] / 2 == pytest.approx(0.5, abs=0.02)
    kept = scene_files.record(stage, tmp_path / "stage.mkv")
    assert kept.truth.fps == 15
    assert len(list(scene_files.pictures(kept.path))) == 75
    act = kept.truth.acts[0]
    score = scene_truth.judge(kept.truth, _word(75, (act.first + 3, act.last)))
    assert score.said_s[0] == pytest.approx(0.2)


def test_grain_is_as_loud_as_it_is_asked_to_be() -> None:
    grey = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for sigma, blur in ((5, 0.0), (20, 0.0), (15, 0.8)):
        grain = Grain(SIZE, np.random.default_rng(1), sigma, blur)
        away = grain.sense(grey, 1.0).astype(float)[:, :, 1] - 128
        beside = float(np.corrcoef(away[:, :-1].ravel(), away[:, 1:].ravel())[0, 1])
        assert away.std() == pytest.approx(sigma, rel=0.15)
        assert (beside > 0.3) == bool(blur)


def test_a_pool_of_light_covers_its_share_while_the_lamp_is_on() -> None:
    grey = np.full((SIZE[1], SIZE[0], 3), 50, np.uint8)
    pool = Pool(SIZE, (0.5, 0.5), 0.3, (2, 4), 2.2)
    assert (pool.over(grey, 1.0) == 50).all()
    assert (pool.over(grey, 5.0) == 50).all()
    lit = pool.over(grey, 3.0)[:, :, 0].astype(int)
    assert lit.max() == pytest.approx(110, abs=1)
    assert (lit >= 70).mean() == pytest.approx(0.3, abs=0.03)
    assert np.abs(np.diff(lit, axis=1)).max() < 5  # no hard border


def test_crowns_hang_still_until_the_gust() -> None:
    stage = Stage(
        "a gust", SIZE, "yard", troubles=lambda s, r: [Gust(s, r, (4, 0.5, 0.8), 2.0)], seconds=5.0, seed=1
    )
    first, *others = [frame.picture.astype(int) for frame in perform(stage)]
    changed = [float((np.abs(picture - first) > 20).mean()) for picture in others]
    assert max(changed[:48]) == 0.0
    assert max(changed[80:]) > 0.02


def test_the_second_catalogue_is_the_same_for_one_seed_and_has_names_of_its_own() -> None:
    stages, others = more(1), more(2)
    names = [(stage.name, stage.size) for stage in stages]
    assert len(set(names)) == len(names) >= 24
    assert not {name for name, _ in names} & {scene.name for scene in catalogue(1)}
    assert [stage.roles for stage in stages] == [stage.roles for stage in more(1)]
    assert [stage.roles for stage in stages] != [stage.roles for stage in others]
    for stage in stages:
        assert all(0 <= spot.time_s < stage.seconds + 2 for role in stage.roles for spot in role.way)


def test_the_second_catalogue_leaves_the_files_of_the_first_as_they_are() -> None:
    assert "scene_catalogue_more" not in scene_files.MAKERS
    stages = {name for name in scene_files.STAGE_MAKERS if name not in scene_files.MAKERS}
    assert not {name for name in scene_files.MAKERS if _imports(name) & stages}


def _imports(name: str) -> set[str]:
    lines = (Path(scene_files.__file__).parent / f"{name}.py").read_text(encoding="utf-8").splitlines()
    return {line.split()[1] for line in lines if line.startswith(("from ", "import "))}

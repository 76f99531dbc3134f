from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from edgepi.recorder.blocks import pack_buckets, pack_points, unpack_buckets, unpack_points
from edgepi.recorder.samples import FALSE, FLOAT, INT, TEXT, TIME, TRUE, UNAVAILABLE, UNKNOWN, Point
from edgepi.recorder.tiers import HOUR_MS, STEP_MS, summarise

HOUR = 1_748_779_200_000
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
KINDS = st.one_of(
    st.tuples(st.just(FLOAT), FLOATS),
    st.tuples(st.just(INT), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.sampled_from((UNKNOWN, UNAVAILABLE, FALSE, TRUE)), st.none()),
    st.tuples(st.sampled_from((TEXT, TIME)), st.text(st.characters(codec="utf-8"))),
)
POINTS = st.lists(st.tuples(st.integers(HOUR - HOUR_MS, HOUR + 2 * HOUR_MS), KINDS), min_size=1).map(
    lambda found: [(ms, *kind) for ms, kind in found]
)


@given(POINTS)
def test_points_come_back_as_they_were(points: list[Point]) -> None:
    assert list(zip(*unpack_points(pack_points(points, HOUR), HOUR), strict=True)) == points


@given(POINTS)
def test_intervals_come_back_as_they_were(points: list[Point]) -> None:
    buckets = summarise(sorted(points, key=lambda p: p[0]), STEP_MS["5min"])
    assert unpack_buckets(pack_buckets(buckets, HOUR), HOUR) == buckets


def test_an_hour_of_noisy_readings_takes_less_than_nine_bytes_each() -> None:
    dice = random.Random(1)
    points: list[Point] = [
        (HOUR + i * 25_000 + dice.randrange(100), FLOAT, dice.gauss(20)) for i in range(144)
    ]
    assert len(pack_points(points, HOUR)) < 9 * len(points)

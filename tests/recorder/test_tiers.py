from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.recorder.samples import FLOAT, TEXT, TRUE, UNAVAILABLE, UNKNOWN, Point
from edgepi.recorder.tiers import DAY_MS, HOUR_MS, Bucket, choose_tier, merge, summarise

STEP = 300_000
POINTS = st.lists(
    st.tuples(
        st.integers(0, HOUR_MS),
        st.one_of(
            st.tuples(st.just(FLOAT), st.floats(-1e6, 1e6)), st.tuples(st.just(UNAVAILABLE), st.none())
        ),
    ).map(lambda found: (found[0], *found[1]))
).map(lambda found: sorted(found, key=lambda p: p[0]))


def test_an_interval_holds_mean_least_most_last_and_number_of_readings() -> None:
    points: list[Point] = [(0, FLOAT, 1.0), (10, FLOAT, 5.0), (STEP - 1, FLOAT, 3.0), (STEP, FLOAT, 9.0)]
    assert summarise(points, STEP) == [
        Bucket(0, 3, 3.0, 1.0, 5.0, FLOAT, 3.0, FLOAT),
        Bucket(STEP, 1, 9.0, 9.0, 9.0, FLOAT, 9.0, FLOAT),
    ]


def test_a_gap_in_an_interval_is_neither_counted_nor_averaged_but_seen_at_its_end() -> None:
    points: list[Point] = [(0, FLOAT, 4.0), (10, UNAVAILABLE, None)]
    assert summarise(points, STEP) == [Bucket(0, 1, 4.0, 4.0, 4.0, FLOAT, 4.0, UNAVAILABLE)]


def test_an_interval_of_nothing_but_gaps_has_no_readings() -> None:
    assert summarise([(0, UNKNOWN, None)], STEP) == [Bucket(0, 0, None, None, None, UNKNOWN, None, UNKNOWN)]


def test_text_has_a_last_value_and_no_mean() -> None:
    (bucket,) = summarise([(0, TEXT, "on"), (1, TEXT, "off")], STEP)
    assert (bucket.value, bucket.readings, bucket.mean) == ("off", 2, None)


def test_the_mean_of_truths_is_their_share() -> None:
    (bucket,) = summarise([(0, TRUE, None), (1, TRUE, None), (2, 4, None), (3, 4, None)], STEP)
    assert bucket.mean == 0.5


@given(POINTS, st.integers(0, HOUR_MS))
def test_two_halves_joined_are_the_whole(points: list[Point], cut_ms: int) -> None:
    halves = [p for p in points if p[0] < cut_ms], [p for p in points if p[0] >= cut_ms]
    parts = sorted((b for half in halves for b in summarise(half, STEP)), key=lambda b: b.ms)
    joined, whole = list(merge(parts)), summarise(points, STEP)
    assert [b._replace(mean=None) for b in joined] == [b._replace(mean=None) for b in whole]
    for a, b in zip(joined, whole, strict=True):
        assert a.mean == (b.mean if b.mean is None else pytest.approx(b.mean, abs=1e-6))


@pytest.mark.parametrize(
    ("span_ms", "tier"),
    [(HOUR_MS, "raw"), (6 * HOUR_MS, "raw"), (DAY_MS, "5min"), (7 * DAY_MS, "5min"), (30 * DAY_MS, "hour")],
)
def test_a_longer_span_is_shown_by_a_coarser_tier(span_ms: int, tier: str) -> None:
    assert choose_tier(span_ms) == tier

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgepi.model import Availability
from edgepi.recorder import Archive, Sample
from edgepi.recorder.samples import FLOAT, TEXT, UNAVAILABLE, Stored, from_ms, to_ms
from edgepi.recorder.segments import Segment
from edgepi.recorder.tiers import HOUR_MS
from edgepi.recorder.writer import Batch, Writer
from edgepi.testing.clock import START

START_MS = to_ms(START)
MINUTE = 60_000
Keep = Callable[..., Archive]


@pytest.fixture
def keep(writer: Callable[..., Writer]) -> Keep:
    """Write (minute, kind, value) of ``a.b``, pack it or not, and open it for reading."""

    def make(*rows: tuple[float, int, Stored], packed: bool) -> Archive:
        made = writer(keep_raw_days=None)
        noted = [(0, round(minute * MINUTE), "a.b", kind, value) for minute, kind, value in rows]
        made.commit(Batch((Segment(0, 0, START_MS),), noted))
        if packed:
            made.tidy(0, START_MS + 1000 * HOUR_MS)
            assert made.loose_rows == 0
        made.close()
        return Archive.open(made._path)

    return make


def seen(samples: list[Sample]) -> list[tuple[float, object, str]]:
    return [((to_ms(s.time_utc) - START_MS) / MINUTE, s.value, s.availability.value) for s in samples]


@pytest.mark.parametrize("packed", [False, True])
def test_both_ends_of_the_span_belong_to_it(keep: Keep, packed: bool) -> None:
    archive = keep(*((float(n), FLOAT, float(n)) for n in range(0, 240, 30)), packed=packed)
    found = archive.history("a.b", START_MS + 30 * MINUTE, START_MS + 90 * MINUTE, "raw")
    assert [s.value for s in found] == [30.0, 60.0, 90.0]
    archive.close()


@pytest.mark.parametrize("packed", [False, True])
def test_a_gap_shows_in_the_raw_tier(keep: Keep, packed: bool) -> None:
    archive = keep((0, FLOAT, 1.0), (1, UNAVAILABLE, None), (9, TEXT, "x"), packed=packed)
    assert seen(archive.history("a.b", 0, 2 * START_MS, "raw")) == [
        (0, 1.0, "known"),
        (1, None, "unavailable"),
        (9, "x", "known"),
    ]
    archive.close()


@pytest.mark.parametrize("packed", [False, True])
def test_a_gap_shows_between_intervals_and_is_not_bridged(keep: Keep, packed: bool) -> None:
    archive = keep((0, FLOAT, 1.0), (1, UNAVAILABLE, None), (30, FLOAT, 2.0), packed=packed)
    assert seen(archive.history("a.b", 0, 2 * START_MS, "5min")) == [
        (0, 1.0, "known"),
        (5, None, "unavailable"),
        (30, 2.0, "known"),
    ]
    archive.close()


def test_a_gap_within_an_interval_needs_no_mark(keep: Keep) -> None:
    archive = keep((0, FLOAT, 1.0), (1, UNAVAILABLE, None), (5, FLOAT, 2.0), packed=True)
    assert seen(archive.history("a.b", 0, 2 * START_MS, "5min")) == [(0, 1.0, "known"), (5, 2.0, "known")]
    archive.close()


def test_an_interval_that_only_began_before_the_span_is_whole(keep: Keep) -> None:
    archive = keep((1, FLOAT, 1.0), (4, FLOAT, 3.0), packed=False)
    (sample,) = archive.history("a.b", START_MS + 3 * MINUTE, START_MS + 10 * MINUTE, "5min")
    assert sample == Sample(START, 3.0, Availability.KNOWN, 2, 2.0, 1.0, 3.0)
    archive.close()


def test_a_limit_leaves_the_newest(keep: Keep) -> None:
    archive = keep(*((n, FLOAT, float(n)) for n in range(9)), packed=False)
    assert [s.value for s in archive.history("a.b", 0, 2 * START_MS, "raw", limit=2)] == [7.0, 8.0]
    assert archive.history("a.b", 0, 2 * START_MS, "raw", limit=0) == []
    archive.close()


def test_what_was_never_recorded_has_no_history(keep: Keep) -> None:
    archive = keep((0, FLOAT, 1.0), packed=False)
    assert archive.history("no.such", 0, 2 * START_MS, "raw") == []
    assert archive.entities() == ["a.b"]
    archive.close()


@pytest.mark.parametrize(("packed", "minutes"), [(False, 9), (True, 60)])
def test_the_newest_reading_is_known(keep: Keep, packed: bool, minutes: int) -> None:
    archive = keep((0, FLOAT, 1.0), (9, FLOAT, 1.0), packed=packed)
    assert from_ms(archive.newest_ms() or 0) == from_ms(START_MS + minutes * MINUTE)
    archive.close()


def test_an_archive_can_be_read_where_nothing_can_be_written(keep: Keep, tmp_path: Path) -> None:
    keep((0, FLOAT, 1.0), packed=False).close()
    tmp_path.chmod(0o555)
    archive = Archive.open(tmp_path / "w.db")
    assert len(archive.history("a.b", 0, 2 * START_MS, "raw")) == 1
    archive.close()
    tmp_path.chmod(0o755)

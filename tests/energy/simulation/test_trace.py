from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgepi.energy.simulation.trace import make_trace
from edgepi.errors import TraceError

START = datetime(2024, 6, 1, tzinfo=UTC)


def samples(days: int, missing: set[int]) -> list[tuple[datetime, float | None]]:
    return [
        (START + timedelta(hours=h), None if h in missing else (100.0 if 6 <= h % 24 < 18 else 0.0))
        for h in range(24 * days)
    ]


def test_short_gaps_are_bridged_long_ones_copied_and_all_counted() -> None:
    trace = make_trace(samples(3, {8, 9, 24 + 8, 24 + 9, 24 + 10, 24 + 11}), 0.5)
    assert trace.power_w[8] == 50.0
    assert trace.power_w[32] == 50.0
    assert (trace.bridged, trace.copied, trace.zeroed, trace.night) == (2, 4, 0, 0)


def test_a_night_that_was_never_written_is_dark() -> None:
    trace = make_trace(samples(3, set(range(20, 28))))
    assert trace.night == 8
    assert trace.harvest_wh == 3 * 12 * 100.0


def test_one_day_is_too_short() -> None:
    with pytest.raises(TraceError, match=r"1\.0 days"):
        make_trace(samples(1, set()))
    with pytest.raises(TraceError, match="empty"):
        make_trace([])


def test_another_step_keeps_the_energy() -> None:
    trace = make_trace(samples(2, set()))
    for step_h in (0.5, 2.0, 0.75):
        assert trace.resampled(step_h).harvest_wh == pytest.approx(trace.harvest_wh)
    with pytest.raises(TraceError, match="does not fit"):
        trace.resampled(1 / 7)

from __future__ import annotations

from edgepi.recorder.samples import to_ms
from edgepi.recorder.segments import Segments
from edgepi.testing.clock import START, ManualClock


async def test_time_in_a_segment_follows_the_monotonic_clock(manual_clock: ManualClock) -> None:
    segments = Segments(manual_clock)
    await manual_clock.advance(90)
    manual_clock.step_wall(-3600)
    assert segments.now_ms() == to_ms(START) + 90_000


async def test_nothing_has_a_date_before_the_clock_is_trusted(manual_clock: ManualClock) -> None:
    manual_clock.trusted = False
    segments = Segments(manual_clock)
    await manual_clock.advance(30)
    segments.look()
    assert segments.now_ms() is None


async def test_trust_dates_the_segment_from_its_start(manual_clock: ManualClock) -> None:
    manual_clock.trusted = False
    segments = Segments(manual_clock)
    await manual_clock.advance(30)
    manual_clock.step_wall(86400)
    segments.stepped()
    manual_clock.trusted = True
    await manual_clock.advance(30)
    segments.look()
    assert [s.wall_ms for s in segments.all] == [to_ms(START) + 86_400_000]


async def test_a_step_begins_a_segment(manual_clock: ManualClock) -> None:
    segments = Segments(manual_clock)
    await manual_clock.advance(10)
    manual_clock.step_wall(-3600)
    segments.stepped()
    assert [s.wall_ms for s in segments.all] == [to_ms(START), to_ms(START) + 10_000 - 3_600_000]
    assert [s.monotonic_ms for s in segments.all] == [0, 10_000]


async def test_a_step_that_nobody_told_is_noticed(manual_clock: ManualClock) -> None:
    segments = Segments(manual_clock)
    manual_clock.step_wall(5)
    segments.look()
    assert segments.now_ms() == to_ms(START) + 5_000


async def test_a_clock_that_runs_true_needs_one_segment(manual_clock: ManualClock) -> None:
    segments = Segments(manual_clock)
    for _ in range(10):
        await manual_clock.advance(60)
        segments.look()
    assert len(segments.all) == 1

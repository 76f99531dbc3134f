from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgepi.config.settings import RecorderSettings
from edgepi.recorder import Tier
from edgepi.recorder.retention import days_for, is_excluded, purge
from edgepi.recorder.samples import FLOAT, to_ms
from edgepi.recorder.segments import Segment
from edgepi.recorder.tiers import DAY_MS, HOUR_MS
from edgepi.recorder.writer import Batch, Writer
from edgepi.testing.clock import START

START_MS = to_ms(START)
TIERS: tuple[Tier, ...] = ("raw", "5min", "hour")
MakeWriter = Callable[..., Writer]


@pytest.fixture
def ten_days(writer: MakeWriter) -> Callable[..., Writer]:
    """One reading of each of two entities every six hours of ten days, one decision a day."""

    def make(**settings: Any) -> Writer:
        made = writer(**{"keep_raw_days": None, "keep_five_minutes_days": None} | settings)
        rows = [
            (0, t_ms, entity, FLOAT, 1.0)
            for t_ms in range(0, 10 * DAY_MS, 6 * HOUR_MS)
            for entity in ("a.b", "camera.x")
        ]
        decisions = [(0, day * DAY_MS, day, "s", "a", "why", "{}") for day in range(10)]
        made.commit(Batch((Segment(0, 0, START_MS),), rows, decisions))
        while made.tidy(0, START_MS + 10 * DAY_MS):
            pass
        return made

    return make


def left(writer: Writer, entity: str) -> list[int]:
    return [len(writer.archive.history(entity, 0, 2 * START_MS, tier)) for tier in TIERS]


def test_each_tier_has_a_limit_of_its_own(ten_days: Callable[..., Writer]) -> None:
    made = ten_days(keep_raw_days=2.0, keep_five_minutes_days=5.0)
    assert left(made, "a.b") == [8, 20, 40]
    assert len(made.archive.decisions(0, 2 * START_MS, 100)) == 5
    made.close()


def test_a_pattern_holds_for_every_tier_of_what_it_matches(ten_days: Callable[..., Writer]) -> None:
    made = ten_days(keep_raw_days=2.0, keep_days={"camera.*": 1.0, "*": 9.0})
    assert left(made, "camera.x") == [4, 4, 4]
    assert left(made, "a.b") == [36, 36, 36]
    made.close()


def test_no_limit_keeps_everything(ten_days: Callable[..., Writer]) -> None:
    made = ten_days()
    assert left(made, "a.b") == [40, 40, 40]
    made.close()


def test_hours_without_blocks_are_forgotten(ten_days: Callable[..., Writer]) -> None:
    made = ten_days(keep_raw_days=1.0, keep_five_minutes_days=1.0, keep_hours_days=3.0)
    assert made._db.execute("SELECT count(*) FROM period").fetchone() == (12,)
    made.close()


def test_much_is_let_go_in_steps(ten_days: Callable[..., Writer]) -> None:
    made = ten_days()
    settings = RecorderSettings(keep_raw_days=0.0, keep_five_minutes_days=None)
    steps = 1
    while purge(made._db, settings, START_MS + 11 * DAY_MS, step=9):
        steps += 1
        blocks = made._db.execute("SELECT count(*) FROM block_raw").fetchone()[0]
        assert blocks == max(0, 80 - 9 * (steps - 1))
    assert steps == 9
    assert left(made, "a.b") == [0, 40, 40]
    made.close()


def test_the_first_pattern_that_matches_counts() -> None:
    settings = RecorderSettings(keep_days={"a.*": 3.0, "*": 7.0}, exclude=("b.?",))
    assert [days_for(settings, e) for e in ("a.b", "c.d")] == [3.0, 7.0]
    assert [is_excluded(settings, e) for e in ("b.x", "b.xx")] == [True, False]
    assert days_for(RecorderSettings(), "a.b") is None

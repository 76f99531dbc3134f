from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgepi.energy.phrases import (
    and_list,
    at_time,
    capital,
    clock_of,
    energy,
    hours,
    part_name,
    points,
    reason_of,
    watts,
    weather,
)
from tests.energy.conftest import NOON, build_situation


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcde"), "a, b, c and 2 more"),
    ],
)
def test_lists_are_joined_and_long_ones_counted(items: list[str], said: str) -> None:
    assert and_list(items) == said


def test_times_read_well_after_any_word() -> None:
    situation = build_situation()
    later, tomorrow = NOON + timedelta(hours=2), NOON + timedelta(days=1)
    assert [at_time(t, situation) for t in (later, tomorrow)] == ["at 14:00", "tomorrow 12:00"]
    friday = datetime(2025, 6, 6, 10, tzinfo=UTC)
    assert (at_time(friday, situation), clock_of(friday, situation)) == (
        "on Fri 06 Jun 12:00",
        "Fri 06 Jun 12:00",
    )


def test_numbers_are_no_finer_than_they_are_known() -> None:
    assert [energy(v) for v in (43.4, 9.96, 3.14, 0.04)] == ["43 Wh", "10 Wh", "3.1 Wh", "0.04 Wh"]
    assert [watts(v) for v in (12.34, 0.254, 0.04, 0.0001)] == [
        "12.3 W",
        "0.25 W",
        "40 mW",
        "hardly any power",
    ]
    assert [points(v) for v in (125.4, 2.0, 1.04, 0.324, 0.0123)] == [
        "125 points",
        "2 points",
        "1 point",
        "0.32 points",
        "0.012 points",
    ]
    spans = (0.3, 1.0, 8.5, 14.2, 47.0, 72.0)
    assert [hours(v) for v in spans] == [
        "18 minutes",
        "1 hour",
        "8.5 hours",
        "14 hours",
        "47 hours",
        "3 days",
    ]


def test_weather_has_words_for_every_share_of_a_clear_day() -> None:
    said = [weather(v) for v in (0.0, 0.2, 0.5, 0.7, 0.9, 1.1, 5.0)]
    assert said == ["very dark", "dull", "mixed", "fairly sunny", "clear", "clear", "clear"]


def test_parts_of_the_load_have_names() -> None:
    said = [part_name(p) for p in ("idle", "camera:full", "iexec:run", "iexec:finish", "boots")]
    assert said == ["the idle node", "camera at full", "a job of iexec", "finishing a job of iexec", "boots"]


def test_reasons_and_sentences() -> None:
    assert reason_of("waiting: needs 3.1 Wh, next chance 11:40.") == "needs 3.1 Wh, next chance 11:40"
    assert reason_of("stays awake") == "stays awake"
    assert (capital("the sun is up"), capital("done.")) == ("The sun is up.", "Done.")

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from edgepi.energy import sentences

NOW = datetime(2025, 6, 1, 21, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "day", "said"),
    [(21, 1, "23:00"), (5, 2, "tomorrow 07:00"), (22, 1, "tomorrow 00:00"), (5, 4, "on Wed 04 Jun 07:00")],
)
def test_times_are_said_in_the_nodes_time_zone(hour: int, day: int, said: str) -> None:
    place = ZoneInfo("Europe/Berlin")
    assert sentences.clock_time(datetime(2025, 6, day, hour, tzinfo=UTC), NOW, place) == said


def test_an_unknown_time_zone_falls_back_to_utc() -> None:
    assert sentences.zone("Nowhere/At all") == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("energy_wh", "said"),
    [(3.14, "3.1 Wh"), (0.04, "0.04 Wh"), (0.004, "0.004 Wh"), (153.7, "154 Wh"), (0.0, "0.0 Wh")],
)
def test_energies_have_as_many_digits_as_they_deserve(energy_wh: float, said: str) -> None:
    assert sentences.wh(energy_wh) == said

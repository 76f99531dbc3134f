from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from edgepi.energy import Battery, Panel
from edgepi.energy.misfit import Misfits

DAY = date(2026, 3, 1)


def seen(
    battery: Battery,
    days: Sequence[tuple[float, float]],
    *,
    harvest_w: float | None = None,
    panel: Panel | None = None,
) -> tuple[str, ...]:
    """Return what is said after days of (lowest, highest) voltage."""
    misfits = Misfits(battery, panel or Panel())
    for number, (low_v, high_v) in enumerate(days):
        for half, volts in enumerate((low_v, high_v)):
            for minute in range(0, 40, 5):
                at_s = number * 86400.0 + half * 43200.0 + minute * 60.0
                day = DAY + timedelta(days=number)
                misfits.note(at_s, day, voltage_v=volts, harvest_w=harvest_w)
    again = Misfits(battery, panel or Panel())
    again.recall(misfits.memory())
    assert again.sentences() == misfits.sentences()
    return misfits.sentences()


@pytest.mark.parametrize(
    ("chemistry", "days"),
    [
        ("lifepo4", [(13.0, 14.4)] * 5),
        ("lifepo4", [(12.6, 13.1), (12.5, 13.0), (12.5, 12.9)]),
        ("li-ion", [(10.8, 12.6)] * 5),
        ("lead-acid", [(12.0, 14.7)] * 5),
        ("lead-acid", [(11.8, 12.1)] * 5),
    ],
)
def test_what_fits_is_not_complained_about(chemistry: str, days: list[tuple[float, float]]) -> None:
    assert seen(Battery.of(chemistry, 154.0), days) == ()


def test_three_cells_of_li_ion_where_four_of_lifepo4_are_stated_are_noticed() -> None:
    (said,) = seen(Battery.of("lifepo4", 154.0), [(11.2, 12.55), (11.4, 12.6), (11.0, 12.58), (11.3, 12.6)])
    assert said.startswith("the battery was charged to 12.6 V day by day and no higher, where 4 cells of")
    assert "3 cells of Li-ion" in said


def test_a_battery_of_24_v_stated_as_12_v_is_noticed() -> None:
    (said,) = seen(Battery.of("lifepo4", 154.0), [(26.0, 28.4)])
    assert said.startswith("28.4 V is more than 4 cells of LiFePO4 can have")
    assert "8 cells of LiFePO4" in said


def test_a_battery_of_12_v_stated_as_24_v_is_noticed() -> None:
    (said,) = seen(Battery.of("lifepo4", 154.0, 8), [(13.0, 14.4)])
    assert said.startswith("14.4 V is less than 8 cells of LiFePO4 have when empty")
    assert "4 cells of LiFePO4" in said


def test_a_spark_of_a_minute_says_nothing() -> None:
    misfits = Misfits(Battery(), Panel())
    for minute in range(60):
        misfits.note(minute * 60.0, DAY, voltage_v=19.0 if minute == 30 else 13.2)
    assert misfits.sentences() == ()


def test_a_panel_that_gives_more_than_it_can_is_noticed() -> None:
    (said,) = seen(Battery(), [(13.0, 14.2)] * 2, harvest_w=80.0, panel=Panel(peak_w=40.0))
    assert said.startswith("the panel gave 80 W, more than the 40 W stated")


def test_a_panel_that_never_gives_much_is_noticed_in_the_end() -> None:
    few = seen(Battery(), [(13.0, 14.2)] * 5, harvest_w=6.0, panel=Panel(peak_w=40.0))
    many = seen(Battery(), [(13.0, 14.2)] * 12, harvest_w=6.0, panel=Panel(peak_w=40.0))
    assert few == ()
    assert many[0].startswith("in 12 days the panel never gave more than 6.0 W of 40 W")


@pytest.mark.parametrize("memory", [None, {"x": [1, 2, 3]}, {"2026-03-01": [1, "y", 2]}, {"2026-03-01": 4}])
def test_foreign_memory_is_ignored(memory: object) -> None:
    misfits = Misfits(Battery(), Panel())
    misfits.recall(memory)
    assert misfits.sentences() == ()

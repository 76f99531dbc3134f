from __future__ import annotations

import itertools
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edgepi.energy.report.charts import (
    NARROW,
    WIDE,
    Bar,
    Bars,
    Calendar,
    Chart,
    Fan,
    Heat,
    Lines,
    Mark,
    Series,
    Span,
    Stacks,
    draw,
    is_empty,
    labels_fit,
)

START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
SVG = "{http://www.w3.org/2000/svg}"


def hourly(count: int) -> list[datetime]:
    return [START + timedelta(hours=n) for n in range(count)]


def lines(values: Sequence[float | None], **changes: object) -> Lines:
    series = (Series(name="battery", values=values, tone="store"),)
    return Lines(title="Battery", unit="%", times_utc=hourly(len(values)), series=series, **changes)  # type: ignore[arg-type]


def a_year() -> list[float]:
    draws = random.Random(1)
    return [draws.uniform(10, 90) for _ in range(365 * 48)]


EVERY_KIND: dict[str, Chart] = {
    "lines": lines([20.0, None, 60.0], area=True, band=([10.0, None, 50.0], [30.0, None, 70.0])),
    "fan": Fan(
        title="f",
        times_utc=hourly(3),
        quantiles=tuple(
            Series(name=n, values=[v, v, v]) for n, v in (("low", 1.0), ("half", 2.0), ("high", 3.0))
        ),
    ),
    "stacks": Stacks(
        title="s",
        unit="Wh",
        labels=["a", "b"],
        series=(Series(name="used", values=[3.0, 4.0]), Series(name="stored", values=[1.0, -2.0])),
        beside=Series(name="sun", values=[4.0, None]),
    ),
    "heat": Heat(title="h", days=DAYS, hours=[[0.5] * 24] * 365),
    "calendar": Calendar(title="c", days=DAYS, values=[12.0] * 364 + [None]),
    "bars": Bars(title="b", unit="W", bars=(Bar(name="<idle & co>", value=2.7, stated=2.4),)),
}


def parsed(chart: Chart, width: float = WIDE) -> ET.Element:
    return ET.fromstring(draw(chart, width, "x").replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_kind_is_well_formed_and_says_what_it_shows(kind: str, width: float) -> None:
    picture = parsed(EVERY_KIND[kind], width)
    title, about = picture[0], picture[1]
    assert (picture.get("role"), picture.get("aria-labelledby")) == ("img", "xt xd")
    assert (title.tag, title.get("id"), title.text) == (f"{SVG}title", "xt", EVERY_KIND[kind].title)
    assert about.get("id") == "xd"
    assert len(about.text or "") > 10


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_is_drawn_or_written_beyond_the_edges(kind: str, width: float) -> None:
    picture = parsed(EVERY_KIND[kind], width)
    _, _, wide, tall = map(float, (picture.get("viewBox") or "").split())
    assert wide == width
    for element in picture.iter():
        for name, end in (("x", wide), ("y", tall)):
            if (place := element.get(name)) is not None:
                assert -1 <= float(place) <= end + 1
        if element.tag == f"{SVG}rect":
            assert float(element.get("x") or 0) + float(element.get("width") or 0) <= wide + 1


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_no_number_is_broken(kind: str) -> None:
    assert not re.search(r"nan|inf|None", draw(EVERY_KIND[kind]))


def test_a_year_of_half_hours_stays_small_and_keeps_its_extremes() -> None:
    values: list[float | None] = list(a_year())
    values[7000], values[9000] = 0.0, 100.0
    chart = lines(values, low=0.0, high=100.0)
    drawn = draw(chart)
    assert len(drawn) < 60_000
    (course,) = re.findall(r'd="([^"]+)" class="line', drawn)
    heights = [float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)", course)]
    # The picture is 240 high, with 22 kept free above and below.
    assert (min(heights), max(heights)) == (22.0, 218.0)


def test_a_gap_in_the_values_is_a_gap_in_the_line() -> None:
    whole, broken = draw(lines([1.0, 2.0, 3.0, 4.0])), draw(lines([1.0, 2.0, None, 3.0, 4.0]))
    (of_whole,) = re.findall(r'd="([^"]+)" class="line', whole)
    (of_broken,) = re.findall(r'd="([^"]+)" class="line', broken)
    assert (of_whole.count("M"), of_broken.count("M")) == (1, 2)


def test_a_single_reading_can_be_seen() -> None:
    assert 'h2" class="line' in draw(lines([50.0], low=0.0, high=100.0))


def test_lines_of_one_picture_are_named_at_their_ends_without_touching() -> None:
    series = tuple(Series(name=name, values=[10.0, 50.0]) for name in ("expected", "measured", "third"))
    picture = parsed(Lines(title="t", times_utc=hourly(2), series=series))
    heights = sorted(
        float(t.get("y") or 0) for t in picture.iter(f"{SVG}text") if t.text in {s.name for s in series}
    )
    assert len(heights) == 3
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 15


def test_long_names_of_lines_stay_off_a_narrow_picture() -> None:
    names = ("1 year in 10 lower", "half of the years", "1 year in 10 higher")
    fan = Fan(
        title="f", times_utc=hourly(2), quantiles=tuple(Series(name=n, values=[1.0, 2.0]) for n in names)
    )
    assert labels_fit(fan, WIDE)
    assert not labels_fit(fan, NARROW)
    assert names[1] in draw(fan, WIDE)
    assert names[1] not in draw(fan, NARROW).partition("</desc>")[2]


def test_marks_and_spans_are_drawn_where_they_belong() -> None:
    night = Span(start_utc=START + timedelta(hours=1), end_utc=START + timedelta(hours=2))
    mark = Mark(value=20.0, text="floor")
    drawn = draw(lines([50.0] * 4, low=0.0, high=100.0, marks=(mark,), spans=(night,)))
    assert "floor" in drawn
    assert 'class="shade"' in drawn
    assert "floor" not in draw(lines([50.0] * 4, low=30.0, high=100.0, marks=(mark,)))


def test_columns_stack_upwards_and_below_zero_and_say_their_numbers() -> None:
    picture = parsed(EVERY_KIND["stacks"])
    hints = [t.text for rect in picture.iter(f"{SVG}rect") for t in rect.iter(f"{SVG}title")]
    assert hints == [
        "a: sun 4.0\u00a0Wh, used 3.0\u00a0Wh, stored 1.0\u00a0Wh",
        "b: used 4.0\u00a0Wh, stored \u22122.0\u00a0Wh",
    ]
    blocks = [r for r in picture.iter(f"{SVG}rect") if "block" in (r.get("class") or "")]
    sun, used, stored, used_b, stored_b = (
        (float(r.get("y") or 0), float(r.get("height") or 0)) for r in blocks
    )
    assert sun[1] == pytest.approx(used[1] + stored[1], abs=0.2)
    assert stored[0] + stored[1] == pytest.approx(used[0], abs=0.2)
    assert stored_b[0] == pytest.approx(used_b[0] + used_b[1], abs=0.2)


def test_a_heat_map_of_noise_through_a_year_stays_small() -> None:
    draws = random.Random(2)
    hours = [[draws.random() for _ in range(24)] for _ in DAYS]
    assert len(draw(Heat(title="h", days=DAYS, hours=hours), WIDE)) < 130_000
    assert len(draw(Heat(title="h", days=DAYS, hours=hours), NARROW)) < 130_000


def test_what_is_not_known_is_no_colour_of_a_heat_map() -> None:
    hours: list[list[float | None]] = [[None] * 12 + [1.0] * 12]
    assert draw(Heat(title="h", days=DAYS[:1], hours=hours)).count('class="cell') == 1


def test_a_picture_without_numbers_is_known_to_be_empty() -> None:
    empty = [lines([]), lines([None]), Bars(title="b", bars=()), Heat(title="h", days=(), hours=())]
    assert all(map(is_empty, empty))
    with pytest.raises(ValueError, match="nothing to draw"):
        draw(empty[0])


def test_times_are_those_of_the_place() -> None:
    chart = lines([1.0] * 12, place=ZoneInfo("Asia/Kathmandu"))
    assert ">06:00<" in draw(chart)
    assert ">00:00<" not in draw(chart)

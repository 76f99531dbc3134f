from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest

from edgepi.energy.report.charts import Bar, Bars, Calendar, Fan, Heat, Lines, Series, Span, Stacks
from edgepi.energy.report.page import Fact, Facts, Page, Said, Section, Table, Words, render
from edgepi.energy.report.style import STYLE

START = datetime(2025, 1, 1, tzinfo=UTC)
VOID = {"meta", "path", "rect", "circle", "br", "i"}


class Checked(HTMLParser):
    """Notes tags that are not closed in order, identifiers, and whatever would be fetched or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.idents: list[str] = []
        self.references: list[str] = []
        self.outside: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object"}:
            self.outside.append(tag)
        self.outside += [
            f"{name}={value}" for name, value in attrs if name in {"src", "href"} or name[:2] == "on"
        ]
        self.idents += [value for value in [given.get("id")] if value]
        self.references += (given.get("aria-labelledby") or "").split()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def checked(html: str) -> Checked:
    parser = Checked()
    parser.feed(html)
    return parser


def of(*parts: object, title: str = "garden") -> str:
    return render(Page(title=title, sections=(Section(heading="h", parts=parts),)))  # type: ignore[arg-type]


def a_year() -> Page:
    draws = random.Random(5)
    times = [START + timedelta(minutes=30 * n) for n in range(365 * 48)]
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    values = [draws.uniform(0, 100) for _ in times]
    noise = [[draws.random() for _ in range(24)] for _ in days]
    quantiles = tuple(Series(name=f"q{n}", values=[n * 20 + draws.random() for _ in days]) for n in range(5))
    months = [f"{m} 2025" for m in range(12)]
    parts = (
        Lines(title="battery", times_utc=times, series=(Series(name="b", values=values),), area=True),
        Fan(title="fan", times_utc=times[::48], quantiles=quantiles),
        Heat(title="awake", days=days, hours=noise),
        Calendar(title="days", days=days, values=[24 * row[0] for row in noise]),
        Stacks(
            title="m", labels=months, series=tuple(Series(name=f"c{n}", values=[1.0] * 12) for n in range(6))
        ),
    )
    return Page(title="a year", sections=(Section(heading="a year", parts=parts),))


def test_a_page_of_a_year_stays_below_400_kb() -> None:
    assert len(render(a_year()).encode()) < 400_000


def test_a_page_is_well_formed_needs_nothing_from_outside_and_names_each_picture_once() -> None:
    seen = checked(render(a_year()))
    assert (seen.wrong, seen.open, seen.outside) == ([], [], [])
    assert len(seen.idents) == len(set(seen.idents))
    assert set(seen.references) == set(seen.idents)
    assert "url(" not in STYLE
    assert "@import" not in STYLE


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><b onclick=x>', "a & b"])
def test_what_others_wrote_stays_text(evil: str) -> None:
    chart = Bars(title=evil, unit=evil, bars=(Bar(name=evil, value=1.0),))
    stacks = Stacks(title=evil, labels=[evil], series=(Series(name=evil, values=[1.0]),))
    table = Table(title=evil, headers=("", evil), rows=((evil, evil),))
    html = of(
        chart,
        stacks,
        table,
        Words((evil,)),
        Said(((evil, evil),)),
        Facts((Fact(name=evil, value=evil),)),
        title=evil,
    )
    assert evil not in html
    assert checked(html).outside == []


def test_a_picture_of_nothing_says_so_instead() -> None:
    html = of(Lines(title="Battery", times_utc=(), series=(Series(name="b", values=()),)))
    assert "Nothing is known yet." in html
    assert html.count("<svg") == 1


def test_each_picture_comes_in_two_widths_of_which_the_style_shows_one() -> None:
    html = of(Bars(title="b", bars=(Bar(name="x", value=1.0),)))
    assert len(re.findall(r'<div class="(?:wide|narrow)"><svg', html)) == 2
    assert ".narrow{display:none}" in STYLE
    assert ".wide{display:none}.narrow{display:block}" in STYLE


def test_a_key_names_colours_with_their_sums_and_what_is_shaded() -> None:
    stacks = Stacks(
        title="t", unit="Wh", labels=["a", "b"], series=(Series(name="camera", values=[1.0, 2.5]),)
    )
    assert "camera <b>3.5\u00a0Wh</b>" in of(stacks)
    span = Span(start_utc=START, end_utc=START + timedelta(hours=1))
    times = [START, START + timedelta(hours=3)]
    lines = Lines(title="t", times_utc=times, series=(Series(name="b", values=[1.0, 2.0]),), spans=(span,))
    assert "</i>asleep</li>" in of(lines)


def test_a_table_may_be_folded_and_have_a_sum() -> None:
    table = Table(
        title="numbers", headers=("", "Wh"), rows=(("a", "1"), ("all", "1")), folded=True, last_is_sum=True
    )
    html = of(table)
    assert "<details><summary>numbers</summary>" in html
    assert html.count('<tr class="sum">') == 1
    assert of(Table(headers=("a",), rows=())).count("<table") == 0

"""One page in one file: sections of facts, pictures, tables and words. No script, nothing to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from edgepi.energy.report.charts import NARROW, WIDE, draw, is_empty, labels_fit
from edgepi.energy.report.kinds import Bars, Chart, Fan, Heat, Lines, Series, Stacks
from edgepi.energy.report.numbers import amount
from edgepi.energy.report.style import STYLE

__all__ = ["Fact", "Facts", "Page", "Part", "Said", "Section", "Table", "Words", "render"]

_LOGO = (
    '<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="16" r="6"/>'
    '<path d="M16 2v4M16 26v4M2 16h4M26 16h4M6 6l3 3M23 23l3 3M6 26l3-3M23 9l3-3"/></svg>'
)


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number that stands out, already written with its unit, and a few words below it."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts beside each other."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of written cells; the first cell of a row names it. *folded* hides it until asked for.

    *last_is_sum* sets the last row off; columns in *words* hold text and may wrap.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    folded: bool = False
    last_is_sum: bool = False
    words: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Words:
    """Paragraphs."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Sentences, each with when it was said (already written)."""

    items: tuple[tuple[str, str], ...]


Part = Chart | Facts | Table | Words | Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A card with a heading; *intro* says in a sentence what it shows."""

    heading: str
    parts: tuple[Part, ...]
    intro: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page; *language* as in HTML."""

    title: str
    sections: tuple[Section, ...]
    subtitle: str = ""
    footer: str = ""
    language: str = "en"


def render(page: Page) -> str:
    """Return the page as one HTML document."""
    head = (
        f'<!doctype html><html lang="{escape(page.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(page.title)}</title><style>{STYLE}</style></head>"
    )
    top = f"<header><h1>{_LOGO}{escape(page.title)}</h1>{_paragraph(page.subtitle)}</header>"
    body = "\n".join(_section(section, i) for i, section in enumerate(page.sections))
    foot = f"<footer>{_paragraph(page.footer)}</footer>"
    return f"{head}\n<body>{top}\n<main>{body}</main>\n{foot}</body></html>\n"


def _section(section: Section, number: int) -> str:
    parts = (_part(part, f"p{number}-{i}-") for i, part in enumerate(section.parts))
    return f"<section><h2>{escape(section.heading)}</h2>{_paragraph(section.intro)}{''.join(parts)}</section>"


def _paragraph(words: str, class_: str = "") -> str:
    if not words:
        return ""
    return f'<p class="{class_}">{escape(words)}</p>' if class_ else f"<p>{escape(words)}</p>"


def _part(part: Part, ident: str) -> str:
    match part:
        case Facts():
            return f'<dl class="facts">{"".join(map(_fact, part.facts))}</dl>' if part.facts else ""
        case Table():
            return _table(part)
        case Words():
            return "".join(map(_paragraph, part.paragraphs))
        case Said():
            items = (
                f"<li><time>{escape(when)}</time><span>{escape(what)}</span></li>"
                for when, what in part.items
            )
            return f'<ul class="said">{"".join(items)}</ul>'
        case _:
            return _figure(part, ident)


def _fact(fact: Fact) -> str:
    note = f"<small>{escape(fact.note)}</small>" if fact.note else ""
    return f"<div><dt>{escape(fact.name)}</dt><dd>{escape(fact.value)}{note}</dd></div>"


def _figure(chart: Chart, ident: str) -> str:
    heading = f"<figcaption><h3>{escape(chart.title)}</h3></figcaption>"
    if is_empty(chart):
        return f"<figure>{heading}{_paragraph('Nothing is known yet.', 'muted')}</figure>"
    wide = f'<div class="wide">{draw(chart, WIDE, f"{ident}w")}</div>'
    narrow = f'<div class="narrow">{draw(chart, NARROW, f"{ident}n")}</div>'
    return f"<figure>{heading}{_key(chart)}{wide}{narrow}</figure>"


def _key(chart: Chart) -> str:
    """What the colours mean where the picture itself has no room to say it."""
    items: list[str] = []
    match chart:
        case Stacks():
            shown = ([chart.beside] if chart.beside else []) + list(chart.series)
            sums = [_sum(series, chart.unit) if chart.summed else "" for series in shown]
            rows = zip(shown, sums, strict=True)
            items = [
                _keyed(f"b-{series.tone}", series.name, total) for series, total in rows if any(series.values)
            ]
        case Lines() if chart.spans:
            items = [_keyed("shaded", chart.span_name)]
        case Heat() if chart.low_text or chart.high_text:
            items = [_ramp(chart)]
        case Bars() if any(bar.stated is not None for bar in chart.bars):
            items = [_keyed("tick", "as stated")]
        case _:
            pass
    return _listed(items) + _phone_key(chart)


def _phone_key(chart: Chart) -> str:
    """The names of lines for the narrow picture, if it has no room for them at their ends."""
    if not isinstance(chart, Lines | Fan) or labels_fit(chart, NARROW):
        return ""
    if isinstance(chart, Lines):
        return _listed([_keyed(f"b-{s.tone}", s.name) for s in chart.series], "narrow")
    middle = len(chart.quantiles) // 2
    names, tone = [series.name for series in chart.quantiles], chart.quantiles[middle].tone
    bands = [_keyed(f"b-{tone} h{i + 1}", f"{names[i]} to {names[-1 - i]}") for i in range(middle)]
    drawn = [_keyed(f"b-{series.tone}", series.name) for series in chart.drawn]
    return _listed([_keyed(f"b-{tone}", names[middle]), *reversed(bands), *drawn], "narrow")


def _listed(items: Sequence[str], class_: str = "") -> str:
    return f'<ul class="key {class_}">{"".join(items)}</ul>' if items else ""


def _keyed(class_: str, name: str, total: str = "") -> str:
    return f'<li><i class="{class_}"></i>{escape(name)}{f" <b>{escape(total)}</b>" if total else ""}</li>'


def _sum(series: Series, unit: str) -> str:
    return amount(sum(value or 0.0 for value in series.values), unit)


def _ramp(chart: Heat) -> str:
    steps = "".join(f'<i class="b-{chart.tone} h{n}" style="margin:0 1px 0 0"></i>' for n in range(7))
    return f"<li>{escape(chart.low_text)} {steps} {escape(chart.high_text)}</li>"


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in table.headers)
    last = len(table.rows) - 1
    rows = "".join(
        f"<tr{_class('sum', table.last_is_sum and i == last)}>{_cells(row, table.words)}</tr>"
        for i, row in enumerate(table.rows)
    )
    body = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    title = escape(table.title)
    if table.folded:
        return f"<details><summary>{title or 'The numbers'}</summary>{body}</details>"
    return f"<div>{f'<h3>{title}</h3>' if title else ''}{body}</div>"


def _class(name: str, given: bool) -> str:
    return f' class="{name}"' if given else ""


def _cells(row: Sequence[str], words: Iterable[int]) -> str:
    first, *rest = row
    texts = frozenset(words)
    cells = (f"<td{_class('words', i in texts)}>{escape(cell)}</td>" for i, cell in enumerate(rest, start=1))
    return f'<th scope="row">{escape(first)}</th>{"".join(cells)}'

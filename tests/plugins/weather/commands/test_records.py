from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import edgepi_weather
from edgepi.errors import NodeNotRunningError, NotFoundError, RequestError
from edgepi.plugin import MANIFEST_NAME, Manifest
from edgepi_weather.commands.main import ACTIONS, command
from edgepi_weather.records import FILE
from edgepi_weather.records.report import report
from edgepi_weather.records.store import Store
from edgepi_weather.records.tally import merged, tallies_of
from tests.commands import context_of


class Shown:
    def __init__(self) -> None:
        self.text = ""
        self.data: Any = None

    def line(self, text: str = "") -> None:
        self.text += text + "\n"

    def json(self, data: Any) -> None:
        self.data = data

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        for row in (headers, *rows):
            self.line(" | ".join(map(str, row)))

    def progress(self, text: str) -> None:
        raise AssertionError("the command has no use for it")


class Node:
    """A node that answers, or does not run."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, object]]] = []

    def get(self, path: str, **query: object) -> Any:
        self.asked.append((path, query))
        if self.answer is None:
            raise NodeNotRunningError(Path("/nowhere"))
        return self.answer

    def post(self, path: str, body: object = None) -> Any:
        raise AssertionError("the command has no use for it")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    folder = tmp_path / "plugins" / "roof"
    folder.mkdir(parents=True)
    return Store(folder / FILE)


def keep(store: Store, *days: tuple[datetime, dict[str, float | None]]) -> None:
    store.add(merged(tallies_of(values, at) for at, values in days))


def run(tmp_path: Path, node: Node, *words: str, json: bool = False) -> Shown:
    out = Shown()
    context = context_of("weather", lambda: {"roof": None}, tmp_path, node=node, out=out)
    made = command()
    parser = argparse.ArgumentParser()
    made.add_arguments(parser)
    args = parser.parse_args(["records", *words], argparse.Namespace(json=json))
    assert made.run(args, context) == 0
    return out


def at(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_a_month_is_shown_by_day_with_its_extremes_beside_those_of_all_time(
    tmp_path: Path, store: Store
) -> None:
    keep(
        store,
        (at(9, 3, month=8), {"temperature": 33.3}),
        (at(27, 6), {"temperature": -2.0, "rain": 1.5}),
        (at(27, 14), {"temperature": 8.0, "rain": None}),
        (at(28, 14), {"temperature": 9.0, "rain": 0.5, "wind_gust": 17.0}),
    )
    lines = run(tmp_path, Node()).text.splitlines()
    assert lines[:4] == [
        "day | min °C | mean | max | rain mm | gust m/s",
        "2026-11-27 | -2.0 | 3.0 | 8.0 | 1.5* | ",
        "2026-11-28 | 9.0 | 9.0 | 9.0 | 0.5 | 17.0",
        "2026-11 | -2.0 | 5.0 | 9.0 | 2.0* | 17.0",
    ]
    assert "nobody counted" in lines[4]
    assert "Temperature, most | 9.0 °C | 2026-11-28 14:00 | 33.3 °C | 2026-08-09 03:00" in lines
    assert not any(line.startswith("Rain") for line in lines)


def test_a_running_node_is_asked_first_because_it_knows_the_last_minutes(
    tmp_path: Path, store: Store
) -> None:
    keep(store, (at(27, 6), {"temperature": -2.0}))
    node = Node(report(store, "2026-11"))
    store.file.path.unlink()
    assert "-2.0" in run(tmp_path, node, "--month", "2026-11", "--instance", "roof").text
    assert node.asked[-1] == ("plugins/roof/records", {"month": "2026-11"})


def test_json_is_what_the_route_answers(tmp_path: Path, store: Store) -> None:
    keep(store, (at(27, 6), {"temperature": -2.0}))
    assert run(tmp_path, Node(), json=True).data == report(store, "2026-11")


@pytest.mark.parametrize("month", ["2026", "2026-13", "November", "2026-1", "2026-11-27"])
def test_a_month_that_is_none_is_refused(tmp_path: Path, month: str) -> None:
    with pytest.raises(RequestError, match="not a month"):
        run(tmp_path, Node(), "--month", month)


def test_without_records_it_is_said(tmp_path: Path, store: Store) -> None:
    with pytest.raises(NotFoundError, match="no records yet"):
        run(tmp_path, Node())
    keep(store, (at(27, 6), {"temperature": -2.0}))
    with pytest.raises(NotFoundError, match="2026-10") as raised:
        run(tmp_path, Node(), "--month", "2026-10")
    assert raised.value.hint == "there are of 2026-11"


def test_the_manifest_names_the_command_as_it_is() -> None:
    manifest = Manifest.read(Path(edgepi_weather.__file__).parent / MANIFEST_NAME)
    ((name, text),) = ((entry.name, entry.help) for entry in manifest.commands)
    assert (name, text) == (command().name, command().help)


def test_every_action_is_there() -> None:
    parser = argparse.ArgumentParser()
    command().add_arguments(parser)
    assert all(name in parser.format_help() for name in ACTIONS)

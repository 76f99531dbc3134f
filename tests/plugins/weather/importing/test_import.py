"""The command: from WeeWX's file to records and history, again, interrupted, and beside what is there."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.config.settings import RecorderSettings
from edgepi.errors import NotFoundError, RecorderError, RequestError
from edgepi.model import NodeInfo
from edgepi.plugin import DatedValue, HistoryWriter, Written
from edgepi.recorder import HISTORY_FILE, Archive, Sample
from edgepi.recorder.dated import DatedWriter
from edgepi.recorder.samples import to_ms
from edgepi.testing.clock import START, ManualClock
from edgepi_weather.commands.main import command
from edgepi_weather.config import WeatherConfig
from edgepi_weather.records import FILE
from edgepi_weather.records.store import Store
from edgepi_weather.records.tally import tallies_of
from tests.commands import context_of
from tests.plugins.weather.importing.archives import make, row, weather

DAY = timedelta(days=1)
DAYS, ROWS = 33, 33 * 12
SITE = NodeInfo(name="n", latitude=48.5, longitude=9.0, elevation_m=300.0, time_zone="UTC")


class Shown:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[str] = []
        self.data: Any = None

    def line(self, text: str = "") -> None:
        self.lines.append(text)

    def json(self, data: Any) -> None:
        self.data = data

    def table(self, headers: Sequence[str], rows: Any) -> None:
        raise AssertionError("the command has no use for it")

    def progress(self, text: str) -> None:
        self.steps.append(text)


class Breaking:
    """Writes so many months, then the power goes."""

    def __init__(self, writer: DatedWriter, months: int) -> None:
        self.writer, self.left = writer, months

    def write(self, values: Mapping[str, Sequence[DatedValue]]) -> Written:
        if not self.left:
            raise RecorderError("the power is gone")
        self.left -= 1
        return self.writer.write(values)


class Desk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = Shown()
        self.months = 10**6

    @contextlib.contextmanager
    def history(self) -> Iterator[HistoryWriter]:
        writer = DatedWriter.open(self.folder / HISTORY_FILE, RecorderSettings(), START)
        with contextlib.closing(writer):
            yield Breaking(writer, self.months)

    @contextlib.asynccontextmanager
    async def clock(self) -> AsyncIterator[ManualClock]:
        yield ManualClock()

    def run(self, *words: str, json: bool = True) -> Any:
        self.out = Shown()
        context = replace(
            context_of("weather", lambda: {"roof": WeatherConfig()}, self.folder, out=self.out),
            clock=self.clock,
            site=lambda: SITE,
            history=self.history,
        )
        made = command()
        parser = argparse.ArgumentParser()
        made.add_arguments(parser)
        args = parser.parse_args(["import", *words], argparse.Namespace(json=json))
        assert made.run(args, context) == 0
        return self.out.data

    @property
    def store(self) -> Store:
        return Store(self.folder / "plugins" / "roof" / FILE)

    def history_of(self, key: str, tier: str = "hour") -> list[Sample]:
        archive = Archive.open(self.folder / HISTORY_FILE)
        with contextlib.closing(archive):
            return archive.history(f"roof.{key}", 0, to_ms(START), tier)  # type: ignore[arg-type]  # one of the names


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Days in three months, with a row each two hours, up to now."""
    begin = START - DAYS * DAY
    return str(make(tmp_path / "weewx.sdb", weather(begin, ROWS, interval=120)))


def test_charts_and_records_show_what_weewx_recorded(desk: Desk, file: str) -> None:
    report = desk.run(file)
    assert report["rows"] == ROWS
    assert report["days"] == DAYS
    assert (report["not_understood"], report["not_believed"], report["own_days"]) == (0, {}, 0)
    whole = desk.store.whole()
    assert whole["temperature"].count == ROWS - 6  # today is none of them
    assert whole["rain"].total == pytest.approx(0.2 * 3, abs=0.1)
    hours = desk.history_of("temperature")
    assert hours[0].time_utc == START - DAYS * DAY
    assert len(hours) == ROWS
    assert len(desk.history_of("pressure_sea_level", "5min")) == ROWS
    assert desk.history_of("apparent_temperature")
    assert desk.out.steps[0] == "importing April 2025: 0 rows so far"


def test_a_second_import_changes_nothing(desk: Desk, file: str) -> None:
    first = desk.run(file)
    days, hours = desk.store.read(), desk.history_of("temperature")
    assert desk.run(file) == first
    assert desk.store.read() == days
    assert desk.history_of("temperature") == hours


def test_an_archive_that_grew_is_brought_up_to_date(desk: Desk, tmp_path: Path) -> None:
    begin = START - 10 * DAY
    desk.run(str(make(tmp_path / "a.sdb", weather(begin, 9 * 48 - 6, interval=30))))
    cut = desk.store.read("2025-05-31")["2025-05-31", "temperature"].count
    desk.run(str(make(tmp_path / "b.sdb", weather(begin, 10 * 48, interval=30))))
    assert desk.store.read("2025-05-31")["2025-05-31", "temperature"].count > cut


def test_an_interrupted_import_goes_on_where_it_was(desk: Desk, file: str) -> None:
    desk.months = 1
    with pytest.raises(RecorderError):
        desk.run(file)
    desk.months = 10**6
    report = desk.run(file)
    assert report["from"].isoformat() == "2025-05-01"
    interrupted = desk.store.read(), desk.history_of("temperature")
    assert len(interrupted[1]) == ROWS
    assert desk.run(file)["from"] == (START - DAYS * DAY).date()
    assert (desk.store.read(), desk.history_of("temperature")) == interrupted


def test_days_that_the_station_recorded_itself_stay(desk: Desk, file: str) -> None:
    desk.store.file.path.parent.mkdir(parents=True)
    own = tallies_of({"temperature": 55.0}, datetime(2025, 5, 20, 12, tzinfo=UTC))
    desk.store.add(own)
    report = desk.run(file)
    assert (report["days"], report["own_days"]) == (DAYS - 1, 1)
    assert desk.store.read("2025-05-20") == own


def test_only_the_days_asked_for(desk: Desk, file: str) -> None:
    report = desk.run(file, "--from", "2025-04-30", "--to", "2025-05-01")
    assert (report["rows"], report["days"]) == (24, 2)
    assert {day for day, _ in desk.store.read()} == {"2025-04-30", "2025-05-01"}
    assert len(desk.history_of("temperature")) == 24
    with pytest.raises(NotFoundError, match="no rows of these days"):
        desk.run(file, "--to", "2019-01-01")
    with pytest.raises(RequestError, match="not a day"):
        desk.run(file, "--from", "April")


def test_a_dry_run_writes_nothing(desk: Desk, file: str) -> None:
    report = desk.run(file, "--dry-run")
    assert (report["rows"], report["days"], report["dry_run"]) == (ROWS, DAYS, True)
    assert sorted(path.name for path in desk.folder.iterdir()) == ["weewx.sdb"]


def test_what_is_left_out_is_said(desk: Desk, tmp_path: Path) -> None:
    day = datetime(2025, 5, 20, tzinfo=UTC)
    rows = [
        row(day + timedelta(minutes=5), outTemp=200.0),
        row(day + timedelta(minutes=10), outTemp=20.0),
        row(day + timedelta(minutes=15), system=3, outTemp=20.0),
        row(START + timedelta(days=9000), outTemp=20.0),
    ]
    desk.run(str(make(tmp_path / "a.sdb", rows)), json=False)
    assert desk.out.lines[0] == "2 rows from 2025-05-20 on: 1 days of records imported"
    assert "1 rows are not understood: their units or interval cannot be" in desk.out.lines
    assert "1 rows are of a clock that was wrong: before 1971 or in the future" in desk.out.lines
    assert "1 values of temperature are not believed: they are beyond its limits" in desk.out.lines


def test_a_station_that_is_not_configured_is_told(desk: Desk, file: str) -> None:
    with pytest.raises(NotFoundError, match="no station 'shed'"):
        desk.run(file, "--instance", "shed")

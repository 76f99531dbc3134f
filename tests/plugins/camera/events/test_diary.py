from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.errors import RecorderError
from edgepi.testing.clock import START, ManualClock
from edgepi.testing.doubles import run_in_thread
from edgepi_camera.events import diary as module
from edgepi_camera.events.dating import Times
from edgepi_camera.events.diary import Diary
from edgepi_camera.events.event import Event
from edgepi_camera.events.store import EventStore


class Book:
    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.folder = folder
        self.clock = clock
        self.changes: list[Event] = []
        self.broken: Exception | None = None
        self.store = EventStore(folder / "events.sqlite")
        self.diary = Diary(
            self.store,
            folder,
            Times(clock),
            run_blocking=self._run,
            log=logging.getLogger("edgepi.plugins.yard"),
            on_change=self.changes.append,
        )

    async def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        if self.broken is not None:
            raise self.broken
        return await run_in_thread(function, *args)

    def tell(self, phase: str, name: str = "e1", ago_s: float = 0.0, **fields: Any) -> None:
        self.diary.take({"phase": phase, "id": name, "ago_s": ago_s} | fields)

    async def read(self, name: str = "e1") -> Event:
        await self.diary.settle()
        found = await asyncio.to_thread(self.store.get, name)
        assert found is not None
        return found

    def files(self, name: str = "e1", clip: int = 1000, picture: int = 100) -> Awaitable[None]:
        def write() -> None:
            (self.folder / f"{name}.mp4").write_bytes(b"\0" * clip)
            (self.folder / f"{name}.jpg").write_bytes(b"\0" * picture)

        return asyncio.to_thread(write)


@pytest.fixture
def book(tmp_path: Path, manual_clock: ManualClock) -> Book:
    return Book(tmp_path, manual_clock)


def seconds(event: Event) -> tuple[float, float]:
    """When it began and ended, after the start of the test's clock."""
    assert event.ended_utc is not None
    return (event.began_utc - START).total_seconds(), (event.ended_utc - START).total_seconds()


async def test_an_event_is_written_when_it_begins_and_when_it_ends(book: Book) -> None:
    await book.clock.advance(100.0)
    book.tell("began", ago_s=2.0, score=0.3, zones=["door"], clip="e1.mp4")
    began = await book.read()
    assert began.began_utc == START + timedelta(seconds=98)
    assert began.ended_utc is None
    book.tell("best", score=0.8, zones=["gate"], labels=["person"], picture="e1.jpg")
    await book.clock.advance(20.0)
    await book.files()
    book.tell("ended", ago_s=1.0, clip_s=24.0, score=0.5)
    ended = await book.read()
    assert seconds(ended) == (98.0, 119.0)
    assert (ended.score, ended.zones, ended.labels) == (0.8, ("door", "gate"), ("person",))
    assert (ended.clip, ended.picture, ended.bytes, ended.clip_s) == (True, True, 1100, 24.0)
    assert [each.ended_utc is None for each in book.changes] == [True, False]
    assert book.diary.open == {}


async def test_in_a_simulated_world_ages_are_real_seconds(book: Book) -> None:
    book.clock.rate = 60.0
    await book.clock.advance(3600.0)
    book.tell("began", ago_s=2.0)
    await book.clock.advance(600.0)
    book.tell("ended", ago_s=1.0, clip_s=9.0)
    assert seconds(await book.read()) == (3480.0, 4140.0)


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, 86400.0 * 3650])
async def test_an_event_during_which_the_clock_was_set_is_dated_by_the_new_time(
    book: Book, step_s: float
) -> None:
    book.tell("began")
    await book.clock.advance(10.0)
    book.clock.step_wall(step_s)
    await book.clock.advance(10.0)
    book.tell("ended")
    assert seconds(await book.read()) == (step_s, step_s + 20.0)


async def test_what_was_dated_before_the_clock_was_set_is_dated_again(
    tmp_path: Path,
) -> None:
    book = Book(tmp_path, ManualClock(trusted=False))
    for name in ("e1", "e2"):
        book.tell("began", name)
        await book.clock.advance(10.0)
        book.tell("ended", name)
        await book.clock.advance(10.0)
    assert not (await book.read()).dated
    book.clock.step_wall(1e6)
    book.clock.trusted = True
    await book.diary.write()
    first, second = await book.read("e1"), await book.read("e2")
    assert seconds(first) == (1e6, 1e6 + 10.0)
    assert seconds(second) == (1e6 + 20.0, 1e6 + 30.0)
    assert first.dated
    assert second.dated


async def test_an_end_without_a_beginning_is_an_event_all_the_same(book: Book) -> None:
    await book.clock.advance(100.0)
    book.tell("ended", ago_s=5.0, motion_s=10.0, clip_s=20.0)
    assert seconds(await book.read()) == (85.0, 95.0)


async def test_an_end_before_its_beginning_lasts_no_time(book: Book) -> None:
    await book.clock.advance(100.0)
    book.tell("began", ago_s=0.0)
    book.tell("ended", ago_s=50.0)
    assert seconds(await book.read()) == (100.0, 100.0)


async def test_files_that_are_not_there_are_not_promised(book: Book) -> None:
    book.tell("began", clip="e1.mp4", picture="e1.jpg")
    book.tell("ended", clip_s=3.0)
    event = await book.read()
    assert (event.clip, event.picture, event.bytes, event.clip_s) == (False, False, 0, None)


async def test_an_event_that_shows_nothing_of_what_is_wanted_is_forgotten(book: Book) -> None:
    book.tell("began", "e1")
    book.tell("began", "e2")
    await book.read("e2")
    await book.files("e1")
    book.tell("ended", "e1", reason="nothing that is wanted was seen")
    book.tell("ended", "e2", reason="nothing that is wanted was seen")
    await book.diary.settle()
    assert [event.event_id for event in await asyncio.to_thread(book.store.all)] == ["e1"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"phase": "began"},
        {"phase": "began", "id": "../../etc/passwd"},
        {"phase": "began", "id": 7},
        {"phase": "danced", "id": "e1"},
    ],
)
async def test_what_is_no_event_is_left_out(book: Book, fields: dict[str, Any]) -> None:
    book.diary.take(fields)
    await book.diary.settle()
    assert await asyncio.to_thread(book.store.all) == []


async def test_what_makes_no_sense_in_an_event_is_left_out(book: Book) -> None:
    book.tell("began", score="high", zones="door", labels=[1, None, "x" * 500], reason=["no"])
    book.tell("ended", score=float("inf"), clip_s=-4, zones=[f"z{number}" for number in range(100)])
    event = await book.read()
    assert event.score == 0.0
    assert event.labels == ("x" * 60,)
    assert len(event.zones) == 20
    assert (event.reason, event.clip_s) == ("", None)


@pytest.mark.parametrize("error", [RecorderError("the disk is full"), OSError("read-only"), ValueError("?")])
async def test_what_cannot_be_written_is_written_later_and_said_once(
    book: Book, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    book.broken = error
    book.tell("began")
    await book.diary.settle()
    book.tell("ended")
    await book.diary.settle()
    assert book.diary.trouble
    assert len([each for each in caplog.records if "tried again" in each.message]) == 1
    book.broken = None
    await book.diary.write()
    assert (await book.read()).ended_utc is not None
    assert book.diary.trouble is None


async def test_not_more_waits_than_there_is_room_for(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    book.broken = OSError("full")
    for number in range(30):
        book.tell("ended", f"e{number}")
    await book.diary.settle()
    book.broken = None
    await book.diary.write()
    events = await asyncio.to_thread(book.store.all)
    assert [each.event_id for each in events] == [f"e{number}" for number in range(20, 30)]


async def test_when_the_process_ends_nothing_is_in_progress(book: Book) -> None:
    book.tell("began")
    assert [event.event_id for event in book.diary.cut()] == ["e1"]
    assert book.diary.open == {}
    assert book.diary.cut() == []

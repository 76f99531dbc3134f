from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgepi.errors import NotFoundError, PluginError
from edgepi.testing.doubles import run_in_thread
from edgepi_camera.events.stills import Stills
from edgepi_camera.events.timelapse import Film, Timelapse, rate_of
from edgepi_camera.events.workshop import Workshop
from tests.plugins.camera.doubles import JPEG, Children

BERLIN = "Europe/Berlin"
EVENING = datetime(2025, 6, 1, 21, 59, 30, tzinfo=UTC)


@pytest.fixture
def stills(tmp_path: Path) -> Stills:
    return Stills(tmp_path / "stills", BERLIN)


def test_a_still_lies_in_the_folder_of_its_local_day(stills: Stills) -> None:
    before, after = stills.save(JPEG, EVENING), stills.save(JPEG, EVENING + timedelta(minutes=1))
    assert (before.name, after.name) == ("20250601T215930Z.jpg", "20250601T220030Z.jpg")
    assert stills.days() == ["2025-06-01", "2025-06-02"]
    assert stills.of("2025-06-02") == [after]
    assert stills.named(after.name) == after.path
    assert stills.latest() == after


def test_the_hour_that_comes_twice_in_autumn_loses_no_still(stills: Stills) -> None:
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    for hours in (0, 1):
        stills.save(JPEG, first + timedelta(hours=hours))
    assert len(stills.of("2025-10-26")) == 2


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../../etc/passwd",
        "20250601T215930Z.jpg/..",
        "20251301T215930Z.jpg",
        "20250601T000000Z.jpg",
        "a.jpg",
    ],
)
def test_what_is_no_still_is_not_found(stills: Stills, name: str) -> None:
    stills.save(JPEG, EVENING)
    assert stills.named(name) is None


def test_foreign_files_are_no_stills(stills: Stills) -> None:
    folder = stills.save(JPEG, EVENING).path.parent
    (folder / "holiday.jpg").write_bytes(JPEG)
    (stills.folder / "old").mkdir()
    assert len(stills.all()) == 1


def test_the_last_still_of_a_day_takes_its_folder_along(stills: Stills) -> None:
    still = stills.save(JPEG, EVENING)
    stills.drop(still.path)
    assert stills.days() == []
    stills.drop(still.path)
    assert stills.latest() is None


def test_what_a_cut_left_unfinished_is_removed(stills: Stills) -> None:
    still = stills.save(JPEG, EVENING)
    draft = still.path.with_name(f".{still.name}.12345678.new")
    draft.write_bytes(b"half")
    stills.tidy()
    assert not draft.exists()
    assert still.path.exists()


class Films:
    def __init__(self, folder: Path) -> None:
        self.children = Children()
        self.stills = Stills(folder / "stills", BERLIN)
        workshop = Workshop(self.children)
        self.films = Timelapse(folder / "timelapse", self.stills, workshop, run_in_thread)

    async def take(self, count: int, begin: datetime = EVENING) -> None:
        for number in range(count):
            await asyncio.to_thread(self.stills.save, JPEG, begin - timedelta(minutes=number))

    async def all(self) -> list[Film]:
        return await asyncio.to_thread(self.films.all)


@pytest.fixture
def films(tmp_path: Path) -> Films:
    return Films(tmp_path)


async def test_a_day_becomes_a_film_once(films: Films) -> None:
    await films.take(3)
    path = await films.films.make("2025-06-01")
    assert await asyncio.to_thread(path.read_bytes) == b"film" * 3
    assert [Path(name).name for name in films.children.files.last("timelapse")["files"]] == [
        "20250601T215730Z.jpg",
        "20250601T215830Z.jpg",
        "20250601T215930Z.jpg",
    ]
    assert await films.films.make("2025-06-01") == path
    assert len(films.children.files.asked) == 1
    assert not films.children.files.alive


async def test_it_is_made_anew_when_there_are_more_stills(films: Films) -> None:
    await films.take(2)
    path = await films.films.make("2025-06-01")
    await asyncio.sleep(0.02)
    await films.take(1, EVENING + timedelta(seconds=10))
    assert await films.films.make("2025-06-01") == path
    assert await asyncio.to_thread(path.read_bytes) == b"film" * 3


@pytest.mark.parametrize("day", ["2025-06-02", "2025-6-1", "../../etc", "2025-13-01", ""])
async def test_without_stills_there_is_no_film(films: Films, day: str) -> None:
    await films.take(2)
    with pytest.raises(NotFoundError):
        await films.films.make(day)


async def test_past_days_are_made_by_themselves(films: Films) -> None:
    await films.take(2)
    await films.take(1, EVENING - timedelta(days=1))
    await films.take(2, EVENING + timedelta(days=1))
    await films.films.make_due("2025-06-02")
    assert [film.day for film in await films.all()] == ["2025-06-01"]


@pytest.mark.parametrize("fault", ["dies", "hangs", "refuses"])
async def test_a_film_that_cannot_be_made_leaves_no_half_of_it(films: Films, fault: str) -> None:
    await films.take(2)
    films.children.files.faults["timelapse"] = fault
    with pytest.raises((PluginError, TimeoutError)):
        await films.films.make("2025-06-01")
    draft = films.films.folder / ".2025-06-01.new.mp4"
    await asyncio.to_thread(draft.write_bytes, b"half")
    assert await films.all() == []
    await asyncio.to_thread(films.films.tidy)
    assert not await asyncio.to_thread(draft.exists)


@pytest.mark.parametrize(("count", "fps"), [(30, 25.0), (1500, 25.0), (3000, 50.0)])
def test_a_film_of_very_many_stills_is_short_all_the_same(count: int, fps: float) -> None:
    assert rate_of(count) == fps

from __future__ import annotations

import asyncio
import os
import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.errors import NotFoundError
from edgepi.testing.clock import START
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_camera.config import KeepConfig
from edgepi_camera.events.event import Event
from edgepi_camera.events.keeper import Keeper
from tests.plugins.camera.doubles import JPEG, Children, config_of

# As a camera's process names them.
E1, E2 = "0123456789ab-0000001", "0123456789ab-0000002"

MB = 10**6
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 (as that of shutil)


class Disk:
    """A folder as a node finds it, on a disk of a size that the test says."""

    def __init__(self, folder: Path, context: ContextFactory, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "clips"
        self.folder.mkdir()
        self.children = Children()
        self.others = 0
        self.size: int | None = None
        self.context = context
        monkeypatch.setattr(shutil, "disk_usage", self._usage)

    def _usage(self, _: Path) -> Usage:
        if self.size is None:
            return Usage(10**12, 0, 10**12)
        used = self.others + sum(path.stat().st_size for path in self.folder.rglob("*.???") if path.is_file())
        return Usage(self.size, used, max(0, self.size - used))

    def keeper(self, **changes: Any) -> Keeper:
        """What a node makes of it; a new one is a new life."""
        config = config_of(**({"keep": KeepConfig(days=14, size=200 * MB, free=50 * MB)} | changes))
        return Keeper(self.context(config, child=self.children), self.folder, lambda _: None)

    def file(self, name: str, size: int = 1000, at_s: float | None = None) -> Path:
        path = self.folder / name
        with path.open("wb") as file:
            file.truncate(size)
        if at_s is not None:
            moment = START.timestamp() + at_s
            os.utime(path, (moment, moment))
        return path


@pytest.fixture
def disk(tmp_path: Path, plugin_context: ContextFactory, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path, plugin_context, monkeypatch)


async def do(function: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.to_thread(function, *args)


async def begun(keeper: Keeper) -> None:
    """Prepare it, and wait for what was found to be looked into."""
    await keeper.prepare()
    await keeper.upkeep()


async def happened(keeper: Keeper, disk: Disk, name: str = "e1", mb: float = 10) -> None:
    """Let an event happen."""
    keeper.take({"phase": "began", "id": name, "ago_s": 0.0})
    await do(disk.file, f"{name}.mp4", int(mb * MB))
    keeper.take({"phase": "ended", "id": name, "ago_s": 0.0, "clip_s": 9.0})
    await keeper.diary.settle()


async def names(keeper: Keeper) -> list[str]:
    return [event.event_id for event in await do(keeper.store.all)]


async def only(keeper: Keeper) -> Event:
    (event,) = await do(keeper.store.all)
    found: Event = event
    return found


async def test_what_a_power_cut_interrupted_ends_where_its_clip_does(disk: Disk) -> None:
    before = disk.keeper()
    await before.prepare()
    before.take({"phase": "began", "id": "e1", "ago_s": 0.0, "score": 0.5, "zones": ["door"]})
    await before.diary.settle()
    await do(disk.file, "e1.mp4")
    await do(disk.file, "e1.jpg")
    disk.children.made.clear()
    after = disk.keeper()
    disk.children.files.probes["e1.mp4"] = (True, 20.0)
    await begun(after)
    event = await only(after)
    assert event.ended_utc == event.began_utc + timedelta(seconds=15)
    assert (event.clip_s, event.zones, event.reason) == (20.0, ("door",), "cut off")
    assert (event.clip, event.picture, event.bytes) == (True, True, 2000)
    assert not disk.children.files.alive


async def test_a_clip_that_nobody_wrote_down_is_adopted_with_the_time_of_its_file(disk: Disk) -> None:
    await do(disk.file, f"{E1}.mp4", 5000, -60.0)
    keeper = disk.keeper()
    await begun(keeper)
    event = await only(keeper)
    assert (event.event_id, event.clip_s) == (E1, 12.0)
    assert event.ended_utc == START - timedelta(seconds=60)
    assert event.began_utc == START - timedelta(seconds=72)


async def test_a_file_from_the_future_is_dated_now(disk: Disk) -> None:
    await do(disk.file, f"{E1}.mp4", 5000, 1e7)
    keeper = disk.keeper()
    await begun(keeper)
    assert (await only(keeper)).ended_utc == START


async def test_a_clip_that_cannot_be_played_is_removed_and_said(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    clip, picture = await do(disk.file, f"{E1}.mp4"), await do(disk.file, f"{E1}.jpg")
    broken = await do(disk.file, f"{E2}.mp4")
    keeper = disk.keeper()
    disk.children.files.probes |= {f"{E1}.mp4": (False, 0.0), f"{E2}.mp4": (False, 0.0)}
    await begun(keeper)
    assert not await do(clip.exists)
    assert not await do(broken.exists)
    assert await do(picture.exists)
    event = await only(keeper)
    assert (event.event_id, event.clip, event.picture) == (E1, False, True)
    assert f"{E2}.mp4 was cut off and cannot be played" in caplog.text


@pytest.mark.parametrize("fault", ["dies", "hangs"])
async def test_a_clip_that_kills_its_reader_gets_two_trials_and_is_then_kept_as_it_is(
    disk: Disk, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    clip = await do(disk.file, f"{E1}.mp4")
    good = await do(disk.file, f"{E2}.mp4")
    for trial in (1, 2):
        keeper = disk.keeper()
        disk.children.files.faults["probe"] = fault
        await begun(keeper)
        assert await do(clip.exists)
        assert ("kept as it is" in caplog.text) is (trial == 2)
    await do(good.write_bytes, b"x" * 10)
    keeper = disk.keeper()
    await begun(keeper)
    assert set(await names(keeper)) == {E1, E2}


async def test_rows_whose_files_are_gone_are_forgotten(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    for name in ("e1", "e2"):
        await happened(keeper, disk, name)
    await do((disk.folder / "e1.mp4").unlink)
    after = disk.keeper()
    await begun(after)
    assert await names(after) == ["e2"]
    assert "1 events are forgotten" in caplog.text


async def test_drafts_are_removed_and_foreign_files_left_alone(disk: Disk) -> None:
    draft = await do(disk.file, ".e1.jpg.12345678.new")
    foreign = [
        await do(disk.file, name)
        for name in ("holiday.mov", "holiday.mp4", "01-20261128.mp4", "not ours.mp4")
    ]
    keeper = disk.keeper()
    await begun(keeper)
    assert not await do(draft.exists)
    assert all([await do(path.exists) for path in foreign])
    assert await names(keeper) == []


async def test_an_event_in_progress_is_taken_for_no_leftover(disk: Disk) -> None:
    keeper = disk.keeper()
    keeper.take({"phase": "began", "id": "e1", "ago_s": 0.0})
    await do(disk.file, "e1.mp4")
    await begun(keeper)
    assert disk.children.files.asked == []
    assert (await only(keeper)).ended_utc is None


async def test_when_the_process_dies_its_event_ends_with_what_is_there(disk: Disk) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    keeper.take({"phase": "began", "id": "e1", "ago_s": 0.0})
    await do(disk.file, "e1.mp4")
    await keeper.cut()
    event = await only(keeper)
    assert (event.clip_s, event.reason) == (12.0, "cut off")
    assert event.ended_utc is not None


async def test_a_damaged_index_is_put_aside_and_the_clips_stay(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    await happened(keeper, disk, E1)
    await do((disk.folder / "events.sqlite").write_bytes, b"rubbish" * 1000)
    after = disk.keeper()
    await begun(after)
    assert await names(after) == [E1]
    assert "damaged" in caplog.text
    assert await do((disk.folder / "events.broken").exists)


async def test_a_folder_that_cannot_be_used_is_said_once_and_tried_again(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    await do(shutil.rmtree, disk.folder)
    await do(disk.folder.write_bytes, b"a file where the folder should be")
    keeper = disk.keeper()
    for _ in range(3):
        await keeper.upkeep()
        await keeper.look()
    assert len([record for record in caplog.records if "storage fails" in record.message]) == 1
    await do(disk.folder.unlink)
    await keeper.upkeep()
    await happened(keeper, disk)
    assert await names(keeper) == ["e1"]


async def test_the_oldest_go_when_there_is_too_much_and_it_is_said_once(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    for number in range(5):
        await happened(keeper, disk, f"e{number}", 60)
    await keeper.make_room()
    assert await names(keeper) == ["e2", "e3", "e4"]
    assert not await do((disk.folder / "e0.mp4").exists)
    assert keeper.stored_bytes == 180 * MB
    said = [record.message for record in caplog.records if record.message.startswith("removed")]
    assert said == ["removed 2 events (120 MB): more than 200 MB together"]


async def test_what_is_old_goes_with_its_stills_and_films(disk: Disk) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    await keeper.save_still(JPEG)
    await happened(keeper, disk, "e1", 1)
    await do(keeper.films.folder.mkdir)
    await do((keeper.films.folder / "2025-06-01.mp4").write_bytes, b"film")
    await keeper._context.clock.advance(15 * 86400.0)  # type: ignore[attr-defined]
    await happened(keeper, disk, "e2", 1)
    await keeper.make_room()
    assert await names(keeper) == ["e2"]
    assert await do(keeper.stills.all) == await do(keeper.films.all) == []


async def test_room_is_made_before_the_disk_is_full(disk: Disk) -> None:
    disk.size, disk.others = 200 * MB, 30 * MB
    keeper = disk.keeper()
    await keeper.prepare()
    for number in range(5):
        await happened(keeper, disk, f"e{number}", 20)
    await keeper.look()
    assert await names(keeper) == [f"e{number}" for number in range(5)]
    disk.others += 45 * MB
    await keeper.look()
    assert await names(keeper) == ["e2", "e3", "e4"]
    assert not keeper.full


async def test_where_nothing_is_left_to_remove_it_is_full_until_there_is_room(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    disk.size, disk.others = 200 * MB, 180 * MB
    keeper = disk.keeper()
    await keeper.prepare()
    await happened(keeper, disk, "e1", 10)
    for _ in range(3):
        await keeper.look()
    assert keeper.full
    assert "storage full" in keeper.note
    assert len([record for record in caplog.records if "storage full" in record.message]) == 1
    assert await names(keeper) == []
    assert await keeper.save_still(JPEG) is None
    disk.others = 0
    await keeper.look()
    assert not keeper.full
    assert keeper.note == ""


async def test_the_event_in_progress_is_never_removed(disk: Disk) -> None:
    disk.size, disk.others = 200 * MB, 180 * MB
    keeper = disk.keeper()
    await keeper.prepare()
    keeper.take({"phase": "began", "id": "e1", "ago_s": 0.0})
    clip = await do(disk.file, "e1.mp4", 10 * MB)
    await keeper.diary.settle()
    await keeper.look()
    assert await do(clip.exists)
    assert await names(keeper) == ["e1"]


async def test_an_event_is_removed_or_kept_as_the_owner_says(disk: Disk) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    for name in ("e1", "e2"):
        await happened(keeper, disk, name)
    await keeper.keep("e1", True)
    await keeper.remove("e2")
    assert (await only(keeper)).kept
    assert not await do((disk.folder / "e2.mp4").exists)
    for name in ("e2", "../e1", ""):
        with pytest.raises(NotFoundError):
            await keeper.remove(name)
        with pytest.raises(NotFoundError):
            await keeper.keep(name, True)
        with pytest.raises(NotFoundError):
            await keeper.file_of(name, "clip")


async def test_one_in_progress_cannot_be_removed(disk: Disk) -> None:
    keeper = disk.keeper()
    keeper.take({"phase": "began", "id": "e1", "ago_s": 0.0})
    with pytest.raises(NotFoundError, match="in progress"):
        await keeper.remove("e1")


async def test_events_are_counted_by_local_days(disk: Disk) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    await happened(keeper, disk, "e1", 0.1)
    clock: Any = keeper._context.clock
    await clock.advance(9.9 * 3600.0)
    assert await keeper.events_today() == 1
    await clock.advance(0.2 * 3600.0)
    assert clock.now().astimezone(UTC).day == START.day
    assert await keeper.events_today() == 0


async def test_a_new_life_knows_the_last_event_and_still(disk: Disk) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    await happened(keeper, disk, "e1", 0.1)
    still = await keeper.save_still(JPEG)
    after = disk.keeper()
    await after.prepare()
    assert after.last_event_utc == START
    assert after.last_still == still


async def test_films_of_past_days_are_made_by_the_upkeep(disk: Disk) -> None:
    keeper = disk.keeper(timelapse=60.0)
    await keeper.prepare()
    clock: Any = keeper._context.clock
    for _ in range(3):
        await keeper.save_still(JPEG)
        await clock.advance(60.0)
    await keeper.upkeep()
    assert await do(keeper.films.all) == []
    await clock.advance(86400.0)
    await keeper.upkeep()
    assert [film.day for film in await do(keeper.films.all)] == ["2025-06-01"]


async def test_an_index_that_is_damaged_while_the_node_runs_is_begun_anew(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = disk.keeper()
    await keeper.prepare()
    await happened(keeper, disk, E1)
    await do(keeper.store.file.path.write_bytes, b"no database" * 1000)
    await happened(keeper, disk, E2)
    assert keeper.diary.trouble is not None
    await keeper.look()
    await keeper.upkeep()
    assert keeper.diary.trouble is None
    assert set(await names(keeper)) == {E1, E2}
    assert caplog.text.count("were damaged") == 1

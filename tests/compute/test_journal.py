from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgepi.compute.journal import JobJournal, JobRecord, JobTotals, StageEntry
from edgepi.errors import JournalError

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def job(job_id: str = "0x01", **values: object) -> JobRecord:
    given = {"backend": "iexec", "title": "pi", "stage": "STARTED", "created_utc": NOON, "updated_utc": NOON}
    return JobRecord(job_id=job_id, **{**given, **values})  # type: ignore[arg-type]


def ended(job_id: str, minute: int, **values: object) -> JobRecord:
    when = NOON + timedelta(minutes=minute)
    return job(
        job_id,
        stage="COMPLETED",
        created_utc=when,
        updated_utc=when,
        ended_utc=when,
        outcome="paid",
        **values,
    )


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[JobJournal]:
    opened = JobJournal(tmp_path / "jobs.db", keep=3)
    await opened.open()
    yield opened
    await opened.close()


async def again(journal: JobJournal) -> JobJournal:
    """What another life of the node finds."""
    await journal.close()
    await journal.open()
    return journal


async def test_a_job_is_found_again_as_it_was(journal: JobJournal) -> None:
    record = job(energy_wh=1.25, run_s=30.0, data={"digest": "0xab", "tries": [1, 2]})
    await journal.put(record)
    assert await (await again(journal)).get("0x01") == record
    assert await journal.get("0x02") is None


async def test_only_what_has_not_ended_is_open(journal: JobJournal) -> None:
    first, second = job("0x01"), job("0x02", created_utc=NOON - timedelta(hours=1))
    for record in (first, second, ended("0x03", 1), job("0x04", backend="other")):
        await journal.put(record)
    assert await journal.open_jobs("iexec") == (second, first)


async def test_each_stage_is_noted_once_with_its_time(journal: JobJournal) -> None:
    for minute, stage in enumerate(("STARTED", "COMPUTING", "COMPUTING", "COMPUTED")):
        await journal.put(job(stage=stage, updated_utc=NOON + timedelta(minutes=minute)))
    assert await journal.stages("0x01") == (
        StageEntry("STARTED", NOON),
        StageEntry("COMPUTING", NOON + timedelta(minutes=1)),
        StageEntry("COMPUTED", NOON + timedelta(minutes=3)),
    )


async def test_old_jobs_go_but_what_they_earned_stays(journal: JobJournal) -> None:
    for minute in range(5):
        await journal.put(ended(f"0x0{minute}", minute, energy_wh=0.5, run_s=10.0, earned_nrlc=minute * 100))
        await journal.write_logs(f"0x0{minute}", "out", "")
    await journal.put(job("0x09"))
    assert [each.job_id for each in await journal.history()] == ["0x04", "0x03", "0x02", "0x09"]
    assert await journal.totals() == JobTotals(5, 4, 2.5, 50.0, 1000)
    assert await journal.totals("other") == JobTotals(0, 0, 0.0, 0.0, 0)
    assert await journal.logs("0x00") is None
    assert await journal.logs("0x04") == ("out", "")


async def test_what_a_stranger_says_cannot_move_a_cursor(journal: JobJournal) -> None:
    await journal.write_logs("0x01", "fine\n\x1b[2Jgone\x00\ud800", "\u202eright to left")
    assert await journal.logs("0x01") == ("fine\n[2Jgone", "right to left")


async def test_the_last_of_long_logs_is_kept(journal: JobJournal) -> None:
    await journal.write_logs("0x01", "a" * 150_000 + "end", "")
    found = await journal.logs("0x01")
    assert found is not None
    assert len(found[0]) == 100_000
    assert found[0].endswith("aend")


async def test_logs_of_old_jobs_go_before_the_jobs_themselves(tmp_path: Path) -> None:
    journal = JobJournal(tmp_path / "jobs.db", keep_logs=2)
    await journal.open()
    for minute in range(4):
        await journal.put(ended(f"0x0{minute}", minute))
        await journal.write_logs(f"0x0{minute}", "out", "")
    logs = [await journal.logs(f"0x0{minute}") for minute in range(4)]
    assert logs == [None, None, ("out", ""), ("out", "")]
    assert len(await journal.history()) == 4
    await journal.close()


async def test_data_that_is_no_json_is_refused_and_nothing_is_written(journal: JobJournal) -> None:
    with pytest.raises(JournalError, match="does not fit into JSON"):
        await journal.put(job(data={"when": NOON}))
    assert await journal.get("0x01") is None


async def test_a_damaged_file_is_kept_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "jobs.db"
    path.write_bytes(b"this was a journal" * 100)
    journal = JobJournal(path)
    await journal.open()
    await journal.put(job())
    await journal.close()
    assert (tmp_path / "jobs.db.damaged-1").read_bytes().startswith(b"this was")
    assert "kept as" in caplog.text


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    journal = JobJournal(path)
    with pytest.raises(JournalError, match="newer EdgePi"):
        await journal.open()
    assert await asyncio.to_thread(os.listdir, tmp_path) == ["jobs.db"]
    with pytest.raises(JournalError, match="not open"):
        await journal.history()


async def test_a_full_disk_is_an_error_that_says_so(
    journal: JobJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = journal._file._database
    assert database is not None
    (pages,) = await journal._do(lambda: database.execute("PRAGMA page_count").fetchone())
    await journal._do(database.execute, f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="full") as caught:
        await journal.put(job(data={"much": "x" * 100_000}))
    assert caught.value.hint is not None
    assert await journal.get("0x01") is None


async def test_it_must_be_open(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="not open"):
        await JobJournal(tmp_path / "jobs.db").put(job())


KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from edgepi.compute.journal import JobJournal, JobRecord

async def main():
    journal = JobJournal(Path(sys.argv[1]))
    await journal.open()
    now = datetime.now(UTC)
    for number in range(100_000):
        stage = f"S{number}"
        record = JobRecord(
            job_id="one", backend="b", title="t", stage=stage, created_utc=now, updated_utc=now
        )
        await journal.put(record)
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.slow
def test_what_was_written_outlives_a_kill_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(25):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in process.stdout.read().split()]
        process.stdout.close()
        process.wait()
        with sqlite3.connect(path) as database:
            (stage,) = database.execute("SELECT stage FROM job").fetchone()
        database.close()
        assert int(stage[1:]) >= (said[-1] if said else 24)


async def test_replacing_a_job_keeps_no_old_copy(journal: JobJournal) -> None:
    await journal.put(job())
    await journal.put(replace(job(), stage="COMPUTED"))
    assert [each.stage for each in await journal.history()] == ["COMPUTED"]

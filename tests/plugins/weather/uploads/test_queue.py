from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgepi_weather.uploads.queue import FILE, Queue, Standing
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.service import Rule

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
BACKLOG = Rule(every_s=300.0, stale_s=86400.0, most=100)
NEWEST = Rule(every_s=600.0, stale_s=600.0, most=1, oldest_first=False, repeatable=False)


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path / FILE)


def report(minutes: float, temperature: float = 4.5) -> Report:
    return Report(at_utc=NOON + timedelta(minutes=minutes), temperature=temperature, rain_hour=0.0)


def test_reports_come_back_as_they_went_in_oldest_first(queue: Queue) -> None:
    for minutes in (5, 0, 10):
        queue.put("a", report(minutes), BACKLOG)
    first = queue.next("a", BACKLOG, NOON + timedelta(minutes=10))
    assert first == report(0)
    assert first is not None
    queue.sent("a", first, NOON + timedelta(minutes=10))
    assert queue.next("a", BACKLOG, NOON + timedelta(minutes=10)) == report(5)
    assert queue.standing("a").waiting == 2
    assert queue.standing("a").sent_utc == NOON + timedelta(minutes=10)


def test_each_service_has_its_own_row(queue: Queue) -> None:
    queue.put("a", report(0), BACKLOG)
    queue.put("b", report(0), BACKLOG)
    queue.sent("a", report(0), NOON)
    assert queue.next("a", BACKLOG, NOON) is None
    assert queue.next("b", BACKLOG, NOON) == report(0)


def test_the_same_second_is_queued_once(queue: Queue) -> None:
    queue.put("a", report(0), BACKLOG)
    queue.put("a", report(0, temperature=9.0), BACKLOG)
    assert queue.standing("a").waiting == 1
    assert queue.next("a", BACKLOG, NOON) == report(0)


def test_newest_first_of_a_rule_that_keeps_one_is_the_newest(queue: Queue) -> None:
    for minutes in (0, 5):
        queue.put("a", report(minutes), NEWEST)
    assert queue.next("a", NEWEST, NOON + timedelta(minutes=6)) == report(5)
    assert queue.standing("a") == Standing(waiting=1, queued_utc=NOON + timedelta(minutes=5), dropped=1)


def test_what_is_stale_is_never_sent(queue: Queue) -> None:
    queue.put("a", report(0), NEWEST)
    assert queue.next("a", NEWEST, NOON + timedelta(minutes=10)) == report(0)
    assert queue.next("a", NEWEST, NOON + timedelta(minutes=10, seconds=1)) is None
    assert queue.standing("a").dropped == 1


def test_what_a_wrong_clock_dated_into_the_future_is_never_sent(queue: Queue) -> None:
    queue.put("a", report(60 * 24 * 365), BACKLOG)
    assert queue.next("a", BACKLOG, NOON) is None


def test_a_backlog_keeps_the_newest(queue: Queue) -> None:
    rule = Rule(every_s=300.0, stale_s=86400.0, most=3)
    for minutes in range(0, 50, 5):
        queue.put("a", report(minutes), rule)
    assert queue.standing("a").waiting == 3
    assert queue.standing("a").dropped == 7
    assert queue.next("a", rule, NOON + timedelta(minutes=50)) == report(35)


def test_an_error_is_kept_until_a_report_was_taken(queue: Queue) -> None:
    queue.put("a", report(0), BACKLOG)
    queue.failed("a", report(0), "nobody answers", NOON, keep=True)
    standing = queue.standing("a")
    assert (standing.waiting, standing.error, standing.error_utc) == (1, "nobody answers", NOON)
    queue.sent("a", report(0), NOON)
    assert (queue.standing("a").error, queue.standing("a").sent) == (None, 1)


def test_a_report_that_is_never_taken_goes(queue: Queue) -> None:
    queue.put("a", report(0), BACKLOG)
    queue.failed("a", report(0), "no such field", NOON, keep=False)
    assert queue.standing("a").waiting == 0
    assert queue.standing("a").dropped == 1


def test_what_was_on_its_way_when_the_node_died_is_let_go_of_and_nothing_else(queue: Queue) -> None:
    for minutes in (0, 5):
        queue.put("a", report(minutes), BACKLOG)
    queue.begin("a", report(0))
    again = Queue(queue.file.path)
    assert again.settle("a") == 1
    assert again.next("a", BACKLOG, NOON + timedelta(minutes=5)) == report(5)


def test_a_failed_report_is_not_on_its_way(queue: Queue) -> None:
    queue.put("a", report(0), BACKLOG)
    queue.begin("a", report(0))
    queue.failed("a", report(0), "nobody answers", NOON, keep=True)
    assert queue.settle("a") == 0


def test_without_a_file_nothing_waits_and_none_is_made(queue: Queue) -> None:
    assert queue.next("a", BACKLOG, NOON) is None
    assert queue.standing("a") == Standing()
    assert queue.settle("a") == 0
    assert not queue.file.path.exists()


def test_a_report_of_a_newer_version_is_read_without_what_is_unknown(queue: Queue) -> None:
    queue.put("a", report(0), BACKLOG)
    with sqlite3.connect(queue.file.path) as database:
        database.execute("""UPDATE waiting SET report = '{"temperature": 1.5, "uv": 3}'""")
    database.close()
    assert queue.next("a", BACKLOG, NOON) == Report(at_utc=NOON, temperature=1.5)


def test_a_slot_begins_where_the_offset_says() -> None:
    rule = Rule(every_s=300.0, stale_s=1.0, most=1, offset_s=100.0)
    assert [rule.slot(at_s) for at_s in (99.0, 100.0, 399.0, 400.0)] == [-1, 0, 0, 1]


# As the first version wrote it: what is changed of the file must still read these.
FIRST_VERSION = """
CREATE TABLE waiting (
  service TEXT NOT NULL, at INTEGER NOT NULL, report TEXT NOT NULL, begun INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (service, at)
) WITHOUT ROWID;
CREATE TABLE service (
  name TEXT PRIMARY KEY, queued_at INTEGER, sent_at INTEGER, error TEXT, error_at INTEGER,
  sent INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO waiting VALUES ('a', 1795780800, '{"temperature": 4.5, "rain_hour": 0.0}', 0);
INSERT INTO service VALUES ('a', 1795780800, 1795780500, NULL, NULL, 12, 3);
PRAGMA user_version = 1;
"""


def test_a_queue_of_the_first_version_is_read_and_goes_on(queue: Queue) -> None:
    with closing(sqlite3.connect(queue.file.path)) as database:
        database.executescript(FIRST_VERSION)
    assert queue.file.mend() is None
    assert queue.next("a", BACKLOG, NOON) == report(0)
    queue.sent("a", report(0), NOON)
    standing = queue.standing("a")
    assert (standing.waiting, standing.sent, standing.dropped, standing.queued_utc) == (0, 13, 3, NOON)

"""Reports that come while their task ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.testing.clock import ManualClock
from edgepi_iexec.pool.book import Book
from edgepi_iexec.pool.model import PoolTask, Replicate, Stage, StageChange, StatusChange
from edgepi_iexec.pool.reporting import Reporting
from edgepi_iexec.pool.settings import PoolSettings
from edgepi_iexec.pool.store import Store
from edgepi_iexec.pool.writer import Statement
from edgepi_iexec.protocol.notifications import NotificationType
from edgepi_iexec.protocol.reports import StatusUpdate
from edgepi_iexec.protocol.statuses import ReplicateStatus

NOW = datetime(2025, 6, 1, tzinfo=UTC)
ID, WALLET, ADDRESS = "0x" + "1" * 64, "0x" + "2" * 40, "0x" + "3" * 40
TASK = PoolTask(
    task_id=ID,
    deal_id="0x" + "4" * 64,
    index=0,
    deal_block=1,
    image="demo",
    params="{}",
    tag="0x" + "0" * 64,
    trust=1,
    category=0,
    time_ref_s=300,
    requester=ADDRESS,
    beneficiary=ADDRESS,
    callback=ADDRESS,
    worker_stake_nrlc=0,
    contribution_deadline_utc=NOW + timedelta(hours=1),
    final_deadline_utc=NOW + timedelta(hours=2),
    stages=(StageChange(Stage.COMPLETED, NOW),),
)


class Brisk(Book):
    """Retires a task as soon as its last share has ended, before the disk has answered."""

    async def save(self, *records: Any, statements: Iterable[Statement] = ()) -> None:
        await super().save(*records, statements=statements)
        if any(isinstance(each, Replicate) and each.status is ReplicateStatus.COMPLETED for each in records):
            self.retire(ID)


class Believing:
    async def prove(self, *_: object) -> dict[str, Any]:
        return {}


async def test_the_last_report_of_a_task_is_taken_though_the_task_is_put_away_meanwhile(
    tmp_path: Path,
) -> None:
    book = Brisk(Store(tmp_path / "pool.db"))
    book.load(await book.store.open())
    share = Replicate(task_id=ID, wallet=WALLET, history=(StatusChange(ReplicateStatus.COMPLETING, NOW),))
    await book.save(TASK, replace(share))
    settings = PoolSettings(pool_address=ADDRESS, hub=ADDRESS, rpc_url="", state_dir=tmp_path, chain_id=1)
    reporting = Reporting(settings, book, Believing(), ManualClock(NOW))  # type: ignore[arg-type]
    answer = await reporting.report(ID, WALLET, StatusUpdate(status=ReplicateStatus.COMPLETED))
    assert answer == (200, NotificationType.PLEASE_WAIT)
    assert ID not in book.tasks
    await book.store.close()

"""Deals, tasks and terms as the chain would tell them, for tests of pure decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from edgepi_iexec.chain.model import ZERO_ADDRESS, ZERO_HASH, App, Category, Deal, Resource, Task, TaskStatus
from edgepi_iexec.worker.checks import Terms

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
APP, REQUESTER, POOL = ("0x" + digit * 40 for digit in "abc")
RLC = 10**9
PLAIN = "0x" + "00" * 32


def deal(**changes: Any) -> Deal:
    nobody = Resource(ZERO_ADDRESS, ZERO_ADDRESS, 0)
    plain = Deal(
        deal_id="0x" + "d" * 64,
        app=Resource(APP, REQUESTER, 0),
        dataset=nobody,
        workerpool=Resource(POOL, REQUESTER, RLC),
        trust=1,
        category=0,
        tag=PLAIN,
        requester=REQUESTER,
        beneficiary=REQUESTER,
        callback=ZERO_ADDRESS,
        params="{}",
        start_utc=NOON,
        bot_first=0,
        bot_size=1,
        worker_stake_nrlc=RLC // 2,
        scheduler_reward_ratio=10,
        sponsor=ZERO_ADDRESS,
    )
    return replace(plain, **changes)


def terms(*, time_ref_s: int = 300, category: int = 0, kind: str = "DOCKER", **changes: Any) -> Terms:
    app = App(APP, REQUESTER, "pi", kind, "demo:1", ZERO_HASH)
    return Terms(deal(category=category, **changes), app, Category(category, "XS", time_ref_s))


def task(*, time_ref_s: int = 300, **changes: Any) -> Task:
    plain = Task(
        task_id="0x" + "e" * 64,
        status=TaskStatus.ACTIVE,
        deal_id="0x" + "d" * 64,
        index=0,
        time_ref_s=time_ref_s,
        contribution_deadline_utc=NOON + timedelta(seconds=7 * time_ref_s),
        reveal_deadline_utc=None,
        final_deadline_utc=NOON + timedelta(seconds=10 * time_ref_s),
        consensus=ZERO_HASH,
        reveal_count=0,
        winner_count=0,
        contributors=(),
        result_digest=ZERO_HASH,
        results=b"",
        callback_data=b"",
    )
    return replace(plain, **changes)

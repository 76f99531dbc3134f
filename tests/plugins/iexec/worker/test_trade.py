from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edgepi.compute.journal import JobRecord
from edgepi.energy.offers import validate_offer
from edgepi.testing.clock import ManualClock
from edgepi.testing.doubles import build_context
from edgepi_iexec.chain.model import Resource
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.worker.learning import Learned, Need
from edgepi_iexec.worker.offers import here, round_up, task_offer
from edgepi_iexec.worker.policy import OwnersPolicy
from edgepi_iexec.worker.trade import LEARNED, OwnersTrade, ended_from
from edgepi_iexec.worker.worth import Market, worth_of
from tests.plugins.iexec.worker.deals import NOON, POOL, REQUESTER, RLC, deal, task, terms

FREE = {"nrlc_per_wei": 1e-9}


def trade(now_utc: datetime = NOON, **policy: Any) -> OwnersTrade:
    return OwnersTrade(
        consumer="iexec",
        policy=OwnersPolicy(**policy),
        learned=Learned(start_w=7.0),
        points_per_rlc=10.0,
        now=lambda: now_utc,
    )


def record(**changes: Any) -> JobRecord:
    given = {
        "job_id": "0x1",
        "backend": "iexec",
        "title": "pi",
        "stage": "COMPLETED",
        "created_utc": NOON,
        "updated_utc": NOON,
        "ended_utc": NOON,
        "outcome": "completed",
        "energy_wh": 0.1,
        "run_s": 60.0,
        "data": {"receipt_tx": "0x5", "cause": None},
    }
    return JobRecord(**{**given, **changes})


# Worth


def test_workers_share_what_the_scheduler_leaves() -> None:
    alone = worth_of(deal(), Market(), Learned(start_w=7.0), **FREE)
    assert alone.share_nrlc == pytest.approx(0.9 * RLC * 0.95)
    assert alone.risk_nrlc == pytest.approx(RLC / 2 * 0.01)
    shared = worth_of(deal(trust=10), Market(), Learned(start_w=7.0), **FREE)
    assert shared.share_nrlc == pytest.approx(alone.share_nrlc / 4)
    known = worth_of(deal(trust=10), Market(score=60), Learned(start_w=7.0), **FREE)
    assert known.share_nrlc > shared.share_nrlc


def test_gas_is_paid_for_a_contribution_and_a_reveal() -> None:
    worth = worth_of(deal(), Market(gas_price_wei=10**9), Learned(start_w=7.0), nrlc_per_wei=4e-6)
    assert worth.gas_nrlc == pytest.approx(460_000 * 1e9 * 4e-6)
    assert worth.net_nrlc < 0


@pytest.mark.parametrize("ratio", [100, 250])
def test_a_pool_that_keeps_all_leaves_nothing(ratio: int) -> None:
    assert (
        worth_of(deal(scheduler_reward_ratio=ratio), Market(), Learned(start_w=7.0), **FREE).share_nrlc == 0
    )


# Offers


def test_before_the_contribution_all_must_fit_before_its_deadline() -> None:
    bid = trade().offer(terms(trust=3), task(), NOON)
    validate_offer(bid.offer)
    assert bid.offer.finish is not None
    assert bid.offer.wait is not None
    assert bid.offer.finish.deadline_utc == NOON + timedelta(seconds=2100)
    assert bid.offer.wait.until_utc == NOON + timedelta(seconds=2100)
    assert bid.offer.wait.check_every_s == 600.0 - bid.offer.finish.duration_s
    assert bid.offer.run.pausable
    assert bid.offer.value_points == pytest.approx(bid.value_nrlc / RLC * 10.0)


def test_where_one_contribution_is_the_consensus_nothing_moves_on() -> None:
    wait = trade().offer(terms(trust=1), task(), NOON).offer.wait
    assert wait is not None
    assert wait.check_every_s is None


def test_the_same_task_gets_the_same_offer_again() -> None:
    assert trade().offer(terms(), task(), NOON) == trade().offer(terms(), task(), NOON + timedelta(minutes=5))


def test_a_chain_whose_time_runs_ahead_leaves_less_time_and_one_that_lags_no_more() -> None:
    assert here(NOON, Market(ahead_s=60.0)) == NOON - timedelta(seconds=60)
    assert here(NOON, Market(ahead_s=-60.0)) == NOON


def test_the_deadline_follows_from_the_deal_until_the_task_says_it() -> None:
    need = Need(1.0, 60.0)
    unset = task(contribution_deadline_utc=None)
    offers = [
        task_offer("iexec", terms(), each, need=need, value_points=1.0, market=Market())
        for each in (task(), unset)
    ]
    assert offers[0] == offers[1]


@pytest.mark.parametrize(
    ("minutes", "why"),
    [(0, None), (28, "contributed to for 7.0 min only"), (36, "time to contribute is over")],
)
def test_what_cannot_be_done_in_time_is_not_taken(minutes: int, why: str | None) -> None:
    said = trade(NOON + timedelta(minutes=minutes)).refusal(terms(), task())
    assert (said is None) if why is None else (said is not None and why in said)


def test_numbers_are_rounded_up_to_two_digits() -> None:
    assert [round_up(value) for value in (0.0, 0.1234, 9.99, 12.0, 1234.0)] == [0.0, 0.13, 10.0, 12.0, 1300.0]
    assert all(round_up(n / 977) >= n / 977 for n in range(5000))


# Standing


def test_the_standing_offer_is_for_the_longest_that_the_owner_allows() -> None:
    offer = trade(longest_s=3600.0).standing()
    validate_offer(offer)
    assert offer.standing
    assert (offer.run.energy_wh, offer.run.duration_s) == (7.0, 3600.0)


def test_it_is_for_the_most_demanding_category_that_comes_once_these_are_known() -> None:
    made = trade(longest_s=3600.0)
    made.refusal(terms(), task())
    small = made.standing()
    assert small.run.duration_s == 300.0
    made.refusal(terms(time_ref_s=1200, category=1), task(time_ref_s=1200))
    assert made.standing().run.duration_s == 1200.0
    made.refusal(terms(time_ref_s=7200, category=2), task(time_ref_s=7200))
    assert made.standing().run.duration_s == 1200.0


def test_it_is_worth_what_tasks_were_worth_lately_but_the_floor_at_least() -> None:
    first = trade().standing().value_points
    dear, cheap = trade(), trade(floor_nrlc_per_wh=float(RLC))
    for _ in range(5):
        dear.refusal(terms(workerpool=Resource(POOL, REQUESTER, 1000 * RLC)), task())
        cheap.refusal(terms(workerpool=Resource(POOL, REQUESTER, 1)), task())
    assert dear.standing().value_points / dear.standing().run.energy_wh > first / 7.0
    floor = cheap.standing()
    assert floor.value_points == pytest.approx(10.0 * floor.run.energy_wh, rel=0.1)


# What is too little


def test_what_costs_more_than_it_brings_is_not_taken() -> None:
    made = trade(nrlc_per_wei=4e-6)
    made.note(Market(gas_price_wei=10**9))
    said = made.refusal(terms(), task())
    assert said is not None
    assert "costs more than it brings" in said


def test_the_owners_floor_is_held() -> None:
    assert trade(floor_nrlc_per_wh=0.5 * RLC).refusal(terms(), task()) is None
    said = trade(floor_nrlc_per_wh=5.0 * RLC).refusal(terms(), task())
    assert said is not None
    assert "RLC per Wh, less than the owner's 5" in said


def test_a_task_for_nothing_is_taken_by_an_owner_without_a_floor() -> None:
    free = terms(workerpool=Resource(POOL, REQUESTER, 0), worker_stake_nrlc=0)
    made = trade()
    assert made.refusal(free, task()) is None
    assert made.offer(free, task(), NOON).offer.value_points == 0.0


# Learning


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, (True, True, False)),
        ({"outcome": "aborted: UNKNOWN", "data": {}}, (False, False, False)),
        (
            {
                "outcome": "aborted: CONSENSUS_REACHED",
                "data": {"receipt_tx": "0x5", "cause": "CONSENSUS_REACHED"},
            },
            (False, True, True),
        ),
        (
            {
                "outcome": "aborted: CONSENSUS_REACHED",
                "data": {"receipt_tx": None, "cause": "CONSENSUS_REACHED"},
            },
            (False, False, False),
        ),
    ],
)
def test_the_journal_says_what_became_of_a_task(
    changes: dict[str, Any], seen: tuple[bool, bool, bool]
) -> None:
    found = ended_from(terms(), record(**changes))
    assert (found.done, found.promised, found.lost) == seen


async def opened(tmp_path: Path) -> OwnersTrade:
    clock = ManualClock(NOON)
    context = build_context(config=IexecConfig(cpus=2.0), clock=clock, instance="iexec", state_dir=tmp_path)
    return await OwnersTrade.open(context)


async def test_what_was_learned_outlives_a_restart(tmp_path: Path) -> None:
    made = await opened(tmp_path)
    made.refusal(terms(), task())
    for _ in range(3):
        made.learn(terms(), record())
    made.learn(None, record())
    await made.close()
    again = await opened(tmp_path)
    assert again.learned.to_json() == made.learned.to_json()
    assert again.standing() == made.standing()
    assert again.offer(terms(), task(), NOON).offer.run.energy_wh < 3.5 * 300 / 3600


async def test_what_tasks_are_worth_outlives_a_restart_too(tmp_path: Path) -> None:
    made = await opened(tmp_path)
    made.refusal(terms(), task())
    worth = made.standing().value_points
    await made.close()
    again = await opened(tmp_path)
    assert again.standing().value_points == worth != trade().standing().value_points


async def test_a_damaged_memory_begins_anew(tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / LEARNED).write_text, '{"jobs": 5}')
    made = await opened(tmp_path)
    assert made.learned.need(0, 3600.0) == Need(3.5, 3600.0)


def test_an_app_with_a_hostile_name_has_a_plain_title() -> None:
    hostile = terms()
    hostile = replace(hostile, app=replace(hostile.app, name="\x1b[2J" + "x" * 500 + "\u202e"))
    title = trade().offer(hostile, task(), NOON).offer.title
    assert title.isprintable()
    assert len(title) <= 60

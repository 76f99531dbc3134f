from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol import links, rules

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("trust", "workers"),
    [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (6, 3),
        (8, 3),
        (10, 4),
        (16, 4),
        (17, 5),
        (100, 7),
        (1000, 10),
        (10_000, 14),
        (1_000_000, 20),
    ],
)
def test_so_many_new_workers_must_agree(trust: int, workers: int) -> None:
    assert rules.contributions_needed(trust) == workers


@pytest.mark.parametrize(
    ("score", "weight", "log"), [(0, 2, 1), (9, 2, 1), (11, 2, 1), (12, 3, 1), (15, 4, 2), (300, 99, 6)]
)
def test_workers_weigh_by_their_score(score: int, weight: int, log: int) -> None:
    assert (rules.weight_of(score), rules.log_weight(score)) == (weight, log)


def test_a_liar_costs_another_honest_worker_but_never_wins() -> None:
    tally = rules.Tally(3)
    for result in ("lie", "truth", "truth"):
        tally.add(result, 2)
    assert not tally.agreed()  # group 4, total 7: 12 is not more than 14
    ahead = tally.copy()
    ahead.add("truth", 2)  # group 8, total 11: 24 is more than 22
    assert ahead.agreed()
    assert ahead.leading == "truth"
    assert not ahead.agreed("lie")
    assert not tally.agreed("truth")


def test_nobody_agrees_before_the_first_contribution() -> None:
    assert not rules.Tally(1).agreed()
    assert rules.Tally(1).leading is None


def test_deadlines_count_from_the_deal() -> None:
    found = rules.deadlines(START, 300)
    assert found.contribution_utc == START + timedelta(minutes=35)
    assert found.final_utc == START + timedelta(minutes=50)
    assert rules.reveal_deadline(START, 300) == START + timedelta(minutes=10)


def test_stakes_are_whole_nrlc_rounded_down() -> None:
    assert rules.worker_stake_nrlc(999, 30) == 299
    assert rules.scheduler_stake_nrlc(1000) == 300


def test_a_reward_of_a_thousand_is_shared_as_the_contracts_do() -> None:
    assert rules.shares_nrlc(1000, 1, [1]) == rules.Shares((990,), 10)
    assert rules.shares_nrlc(1000, 1, [1, 2]) == rules.Shares((330, 660), 10)
    assert rules.shares_nrlc(1000, 1, [1], lost_stakes_nrlc=300) == rules.Shares((1287,), 13)


def test_the_scheduler_takes_a_tenth_of_the_kitty_or_one_rlc() -> None:
    rlc = 10**9
    assert rules.shares_nrlc(0, 1, [1], kitty_nrlc=rlc // 2).scheduler_nrlc == rlc // 2
    assert rules.shares_nrlc(0, 1, [1], kitty_nrlc=5 * rlc).scheduler_nrlc == rlc
    assert rules.shares_nrlc(0, 1, [1], kitty_nrlc=50 * rlc).scheduler_nrlc == 5 * rlc


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(300, 5), (3600, 8), (36_000, 18), (10_000_000, 30), (0, 5)]
)
def test_larger_tasks_may_pull_their_images_longer(seconds: int, minutes: int) -> None:
    assert rules.pull_timeout_s(seconds) == 60 * minutes


def test_a_link_has_the_spaces_that_all_write() -> None:
    link = links.result_link("/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")
    assert link == '{ "storage": "ipfs", "location": "/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o" }'
    assert links.read_link(link) == ("ipfs", "/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")
    assert links.result_link("0x" + "11" * 20, storage="ethereum").startswith(
        '{ "storage": "ethereum", "location": "0x11'
    )


@pytest.mark.parametrize("location", ["", 'a", "b": "c', "a\\", "a b", "\n", "ä", "a" * 600])
def test_nothing_breaks_out_of_a_link(location: str) -> None:
    with pytest.raises(ProtocolError):
        links.result_link(location)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"storage":1,"location":"a"}', "[" * 5000, '{"storage":"a","location":"b c"}'],
)
def test_what_is_no_link_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        links.read_link(text)

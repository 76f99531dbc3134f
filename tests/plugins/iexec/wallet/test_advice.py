from __future__ import annotations

from dataclasses import replace

import pytest

from edgepi_iexec.wallet.advice import GAS_PER_TASK, Needs, Purse, advise, hub_on_trust

RLC = 10**9
ADDRESS = "0x" + "ab" * 20
PURSE = Purse(ADDRESS, stake_nrlc=2 * RLC, locked_nrlc=0, wallet_nrlc=0, gas_wei=10**18)
NEEDS = Needs(tasks=2, stake_per_task_nrlc=RLC, gas_price_wei=10**9, free_gas=False)


def test_a_wallet_that_has_all_needs_no_advice() -> None:
    assert advise(PURSE, NEEDS) == ()


def test_stake_that_lies_in_the_wallet_is_to_be_deposited() -> None:
    (sentence,) = advise(replace(PURSE, stake_nrlc=RLC // 2, wallet_nrlc=5 * RLC), NEEDS)
    assert "`edgepi iexec deposit 1.5`" in sentence


def test_stake_that_is_not_there_is_to_be_sent_first() -> None:
    (sentence,) = advise(replace(PURSE, stake_nrlc=0, wallet_nrlc=RLC // 2), NEEDS)
    assert f"send 1.5 RLC to {ADDRESS}" in sentence


@pytest.mark.parametrize(("missing", "count"), [(0, 0), (1, 1)])
def test_gas_for_all_tasks_must_be_there(missing: int, count: int) -> None:
    gas_wei = GAS_PER_TASK * NEEDS.tasks * NEEDS.gas_price_wei - missing
    assert len(advise(replace(PURSE, gas_wei=gas_wei), NEEDS)) == count


def test_who_deposited_nothing_is_told_though_no_price_is_known() -> None:
    (sentence,) = advise(replace(PURSE, stake_nrlc=0), replace(NEEDS, stake_per_task_nrlc=0))
    assert "nothing is deposited" in sentence
    assert advise(replace(PURSE, stake_nrlc=0, locked_nrlc=1), replace(NEEDS, stake_per_task_nrlc=0)) == ()


def test_where_gas_is_free_none_is_needed() -> None:
    assert advise(replace(PURSE, gas_wei=0), replace(NEEDS, free_gas=True)) == ()


def test_every_lack_has_its_sentence() -> None:
    assert len(advise(Purse(ADDRESS, 0, 0, 0, 0), NEEDS)) == 2


@pytest.mark.parametrize(("chain_id", "told"), [(42161, True), (134, True), (31337, False), (65535, False)])
def test_a_hub_that_only_the_scheduler_names_is_to_be_looked_up_where_money_is_real(
    chain_id: int, told: bool
) -> None:
    said = hub_on_trust(ADDRESS, chain_id)
    assert (said is not None) is told
    if said is not None:
        assert f"chain {chain_id} is {ADDRESS}" in said
        assert "set `hub`" in said

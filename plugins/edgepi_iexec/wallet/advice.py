"""What a wallet lacks, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Needs", "Purse", "advise", "hub_on_trust"]

RLC = 1e9
# What one task costs a worker at most: contribute and reveal (measured: 394,732 and 56,455), with a margin.
GAS_PER_TASK = 600_000
LOCAL_CHAINS = frozenset({1337, 31337, 65535})  # of developers: their money is play money


@dataclass(frozen=True, slots=True)
class Purse:
    """What a wallet has: stake free in the hub, RLC outside of it, and the chain's coin for gas."""

    address: str
    stake_nrlc: int
    locked_nrlc: int
    wallet_nrlc: int
    gas_wei: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What is needed for *tasks* at a time, each with that stake."""

    tasks: int
    stake_per_task_nrlc: int
    gas_price_wei: int
    free_gas: bool


def advise(purse: Purse, needs: Needs) -> tuple[str, ...]:
    """Return a sentence for each thing that is lacking; none when all is well."""
    return tuple(_lacks(purse, needs))


def _lacks(purse: Purse, needs: Needs) -> Iterator[str]:
    wanted = needs.tasks * needs.stake_per_task_nrlc
    lacking = wanted - purse.stake_nrlc
    have = f"{purse.stake_nrlc / RLC:g} are free"
    stake = f"{_tasks(needs.tasks)} at a time: {wanted / RLC:g} RLC of stake needed, {have}"
    if lacking > 0 and purse.wallet_nrlc >= lacking:
        yield f"{stake}: `edgepi iexec deposit {lacking / RLC:g}`"
    elif lacking > 0:
        yield (
            f"{stake}: send {(lacking - purse.wallet_nrlc) / RLC:g} RLC to {purse.address}, then deposit them"
        )
    elif not wanted and not purse.stake_nrlc and not purse.locked_nrlc:
        yield "nothing is deposited: tasks that pay ask for a stake, `edgepi iexec deposit` puts it there"
    gas_wei = GAS_PER_TASK * needs.tasks * needs.gas_price_wei
    if not needs.free_gas and purse.gas_wei < gas_wei:
        yield (
            f"gas for {_tasks(needs.tasks)} costs {gas_wei / 1e18:.6f} of the chain's coin,"
            f" the wallet has {purse.gas_wei / 1e18:.6f}: send some to {purse.address}"
        )


def hub_on_trust(hub: str, chain_id: int) -> str | None:
    """Return what to say where nobody but the scheduler named the hub; None on a developer's own chain."""
    if chain_id in LOCAL_CHAINS:
        return None
    return (
        f"only the scheduler says that the contract of all deals on chain {chain_id} is {hub}:"
        " look its address up with iExec, and set `hub`"
    )


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"

"""Offers of tasks: what their phases take, and by when each must be over.

A stake is lost if a contribution is not revealed within twice the category's time after the consensus,
and nobody knows when that comes: any contribution until the contribution deadline may bring it. So there
are three deadlines in turn. Before the contribution everything, reveal included, is to fit before the
contribution deadline. From then on the reveal may be due twice the category's time after every look at the
chain that found no consensus yet, and the lease's deadline moves with each. Once there is one the chain
says it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from edgepi.model import FinishPhase, Offer, RunPhase, WaitPhase
from edgepi_iexec.chain.model import Task
from edgepi_iexec.protocol.rules import REVEAL_DEADLINE_RATIO, contributions_needed, deadlines
from edgepi_iexec.worker.checks import Terms
from edgepi_iexec.worker.learning import Need
from edgepi_iexec.worker.worth import Market

__all__ = [
    "finish_s",
    "finish_wh",
    "here",
    "no_time_left",
    "round_up",
    "standing_offer",
    "task_offer",
    "without_run",
]

_FINISH_W: Final = 1.0  # radio and signing, above the idle node
_FINISH_S: Final = (10.0, 180.0)
_SEND_S: Final = (2.0, 60.0)  # for a contribution to get into a block
_SOONEST_CHECK_S: Final = 1.0
_RUN_AT_LEAST_S: Final = 1.0
_LEFT_WH, _LEFT_S = 0.01, 30.0


def finish_s(time_ref_s: float) -> float:
    """How long a reveal and an upload may take: three minutes, less for a category of short tasks."""
    shortest_s, longest_s = _FINISH_S
    return min(max(time_ref_s / 2.0, shortest_s), longest_s)


def finish_wh(time_ref_s: float) -> float:
    """What a reveal and an upload take."""
    return _FINISH_W * finish_s(time_ref_s) / 3600.0


def here(chain_utc: datetime, market: Market) -> datetime:
    """When a moment of the chain's time comes by the node's clock.

    Where the chain's time runs ahead, sooner; where it seems to lag it may only be that no block came.
    """
    return chain_utc - timedelta(seconds=max(0.0, market.ahead_s))


def standing_offer(consumer: str, need: Need, value_points: float) -> Offer:
    """The offer that holds the energy of the most demanding task free; rounded, so that it seldom changes."""
    return Offer(
        offer_id=f"{consumer}:standing",
        consumer=consumer,
        title="the most demanding task allowed",
        value_points=round_up(value_points),
        run=_run(need),
        standing=True,
    )


def task_offer(
    consumer: str, terms: Terms, task: Task, *, need: Need, value_points: float, market: Market
) -> Offer:
    """The offer for one task, before anything of it was done; see the module for its deadline."""
    time_ref_s = float(terms.category.time_ref_s)
    due_utc = here(_contribution_deadline(terms, task), market)
    alone = contributions_needed(terms.deal.trust, market.score) == 1
    check_s = max(REVEAL_DEADLINE_RATIO * time_ref_s - finish_s(time_ref_s), _SOONEST_CHECK_S)
    return Offer(
        offer_id=f"{consumer}:{task.task_id}",
        consumer=consumer,
        title=_title(terms),
        value_points=max(0.0, value_points),
        run=_run(need),
        # Where one contribution is enough, it is the consensus: nothing moves on.
        wait=WaitPhase(until_utc=due_utc, check_every_s=None if alone else check_s),
        finish=FinishPhase(
            energy_wh=finish_wh(time_ref_s), duration_s=finish_s(time_ref_s), deadline_utc=due_utc
        ),
    )


def without_run(offer: Offer) -> Offer:
    """The offer for a task whose result is there: only its finish is left to be asked for."""
    return replace(offer, run=RunPhase(energy_wh=_LEFT_WH, duration_s=_LEFT_S, pausable=True))


def no_time_left(terms: Terms, task: Task, need: Need, market: Market, now_utc: datetime) -> str | None:
    """Why the run does not fit before the contribution deadline; None if it does."""
    left_s = (here(_contribution_deadline(terms, task), market) - now_utc).total_seconds()
    if left_s <= 0.0:
        return "its time to contribute is over"
    time_ref_s = float(terms.category.time_ref_s)
    send_s = min(max(time_ref_s / 5.0, _SEND_S[0]), _SEND_S[1])
    needed_s = need.duration_s + send_s + finish_s(time_ref_s)
    if left_s >= needed_s:
        return None
    return f"it takes {needed_s / 60:.1f} min and can be contributed to for {left_s / 60:.1f} min only"


def round_up(value: float) -> float:
    """Two digits of a number, never less than it."""
    rounded = float(f"{value:.1e}")
    return rounded if rounded >= value else float(f"{value * 1.05:.1e}")


def _run(need: Need) -> RunPhase:
    return RunPhase(
        energy_wh=round_up(max(0.0, need.energy_wh)),
        duration_s=round_up(max(_RUN_AT_LEAST_S, need.duration_s)),
        pausable=True,
    )


def _contribution_deadline(terms: Terms, task: Task) -> datetime:
    if task.contribution_deadline_utc is not None:
        return task.contribution_deadline_utc
    return deadlines(terms.deal.start_utc, task.time_ref_s or terms.category.time_ref_s).contribution_utc


def _title(terms: Terms) -> str:
    name = "".join(c for c in terms.app.name if c.isprintable()).strip()[:60]
    return name or f"app {terms.app.address[:10]}"

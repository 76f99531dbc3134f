"""What a task is expected to bring: the share of the reward, less gas and the risk to the stake."""

from __future__ import annotations

from dataclasses import dataclass

from edgepi_iexec.chain.model import Deal
from edgepi_iexec.protocol.rules import contributions_needed
from edgepi_iexec.worker.learning import Learned

__all__ = ["GAS_OF_A_TASK", "Market", "Worth", "worth_of"]

# Measured with the contracts: 394,732 for a contribution that makes the consensus, 56,455 for a reveal.
GAS_OF_A_TASK = 460_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the chain says now; *score* is the worker's, *ahead_s* how far its time is before the node's."""

    gas_price_wei: int = 0
    score: int = 0
    ahead_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Expected nRLC, each side of it."""

    share_nrlc: float
    gas_nrlc: float
    risk_nrlc: float

    @property
    def net_nrlc(self) -> float:
        """What is left, which may be less than nothing."""
        return self.share_nrlc - self.gas_nrlc - self.risk_nrlc


def worth_of(deal: Deal, market: Market, learned: Learned, *, nrlc_per_wei: float) -> Worth:
    """Weigh one task of a deal.

    The workers' part of the pool's price is shared by those who agree; as many are reckoned with as the
    trust demands of workers like this one. Gas is paid whether the task comes to an end or not.
    """
    for_workers = deal.workerpool.price_nrlc * (100 - min(max(deal.scheduler_reward_ratio, 0), 100)) / 100.0
    sharing = contributions_needed(deal.trust, market.score)
    return Worth(
        share_nrlc=for_workers / sharing * learned.done_share,
        gas_nrlc=GAS_OF_A_TASK * market.gas_price_wei * nrlc_per_wei,
        risk_nrlc=deal.worker_stake_nrlc * learned.loss_share,
    )

"""What the owner wants, what was learned, and what follows for each task."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.compute.journal import JobRecord
from edgepi.files import atomic_write
from edgepi.model import Offer
from edgepi.plugin import PluginContext
from edgepi_iexec.chain.model import Task
from edgepi_iexec.config import IexecConfig
from edgepi_iexec.worker import offers
from edgepi_iexec.worker.checks import Terms
from edgepi_iexec.worker.learning import WATTS_PER_CPU, Ended, Learned, Need
from edgepi_iexec.worker.parts import Bid
from edgepi_iexec.worker.policy import RLC, OwnersPolicy, refusal
from edgepi_iexec.worker.worth import Market, Worth, worth_of

__all__ = ["LEARNED", "OwnersTrade", "ended_from"]

LEARNED = "learned.json"
KEEP_EVERY = timedelta(minutes=10)
_LOST = frozenset({"CONSENSUS_REACHED", "REVEAL_TIMEOUT", "CANNOT_REVEAL"})


class OwnersTrade:
    """The owner's side of the worker; *market* is told from time to time by `note`."""

    def __init__(
        self,
        *,
        consumer: str,
        policy: OwnersPolicy,
        learned: Learned,
        points_per_rlc: float,
        now: Callable[[], datetime],
    ) -> None:
        self.policy = policy
        self.learned = learned
        self.market = Market()
        self._consumer = consumer
        self._points_per_rlc = points_per_rlc
        self._now = now
        self._saving: Saving | None = None
        self._kept_utc = now()

    @classmethod
    async def open(cls, context: PluginContext[IexecConfig]) -> OwnersTrade:
        """Make it of the configuration and of what an earlier life learned."""
        saving = Saving(context, context.state_dir / LEARNED)
        cpus = context.config.cpus or float(max(1, (os.cpu_count() or 4) // context.config.tasks))
        start_w = WATTS_PER_CPU * cpus
        trade = cls(
            consumer=context.instance,
            policy=OwnersPolicy.of(context.config),
            learned=await asyncio.to_thread(saving.read, start_w),
            points_per_rlc=context.budget.points_per_rlc,
            now=context.clock.now,
        )
        trade._saving = saving
        return trade

    def note(self, market: Market) -> None:
        """Take note of what the chain says of gas, score and time."""
        self.market = market

    # Before asking

    def standing(self) -> Offer:
        """The offer for the most demanding task that may come."""
        need = self._most_demanding()
        nrlc = max(self.learned.nrlc_per_wh, self.policy.floor_nrlc_per_wh) * need.energy_wh
        return offers.standing_offer(self._consumer, need, self._points(nrlc))

    def _most_demanding(self) -> Need:
        """Of the categories seen and allowed; none was seen yet: one that is as long as the owner allows."""
        allowed = {
            number: longest_s
            for number, longest_s in self.learned.categories.items()
            if longest_s <= self.policy.longest_s
            and (not self.policy.categories or number in self.policy.categories)
        }
        if not allowed:
            return self.learned.need(-1, self.policy.longest_s)
        needs = [self.learned.need(number, longest_s) for number, longest_s in allowed.items()]
        return Need(max(need.energy_wh for need in needs), max(need.duration_s for need in needs))

    # After the summary

    def refusal(self, terms: Terms, task: Task) -> str | None:
        """Why a task is not wanted; None if it is. Raises ProtocolError for a tag that is none."""
        if (why := refusal(self.policy, terms)) is not None:
            return why
        if self.learned.saw_category(terms.category.number, float(terms.category.time_ref_s)):
            self._save()
        need, worth = self._need(terms), self.worth(terms)
        if (why := offers.no_time_left(terms, task, need, self.market, self._now())) is not None:
            return why
        whole = Need(need.energy_wh + offers.finish_wh(terms.category.time_ref_s), need.duration_s)
        self.learned.saw_pay(worth.net_nrlc, whole.energy_wh)
        if abs(self._now() - self._kept_utc) >= KEEP_EVERY:  # many may be seen for each that is taken
            self._save()
        return self._too_little(worth, whole)

    def _too_little(self, worth: Worth, need: Need) -> str | None:
        if worth.net_nrlc < 0.0:
            share, gas, risk = (
                f"{nrlc / RLC:.3g} RLC" for nrlc in (worth.share_nrlc, worth.gas_nrlc, worth.risk_nrlc)
            )
            return f"it costs more than it brings: {share} less {gas} for gas and {risk} for the stake's risk"
        per_wh = worth.net_nrlc / need.energy_wh if need.energy_wh > 0.0 else float("inf")
        if per_wh < self.policy.floor_nrlc_per_wh:
            floor = self.policy.floor_nrlc_per_wh / RLC
            return f"it pays {per_wh / RLC:.3g} RLC per Wh, less than the owner's {floor:g}"
        return None

    def offer(self, terms: Terms, task: Task, now_utc: datetime) -> Bid:
        """The offer for this very task."""
        del now_utc
        net = max(0.0, self.worth(terms).net_nrlc)
        need = self._need(terms)
        offer = offers.task_offer(
            self._consumer, terms, task, need=need, value_points=self._points(net), market=self.market
        )
        return Bid(offer, net)

    def worth(self, terms: Terms) -> Worth:
        """What a task is expected to bring."""
        return worth_of(terms.deal, self.market, self.learned, nrlc_per_wei=self.policy.nrlc_per_wei)

    def _need(self, terms: Terms) -> Need:
        category = terms.category
        return self.learned.need(category.number, float(category.time_ref_s), terms.app.address)

    def _points(self, nrlc: float) -> float:
        return nrlc / RLC * self._points_per_rlc

    # After the end

    def learn(self, terms: Terms | None, record: JobRecord) -> None:
        """Take note of what a task took and brought; kept on disk, soon."""
        if terms is None:
            return
        self.learned.book(ended_from(terms, record))
        self._save()

    def _save(self) -> None:
        self._kept_utc = self._now()
        if self._saving is not None:
            self._saving.save(self.learned)

    async def close(self) -> None:
        """Wait until what was learned is on disk."""
        self._save()
        if self._saving is not None:
            await self._saving.done()


def ended_from(terms: Terms, record: JobRecord) -> Ended:
    """What a journal's record says of a task that is over."""
    data = record.data
    promised = data.get("receipt_tx") is not None
    done = record.outcome == "completed"
    lost = promised and not done and str(data.get("cause")) in _LOST
    return Ended(
        app=terms.app.address,
        category=terms.category.number,
        energy_wh=record.energy_wh,
        run_s=record.run_s,
        done=done,
        promised=promised,
        lost=lost,
    )


@dataclass(slots=True, eq=False)
class Saving:
    """Keeps what was learned in a file, one write at a time, the last word last."""

    context: PluginContext[Any]
    path: Path
    _task: asyncio.Task[None] | None = None
    _next: Mapping[str, Any] | None = None

    def read(self, start_w: float) -> Learned:
        """Read the file; begins anew where there is none, or one that cannot be meant. Blocks."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            return Learned.from_json(data, start_w=start_w)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.context.log.warning("what was learned of tasks cannot be read, it begins anew: %s", error)
        return Learned(start_w=start_w)

    def save(self, learned: Learned) -> None:
        """Write the file beside whatever comes next."""
        self._next = learned.to_json()
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._write())

    async def _write(self) -> None:
        while (data := self._next) is not None:
            self._next = None
            try:
                await asyncio.to_thread(atomic_write, self.path, json.dumps(data), 0o600)
            except OSError as error:
                self.context.log.warning("what was learned of tasks cannot be written: %s", error)

    async def done(self) -> None:
        """Wait for what is being written."""
        if self._task is not None:
            await self._task

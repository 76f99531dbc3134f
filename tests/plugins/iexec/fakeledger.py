"""The contracts' rules in memory, for `FakeChain`: deals, consensus, stakes, rewards, scores, events."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from edgepi_iexec.chain.model import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Contribution,
    ContributionStatus,
    Deal,
    Task,
    TaskStatus,
)
from edgepi_iexec.protocol import ids
from edgepi_iexec.protocol.authorization import authorization_hash
from edgepi_iexec.protocol.hashing import hex_text
from edgepi_iexec.protocol.tags import needs_tee
from tests.plugins.iexec.fakemarket import (
    KITTY,
    KITTY_MIN_NRLC,
    NO_CONTRIBUTION,
    Market,
    callback_fits,
    known,
    pool_stake,
    price,
    require,
    signer_of,
    unset,
)

__all__ = ["Ledger"]


class Ledger(Market):
    """One chain for all wallets of a test; its time is the clock's, each transaction a block of its own.

    Empty blocks come each *block_s* seconds, looked at or not.
    """

    # Tasks

    def task(self, task_id: str) -> Task:
        """``viewTask``."""
        return self.state.tasks.get(task_id, unset(task_id))

    def _initialize(self, _sender: str, deal_id: str, index: int) -> None:
        deal = self.state.deals.get(deal_id)
        require(deal is not None)
        assert deal is not None
        require(deal.bot_first <= index < deal.bot_first + deal.bot_size)
        task_id = ids.task_id(deal_id, index)
        require(task_id not in self.state.tasks)
        time_s = self.categories[deal.category].time_ref_s
        self.state.tasks[task_id] = replace(
            unset(task_id),
            status=TaskStatus.ACTIVE,
            deal_id=deal_id,
            index=index,
            time_ref_s=time_s,
            contribution_deadline_utc=deal.start_utc + timedelta(seconds=7 * time_s),
            final_deadline_utc=deal.start_utc + timedelta(seconds=10 * time_s),
        )
        self.state.totals[task_id] = 1
        self._emit("TaskInitialize", taskid=task_id, workerpool=deal.workerpool.pointer)

    def _may_contribute(self, task: Task, sender: str, enclave: str, authorization: str) -> Deal:
        require(task.status is TaskStatus.ACTIVE and self.now_utc < known(task.contribution_deadline_utc))
        deal = self.state.deals[task.deal_id]
        require(enclave != ZERO_ADDRESS or not needs_tee(deal.tag))
        digest = authorization_hash(sender, task.task_id, enclave)
        require(signer_of(digest, authorization) == deal.workerpool.owner)
        return deal

    def _contribute(  # noqa: PLR0917 (in the contract's order)
        self, sender: str, task_id: str, result_hash: str, seal: str, enclave: str, authorization: str
    ) -> None:
        task = self.task(task_id)
        require((task_id, sender) not in self.state.contributions)
        deal = self._may_contribute(task, sender, enclave, authorization)
        self._lock(sender, deal.worker_stake_nrlc)
        self._emit("TaskContribute", taskid=task_id, worker=sender, hash=result_hash)
        weight = max(self.state.scores.get(sender, 0) // 3, 3) - 1
        group = self.state.groups.get((task_id, result_hash), 0)
        grown = max(group, 1) * weight
        self.state.groups[task_id, result_hash] = grown
        self.state.totals[task_id] += grown - group
        self.state.contributions[task_id, sender] = Contribution(
            ContributionStatus.CONTRIBUTED, result_hash, seal, enclave, weight.bit_length() - 1
        )
        self.state.tasks[task_id] = replace(task, contributors=(*task.contributors, sender))
        if grown * deal.trust > self.state.totals[task_id] * (deal.trust - 1):
            self._agree(task_id, result_hash)

    def _agree(self, task_id: str, result_hash: str) -> None:
        task = self.task(task_id)
        mine = [self.state.contributions[task_id, who] for who in task.contributors]
        winners = [
            c for c in mine if c.result_hash == result_hash and c.status is ContributionStatus.CONTRIBUTED
        ]
        self.state.tasks[task_id] = replace(
            task,
            status=TaskStatus.REVEALING,
            consensus=result_hash,
            winner_count=len(winners),
            reveal_count=0,
            reveal_deadline_utc=self.now_utc + timedelta(seconds=2 * task.time_ref_s),
        )
        self._emit("TaskConsensus", taskid=task_id, consensus=result_hash)

    def _reveal(self, sender: str, task_id: str, digest: str) -> None:
        task, mine = self.task(task_id), self.state.contributions.get((task_id, sender), NO_CONTRIBUTION)
        require(task.status is TaskStatus.REVEALING and self.now_utc < known(task.reveal_deadline_utc))
        require(mine.status is ContributionStatus.CONTRIBUTED and mine.result_hash == task.consensus)
        require(mine.result_hash == ids.result_hash(task_id, digest))
        require(mine.result_seal == ids.result_seal(sender, task_id, digest))
        self.state.contributions[task_id, sender] = replace(mine, status=ContributionStatus.REVEALED)
        self.state.tasks[task_id] = replace(task, reveal_count=task.reveal_count + 1, result_digest=digest)
        self._emit("TaskReveal", taskid=task_id, worker=sender, digest=digest)

    def _reopen(self, sender: str, task_id: str) -> None:
        task = self.task(task_id)
        require(task.status is TaskStatus.REVEALING)
        require(sender == self.state.deals[task.deal_id].workerpool.owner)
        require(self.now_utc < known(task.final_deadline_utc))
        require(self.now_utc >= known(task.reveal_deadline_utc) and task.reveal_count == 0)
        for worker in task.contributors:
            mine = self.state.contributions[task_id, worker]
            if mine.result_hash == task.consensus:
                rejected = replace(mine, status=ContributionStatus.REJECTED)
                self.state.contributions[task_id, worker] = rejected
        self.state.totals[task_id] -= self.state.groups.pop((task_id, task.consensus))
        self.state.tasks[task_id] = replace(
            task, status=TaskStatus.ACTIVE, consensus=ZERO_HASH, reveal_deadline_utc=None, winner_count=0
        )
        self._emit("TaskReopen", taskid=task_id)

    def _finalize(self, sender: str, task_id: str, results: bytes, callback_data: bytes) -> None:
        task = self.task(task_id)
        require(task.status is TaskStatus.REVEALING)
        deal = self.state.deals[task.deal_id]
        require(sender == deal.workerpool.owner and self.now_utc < known(task.final_deadline_utc))
        late = self.now_utc >= known(task.reveal_deadline_utc)
        require(task.reveal_count == task.winner_count or (task.reveal_count > 0 and late))
        require(callback_fits(deal, callback_data, task.result_digest))
        self.state.tasks[task_id] = replace(
            task, status=TaskStatus.COMPLETED, results=results, callback_data=callback_data
        )
        self._success(deal, task_id)
        self._distribute(task, deal)
        self._emit("TaskFinalize", taskid=task_id, results=hex_text(results))

    def _contribute_and_finalize(  # noqa: PLR0917 (in the contract's order)
        self,
        sender: str,
        task_id: str,
        digest: str,
        results: bytes,
        callback_data: bytes,
        enclave: str,
        authorization: str,
    ) -> None:
        task = self.task(task_id)
        deal = self._may_contribute(task, sender, enclave, authorization)
        require(not task.contributors and deal.trust == 1 and callback_fits(deal, callback_data, digest))
        made = ids.result_hash(task_id, digest)
        seal = ids.result_seal(sender, task_id, digest)
        self.state.contributions[task_id, sender] = Contribution(
            ContributionStatus.REVEALED, made, seal, enclave, 0
        )
        self.state.tasks[task_id] = replace(
            task,
            status=TaskStatus.COMPLETED,
            consensus=made,
            reveal_deadline_utc=self.now_utc + timedelta(seconds=2 * task.time_ref_s),
            reveal_count=1,
            winner_count=1,
            contributors=(sender,),
            result_digest=digest,
            results=results,
            callback_data=callback_data,
        )
        self._success(deal, task_id)
        share = deal.workerpool.price_nrlc * (100 - deal.scheduler_reward_ratio) // 100
        self._reward(sender, share, task_id)
        self._reward(deal.workerpool.owner, deal.workerpool.price_nrlc - share, task_id)
        self._emit("TaskContribute", taskid=task_id, worker=sender, hash=made)
        self._emit("TaskConsensus", taskid=task_id, consensus=made)
        self._emit("TaskReveal", taskid=task_id, worker=sender, digest=digest)
        self._emit("TaskFinalize", taskid=task_id, results=hex_text(results))

    def _success(self, deal: Deal, task_id: str) -> None:
        self._seize(deal.sponsor, price(deal), task_id)
        for part in (deal.app, deal.dataset):
            if part.price_nrlc and part.pointer != ZERO_ADDRESS:
                self._reward(part.owner, part.price_nrlc, task_id)
        self._unlock(deal.workerpool.owner, pool_stake(deal))
        kitty = self.account(KITTY).locked_nrlc
        if kitty > 0:
            part_of_it = min(max(kitty // 10, KITTY_MIN_NRLC), kitty)
            self._seize(KITTY, part_of_it, task_id)
            self._reward(deal.workerpool.owner, part_of_it, task_id)

    def _distribute(self, task: Task, deal: Deal) -> None:
        of = {who: self.state.contributions[task.task_id, who] for who in task.contributors}
        proved = {who: c.weight for who, c in of.items() if c.status is ContributionStatus.REVEALED}
        left = deal.workerpool.price_nrlc + deal.worker_stake_nrlc * (len(of) - len(proved))
        workers = left * (100 - deal.scheduler_reward_ratio) // 100
        for who in of:
            score = self.state.scores.get(who, 0)
            if who in proved:
                share = workers * proved[who] // sum(proved.values())
                left -= share
                self._unlock(who, deal.worker_stake_nrlc)
                self._reward(who, share, task.task_id)
                if len(of) > 1:
                    self.state.scores[who] = score + 1
                    self._emit("AccurateContribution", worker=who, taskid=task.task_id)
            else:
                self._seize(who, deal.worker_stake_nrlc, task.task_id)
                self.state.scores[who] = score * 2 // 3
                self._emit("FaultyContribution", worker=who, taskid=task.task_id)
        self._reward(deal.workerpool.owner, left, task.task_id)

    def _claim(self, _sender: str, task_id: str) -> None:
        task = self.task(task_id)
        require(task.status in {TaskStatus.ACTIVE, TaskStatus.REVEALING})
        require(self.now_utc >= known(task.final_deadline_utc))
        deal = self.state.deals[task.deal_id]
        self.state.tasks[task_id] = replace(task, status=TaskStatus.FAILED)
        self._unlock(deal.sponsor, price(deal))
        stake = pool_stake(deal)
        self._seize(deal.workerpool.owner, stake, task_id)
        self._change(KITTY, 0, stake)
        self._emit("Reward", owner=KITTY, amount=stake, ref=task_id)
        self._emit("Lock", owner=KITTY, amount=stake)
        for worker in task.contributors:
            self._unlock(worker, deal.worker_stake_nrlc)
        self._emit("TaskClaimed", taskid=task_id)

    def _initialize_and_claim(self, sender: str, deal_id: str, index: int) -> None:
        deal = self.state.deals.get(deal_id)
        require(deal is not None)
        assert deal is not None
        over_s = 10 * self.categories[deal.category].time_ref_s
        require(self.now_utc >= deal.start_utc + timedelta(seconds=over_s))
        self._initialize(sender, deal_id, index)
        self._claim(sender, ids.task_id(deal_id, index))

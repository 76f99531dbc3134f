"""What jobs ask and hear: offers, leases, and the one question before a promise."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from edgepi.budget.adviser import Adviser
from edgepi.budget.keeper import Keeper
from edgepi.budget.leases import Handle, LeaseBook
from edgepi.budget.sayings import Sayings
from edgepi.energy import LeaseVerb, LeaseVerdict, Situation
from edgepi.energy.offers import validate_offer
from edgepi.errors import LeaseError
from edgepi.model import Answer, LeaseState, Offer
from edgepi.plugin import LeaseHandle

__all__ = ["Jobs"]

_log = logging.getLogger("edgepi.budget")

_ORPHANED_AFTER = timedelta(days=1)
_TOO_LATE = Answer(yes=False, sentence="no: the node is going down")
_STATES = {
    LeaseVerb.GRANT: LeaseState.GRANTED,
    LeaseVerb.REFUSE: LeaseState.REFUSED,
    LeaseVerb.WITHDRAW: LeaseState.OFFERED,
    LeaseVerb.PAUSE: LeaseState.PAUSED,
    LeaseVerb.RESUME: LeaseState.RUNNING,
    LeaseVerb.BREAK: LeaseState.BROKEN,
}


class Jobs:
    """Leases between their jobs and the governor; *nudge* has the governor decide at once.

    *going* says whether the node is on its way down: its wake is set, and nothing is promised any more.
    """

    def __init__(
        self,
        *,
        leases: LeaseBook,
        adviser: Adviser,
        situation: Callable[[], Situation],
        keeper: Keeper,
        sayings: Sayings,
        nudge: Callable[[], None],
        going: Callable[[], bool] = lambda: False,
    ) -> None:
        self.leases = leases
        self.nudge = nudge
        self._adviser = adviser
        self._situation = situation
        self._keeper = keeper
        self._sayings = sayings
        self._going = going

    def would_grant(self, offer: Offer) -> Answer:
        """Answer an offer without granting it; raises OfferError."""
        validate_offer(offer)
        return self._adviser.would_grant(self._situation(), offer)

    def offer(self, offer: Offer) -> LeaseHandle:
        """Take in an offer, or take up again the lease it had before a restart; raises OfferError."""
        handle = Handle(self, self.leases.offer(offer))
        self.nudge()
        return handle

    async def commit(self, offer_id: str) -> Answer:
        """Ask whether a lease's finish phase is safe; *yes* is on disk before it is said."""
        lease = self.leases.step(offer_id, LeaseState.COMMIT_ASKED)
        answer = _TOO_LATE if self._going() else self._adviser.may_commit(self._situation(), lease)
        if answer.yes:
            answer = await self._promise(offer_id, answer)
        if not answer.yes:
            self.leases.step(offer_id, LeaseState.GIVEN_BACK, answer.sentence)
        verb = "commit" if answer.yes else "refuse_commit"
        self._sayings.say(offer_id, verb, answer.sentence, answer.numbers)
        self.nudge()
        return answer

    async def _promise(self, offer_id: str, answer: Answer) -> Answer:
        self.leases.step(offer_id, LeaseState.COMMITTED, answer.sentence)
        try:
            await self._keeper.write()
        except (OSError, ValueError) as error:
            return Answer(yes=False, sentence=f"no: the promise cannot be saved: {error}")
        return answer

    def carry_out(self, steps: Iterable[LeaseVerdict], now_utc: datetime) -> None:
        """Take the steps that the governor wants, and let go of what no job took up again."""
        for step in steps:
            self._step(step)
        for lease in self.leases.orphans(now_utc - _ORPHANED_AFTER):
            self.leases.step(
                lease.offer.offer_id, LeaseState.GIVEN_BACK, "given back: nobody took it up again"
            )

    def _step(self, step: LeaseVerdict) -> None:
        try:
            self.leases.step(step.offer_id, _STATES[step.verb], step.sentence)
        except LeaseError as error:
            _log.warning("the governor asked for the impossible: %s", error.message)
            return
        self._sayings.say(step.offer_id, step.verb.value, step.sentence)

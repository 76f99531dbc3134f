from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from edgepi.budget.leases import TRANSITIONS, LeaseBook, move
from edgepi.errors import LeaseError, OfferError
from edgepi.model import Lease, LeaseState, Offer, RunPhase

S = LeaseState
NOW = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)
Make = Callable[..., Offer]

# The life of a lease, written down once more and independently of the code.
LEGAL = {
    (S.OFFERED, S.GRANTED),
    (S.OFFERED, S.REFUSED),
    (S.OFFERED, S.GIVEN_BACK),
    (S.GRANTED, S.RUNNING),
    (S.GRANTED, S.OFFERED),
    (S.GRANTED, S.GIVEN_BACK),
    (S.GRANTED, S.BROKEN),
    (S.RUNNING, S.PAUSED),
    (S.RUNNING, S.COMMIT_ASKED),
    (S.RUNNING, S.FINISHED),
    (S.RUNNING, S.GIVEN_BACK),
    (S.RUNNING, S.BROKEN),
    (S.PAUSED, S.RUNNING),
    (S.PAUSED, S.GIVEN_BACK),
    (S.PAUSED, S.BROKEN),
    (S.COMMIT_ASKED, S.COMMITTED),
    (S.COMMIT_ASKED, S.GIVEN_BACK),
    (S.COMMIT_ASKED, S.BROKEN),
    (S.COMMITTED, S.FINISHED),
    (S.COMMITTED, S.GIVEN_BACK),
    (S.COMMITTED, S.BROKEN),
}


@pytest.mark.parametrize(("old", "new"), list(product(S, S)))
def test_each_step_of_a_lease_is_allowed_or_an_error(make_offer: Make, old: S, new: S) -> None:
    lease = Lease(offer=make_offer(), state=old, since_utc=NOW, finishing=True)
    if (old, new) in LEGAL:
        later = NOW + timedelta(seconds=1)
        moved = move(lease, new, later, "why")
        assert (moved.state, moved.since_utc, moved.sentence, moved.finishing) == (new, later, "why", False)
    else:
        with pytest.raises(LeaseError, match=f"is {old}, it cannot become {new}"):
            move(lease, new, NOW)


def test_the_table_knows_every_state_and_closed_ones_lead_nowhere() -> None:
    assert set(TRANSITIONS) == set(S)
    for state, following in TRANSITIONS.items():
        assert bool(following) is state.open


def book_of(changes: list[Lease] | None = None) -> LeaseBook:
    return LeaseBook((changes if changes is not None else []).append, lambda: NOW)


def test_an_offer_that_is_open_can_be_taken_up_again_but_not_replaced(make_offer: Make) -> None:
    book = book_of()
    first = book.offer(make_offer())
    assert book.offer(make_offer()) == first
    with pytest.raises(OfferError, match="open already"):
        book.offer(make_offer(run=RunPhase(energy_wh=9.0, duration_s=60.0)))


def test_a_deadline_moves_and_the_job_still_finds_its_lease(make_offer: Make) -> None:
    changes: list[Lease] = []
    book = book_of(changes)
    book.offer(make_offer(deadline_h=5))
    heard, later = len(changes), NOW + timedelta(hours=9)
    finish = book.move_deadline("job-1", later).offer.finish
    assert finish is not None
    assert finish.deadline_utc == later
    assert len(changes) == heard
    assert book.offer(make_offer(deadline_h=5)).offer.finish == finish
    with pytest.raises(OfferError, match="open already"):
        book.offer(make_offer(deadline_h=5, run=RunPhase(energy_wh=9.0, duration_s=60.0)))


def test_no_deadline_moves_where_there_is_none(make_offer: Make) -> None:
    book = book_of()
    book.offer(make_offer())
    with pytest.raises(LeaseError, match="no deadline"):
        book.move_deadline("job-1", NOW)
    book.offer(make_offer("job-2", deadline_h=5))
    with pytest.raises(OfferError, match="time zone"):
        book.move_deadline("job-2", NOW.replace(tzinfo=None))


def test_a_closed_offer_may_be_made_anew(make_offer: Make) -> None:
    book = book_of()
    book.offer(make_offer())
    book.step("job-1", S.REFUSED)
    assert book.offer(make_offer()).state is S.OFFERED


def test_time_and_energy_are_counted_while_the_job_draws(make_offer: Make) -> None:
    book = book_of()
    book.offer(make_offer(deadline_h=5))
    book.pass_time(60.0)
    book.step("job-1", S.GRANTED)
    book.begin("job-1")
    book.pass_time(1200.0)
    book.step("job-1", S.COMMIT_ASKED)
    book.step("job-1", S.COMMITTED)
    book.pass_time(5000.0)
    assert book.get("job-1").run_s == 1200.0
    assert book.get("job-1").used_wh == pytest.approx(1.0)
    assert book.begin("job-1").finishing
    book.pass_time(300.0)
    assert book.get("job-1").used_wh == pytest.approx(1.4)
    assert book.get("job-1").run_s == 1200.0


def test_a_standing_offer_is_never_run(make_offer: Make) -> None:
    book = book_of()
    book.offer(make_offer(standing=True))
    book.step("job-1", S.GRANTED)
    with pytest.raises(LeaseError, match="standing"):
        book.begin("job-1")


def test_committed_leases_survive_and_others_come_back_as_offers(make_offer: Make) -> None:
    before = book_of()
    for name in ("kept", "interrupted"):
        before.offer(make_offer(name, deadline_h=5))
        before.step(name, S.GRANTED)
        before.begin(name)
        before.pass_time(600.0)
    before.step("kept", S.COMMIT_ASKED)
    before.step("kept", S.COMMITTED)
    after = book_of()
    after.restore(before.open)
    assert [(lease.offer.offer_id, lease.state) for lease in after.open] == [("kept", S.COMMITTED)]
    assert after.offer(make_offer("kept", deadline_h=5)).state is S.COMMITTED
    again = after.offer(make_offer("interrupted", deadline_h=5))
    assert (again.state, again.run_s) == (S.OFFERED, 600.0)


def test_a_promise_nobody_takes_up_again_is_an_orphan_a_day_after_its_deadline(make_offer: Make) -> None:
    lease = Lease(offer=make_offer(deadline_h=5), state=S.COMMITTED, since_utc=NOW)
    book = book_of()
    book.restore([lease])
    assert book.orphans(NOW) == ()
    assert book.orphans(NOW + timedelta(hours=6)) == (lease,)
    book.offer(lease.offer)
    assert book.orphans(NOW + timedelta(hours=6)) == ()


async def test_whoever_waits_for_a_change_hears_of_it_and_not_of_energy_used(make_offer: Make) -> None:
    book = book_of()
    seen = book.offer(make_offer())
    waiter = asyncio.create_task(book.changed("job-1", seen))
    await asyncio.sleep(0)
    book._leases["job-1"] = replace(seen, used_wh=3.0)
    await asyncio.sleep(0)
    assert not waiter.done()
    book.step("job-1", S.GRANTED)
    assert (await waiter).state is S.GRANTED


def test_closed_leases_are_forgotten_in_the_end(make_offer: Make) -> None:
    book = book_of()
    for number in range(150):
        book.offer(make_offer(f"job-{number}"))
        book.step(f"job-{number}", S.GIVEN_BACK)
    with pytest.raises(LeaseError, match="no lease job-0"):
        book.get("job-0")
    assert book.get("job-149").state is S.GIVEN_BACK

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edgepi.budget.learned import LearnedPowers
from edgepi.energy import Insight
from edgepi.energy.governor import LearnedLoad
from edgepi.model import Lease, LeaseState, Offer, RunPhase

NOW = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "factor"), [(2.0, 1.25), (0.5, 1.0)])
def test_a_job_draws_what_its_kind_was_learned_to_draw_however_many_were_measured_together(
    make_offer: Callable[..., Offer], hours: float, factor: float
) -> None:
    both = LearnedLoad(part="iexec:run", stated_w=6.0, learned_w=7.5, hours=hours)
    learned = LearnedPowers(Insight(loads=(both,)))
    for power_w in (3.0, 10.0):
        offer = replace(make_offer(), run=RunPhase(energy_wh=power_w, duration_s=3600.0))
        lease = Lease(offer=offer, state=LeaseState.RUNNING, since_utc=NOW)
        assert learned.lease_w(lease) == pytest.approx(factor * power_w)
        assert learned.lease_w(replace(lease, state=LeaseState.PAUSED)) == 0.0

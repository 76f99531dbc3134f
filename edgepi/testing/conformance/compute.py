"""What every source of jobs must do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepi.model import LeaseState
from edgepi.plugin import ComputeBackend
from edgepi.testing.clock import ManualClock
from edgepi.testing.conformance.base import Conformance, Run
from edgepi.testing.doubles import FakeBudget

__all__ = ["ComputeBackendConformance"]


@pytest.mark.asyncio
class ComputeBackendConformance(Conformance[ComputeBackend]):
    """What every source of jobs must do; *make* hands it the fixture `fake_budget`."""

    async def test_leaves_no_lease_open_when_it_stops(
        self, make: Callable[[], ComputeBackend], run: Run, fake_budget: FakeBudget, manual_clock: ManualClock
    ) -> None:
        backend = make()
        await run(backend.start())
        await manual_clock.advance(60.0)
        await run(backend.stop())
        left = [each.lease for each in fake_budget.leases if each.lease.state.open]
        committed = [lease for lease in left if lease.state is LeaseState.COMMITTED]
        assert left == committed, "only what is committed may outlive the backend"

    async def test_runs_nothing_without_a_lease(
        self, make: Callable[[], ComputeBackend], run: Run, fake_budget: FakeBudget, manual_clock: ManualClock
    ) -> None:
        fake_budget.refuse()
        backend = make()
        await run(backend.start())
        await manual_clock.advance(60.0)
        assert all(each.lease.state is LeaseState.REFUSED for each in fake_budget.leases)
        await run(backend.stop())

    async def test_can_be_stopped_at_any_time_and_started_again(
        self, make: Callable[[], ComputeBackend], run: Run
    ) -> None:
        backend = make()
        await run(backend.stop())
        await run(backend.start())
        await run(backend.stop())
        await run(backend.stop())
        await run(backend.start())
        await run(backend.stop())

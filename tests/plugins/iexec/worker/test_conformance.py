from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from edgepi.testing.conformance.compute import ComputeBackendConformance
from edgepi.testing.doubles import FakeBudget
from edgepi_iexec.worker.worker import IexecWorker
from tests.plugins.iexec.worker.house import House


class TestIexecWorker(ComputeBackendConformance):
    @pytest.fixture
    def make(self, house: House, fake_budget: FakeBudget) -> Callable[[], IexecWorker]:
        for _ in range(3):
            house.scheduler.give(house.ledger.task())

        def make() -> IexecWorker:
            house.worker = IexecWorker(replace(house.parts(), budget=fake_budget), house.trade)
            return house.worker

        return make

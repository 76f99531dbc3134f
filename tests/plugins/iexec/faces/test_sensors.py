from __future__ import annotations

from collections.abc import Callable

import pytest

from edgepi.plugin import Sensor
from edgepi.testing.conformance import SensorConformance
from edgepi_iexec.sensors import WorkerSensor
from tests.plugins.iexec.faces.house import RLC, FakeBackend, S, paid, status


async def values(sensor: WorkerSensor) -> dict[str, object]:
    keys = {each.key for each in sensor.describe()}
    read: dict[str, object] = {reading.key: reading.value for reading in await sensor.read()}
    assert set(read) <= keys
    return read


async def test_a_worker_that_does_not_run_says_so(backend: FakeBackend) -> None:
    assert await values(WorkerSensor(backend)) == {"state": "stopped"}  # type: ignore[arg-type]


async def test_states_follow_worker_and_journal(backend: FakeBackend) -> None:
    backend.worker = status((9, S.COMPUTING))
    sensor = WorkerSensor(backend)  # type: ignore[arg-type]
    assert (await values(sensor))["earned_per_wh"] is None
    for number in range(3):
        await backend.journal.put(paid(number))
    assert await values(sensor) == {
        "state": "working",
        "jobs_running": 1,
        "jobs_paid": 3,
        "earned": 1.5,
        "earned_per_wh": 1.0,
        "stake_free": 3.0,
    }


async def test_the_deposit_is_not_asked_for_while_that_would_load_the_chain(backend: FakeBackend) -> None:
    backend.worker = status()
    sensor = WorkerSensor(backend)  # type: ignore[arg-type]
    for _ in range(80):
        await sensor.read()
    assert backend.chain.asked == 1
    backend.chain.loaded = True
    backend.chain.stake = 5 * RLC
    assert (await values(sensor))["stake_free"] == 5.0
    for _ in range(10):
        await sensor.read()
    assert backend.chain.asked == 2


def test_each_state_of_a_worker_is_an_option() -> None:
    described = {each.key: each for each in WorkerSensor(None).describe()}  # type: ignore[arg-type]
    assert set(described["state"].options) == {
        "stopped",
        "disconnected",
        "saving_energy",
        "asking_for_work",
        "working",
        "waiting_for_others",
    }


class TestSensor(SensorConformance):
    lacks = frozenset({"bus"})

    @pytest.fixture
    def make(self, backend: FakeBackend) -> Callable[[], Sensor]:
        backend.worker = status((9, S.COMPUTING))
        return lambda: WorkerSensor(backend)  # type: ignore[arg-type]

"""The worker as entities: for history, page and every program that reads states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from edgepi.errors import MarketError
from edgepi.model import DeviceClass, EntityCategory, Reading, ReadingDescription, StateClass
from edgepi.plugin import Sensor
from edgepi_iexec.status import RLC, UNIT, WorkerState, worker_state

if TYPE_CHECKING:
    from edgepi_iexec.backend import IexecBackend

__all__ = ["WorkerSensor"]

_STAKE_EVERY = 30


class WorkerSensor(Sensor):
    """Looks at worker and journal; the deposit only while the chain's process runs anyway, or at first."""

    name = "worker"
    interval_s = 30.0
    power_w = 0.001
    timeout_s = 60.0

    def __init__(self, backend: IexecBackend) -> None:
        self._backend = backend
        self._looks = 0

    def describe(self) -> Sequence[ReadingDescription]:
        """List what is said of the worker."""
        return (
            ReadingDescription(
                key="state",
                name="Worker",
                device_class=DeviceClass.ENUM,
                options=tuple(state.value for state in WorkerState),
            ),
            _count("jobs_running", "Jobs running", StateClass.MEASUREMENT),
            _count("jobs_paid", "Jobs paid", StateClass.TOTAL_INCREASING),
            _amount("earned", "Earned", UNIT, StateClass.TOTAL),
            _amount("earned_per_wh", "Earned per watt-hour", f"{UNIT}/Wh", StateClass.MEASUREMENT),
            _amount("stake_free", "Stake free", UNIT, StateClass.MEASUREMENT, EntityCategory.DIAGNOSTIC),
        )

    async def read(self) -> Iterable[Reading]:
        """Look now; raises JournalError when the journal cannot be read."""
        backend = self._backend
        status = backend.worker
        if status is None:
            return (Reading("state", WorkerState.STOPPED.value),)
        totals = await backend.journal.totals(backend.name)
        await self._look_at_stake()
        earned, account = totals.earned_nrlc / RLC, backend.account
        return (
            Reading("state", worker_state(status).value),
            Reading("jobs_running", len(status.tasks)),
            Reading("jobs_paid", totals.paid_jobs),
            Reading("earned", earned),
            Reading("earned_per_wh", earned / totals.energy_wh if totals.energy_wh > 0 else None),
            Reading("stake_free", account.stake_nrlc / RLC if account else None),
        )

    async def _look_at_stake(self) -> None:
        chain = self._backend.assembly.chain if self._backend.assembly is not None else None
        if chain is None:
            return
        due = self._backend.account is None or (chain.loaded and self._looks <= 0)
        self._looks = _STAKE_EVERY if due else self._looks - 1
        if due:
            try:
                self._backend.account = await chain.account(chain.address)
            except MarketError as error:
                self._backend.context.log.info("the deposit cannot be read: %s", error)


def _count(key: str, name: str, kind: StateClass) -> ReadingDescription:
    return ReadingDescription(key=key, name=name, state_class=kind, precision=0, valid_min=0.0)


def _amount(
    key: str, name: str, unit: str, kind: StateClass, category: EntityCategory | None = None
) -> ReadingDescription:
    return ReadingDescription(
        key=key, name=name, unit=unit, state_class=kind, precision=4, valid_min=0.0, category=category
    )

"""At the start: finds what an earlier life left in journal, folders and containers, and goes on with it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from edgepi.compute.journal import JobRecord
from edgepi.errors import ComputeError, EnergyError, ProtocolError
from edgepi.plugin import Budget, LeaseHandle
from edgepi_iexec.worker.desk import Desk
from edgepi_iexec.worker.offers import without_run
from edgepi_iexec.worker.state import TaskState
from edgepi_iexec.worker.steps import computed, contributed

__all__ = ["BACKEND", "Found", "lease_again", "open_tasks", "sweep"]

BACKEND = "iexec"


@dataclass(frozen=True, slots=True)
class Found:
    """A task of an earlier life; *foreign* if another wallet took it, which alone can reveal it."""

    record: JobRecord
    state: TaskState
    foreign: bool = False


async def open_tasks(desk: Desk) -> tuple[Found, ...]:
    """Every task that the journal says is not over; what cannot be read is closed."""
    found = []
    for record in await desk.parts.journal.open_jobs(BACKEND):
        try:
            state = TaskState.from_json(record.data)
        except ProtocolError as error:
            desk.log.warning("task %s cannot be taken up again: %s", record.job_id, error)
            await _close(record, desk, "its record cannot be read")
            continue
        wallet = state.authorization.worker if state.authorization else desk.me
        if wallet == desk.me:
            found.append(Found(record, state))
        elif contributed(state):
            text = "task %s was contributed with the wallet %s: only with that one can its stake be saved"
            desk.log.error(text, record.job_id, wallet)
            found.append(Found(record, state, foreign=True))
        else:
            await _close(record, desk, "it was taken with another wallet")
    return tuple(found)


async def _close(record: JobRecord, desk: Desk, outcome: str) -> None:
    now = desk.clock.now()
    await desk.parts.journal.put(replace(record, updated_utc=now, ended_utc=now, outcome=outcome))


async def lease_again(budget: Budget, state: TaskState, desk: Desk) -> LeaseHandle | None:
    """The lease that the task had, or a new one for what is left of it; None if there is none to be had."""
    if state.offer is None:
        return None
    # Energy may have been promised for the whole offer or, in a later life, for what was left.
    for offer in (without_run(state.offer), state.offer) if computed(state) else (state.offer,):
        try:
            return await budget.offer(offer)
        except EnergyError as error:
            desk.log.info("task %s: this lease cannot be taken up again: %s", state.task_id, error)
    desk.log.warning("task %s: its lease cannot be taken up again", state.task_id)
    return None


async def sweep(desk: Desk, keep: Iterable[Found]) -> None:
    """Remove folders and containers of tasks that are over; loads the sandbox only if one may be left."""
    tasks = {each.state.task_id: each.state for each in keep}
    gone = await asyncio.to_thread(_remove_others, desk.parts.folder / "tasks", frozenset(tasks))
    if not gone and not any(state.runs for state in tasks.values()):
        return
    try:
        boxes = await desk.boxes()
        for job_id in await boxes.leftovers():
            if job_id not in tasks:
                await boxes.remove(job_id)
    except ComputeError as error:
        desk.log.warning("containers of an earlier life cannot be looked for: %s", error)


def _remove_others(folder: Path, keep: frozenset[str]) -> tuple[str, ...]:
    if not folder.is_dir():
        return ()
    gone = tuple(each.name for each in folder.iterdir() if each.name not in keep)
    for name in gone:
        shutil.rmtree(folder / name, ignore_errors=True)
    return gone

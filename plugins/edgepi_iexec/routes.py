"""What the page and programs may ask of the worker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from edgepi.errors import NotFoundError, RequestError
from edgepi.plugin import Card, Request, Response, Route
from edgepi_iexec.status import jobs_view, task_detail, task_row

if TYPE_CHECKING:
    from edgepi_iexec.backend import IexecBackend

__all__ = ["SHOWN", "cards_of", "routes_of"]

SHOWN = 12
_MOST = 500


def routes_of(backend: IexecBackend) -> Iterable[Route]:
    """The routes of one instance."""
    faces = _Faces(backend)
    return (
        Route("GET", "status", faces.status, "What the worker does, why, and what it earned"),
        Route("GET", "tasks", faces.tasks, "Tasks, newest first; `limit` says how many (50)"),
        Route("GET", "tasks/{task}", faces.task, "One task: its stages, energy, earnings, result and logs"),
        Route("GET", "tasks/{task}/logs", faces.logs, "What a task's app said"),
    )


def cards_of(instance: str) -> Iterable[Card]:
    """The card of one instance."""
    base = f"plugins/{instance}"
    title = "iExec jobs" if instance == "iexec" else f"iExec jobs, {instance}"
    return (Card(title, (), kind="jobs", options={"list": f"{base}/status", "job": f"{base}/tasks"}),)


class _Faces:
    def __init__(self, backend: IexecBackend) -> None:
        self._backend = backend

    async def status(self, request: Request) -> Response:
        del request
        backend = self._backend
        records = await backend.journal.history(SHOWN, backend.name)
        open_jobs = await backend.journal.open_jobs(backend.name)
        known = {record.job_id for record in records}
        all_records = (*records, *(record for record in open_jobs if record.job_id not in known))
        totals = await backend.journal.totals(backend.name)
        view = jobs_view(backend.worker, all_records, totals, backend.account)
        return Response(view.to_json())

    async def tasks(self, request: Request) -> Response:
        limit = _limit(request.query.get("limit"))
        records = await self._backend.journal.history(limit, self._backend.name)
        return Response([task_row(record) for record in records])

    async def task(self, request: Request) -> Response:
        task_id = request.path["task"].lower()
        journal, worker = self._backend.journal, self._backend.worker
        record = await journal.get(task_id)
        if record is None or record.backend != self._backend.name:
            raise NotFoundError(
                f"no task {task_id[:70]!r} is known here", hint="`edgepi iexec tasks` lists all"
            )
        lease = worker.leases.get(task_id) if worker is not None else None
        return Response(
            task_detail(record, await journal.stages(task_id), await journal.logs(task_id), lease)
        )

    async def logs(self, request: Request) -> Response:
        found = await self._backend.journal.logs(request.path["task"].lower())
        if found is None:
            raise NotFoundError("nothing is kept of what this task said")
        return Response({"stdout": found[0], "stderr": found[1]})


def _limit(text: str | None) -> int:
    try:
        limit = int(text or 50)
    except ValueError:
        limit = 0
    if not 1 <= limit <= _MOST:
        raise RequestError(f"`limit` is a number from 1 to {_MOST}")
    return limit

"""How commands see a worker: through the running node, or in its journal where none runs."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from edgepi.compute.journal import JobJournal
from edgepi.errors import NodeNotRunningError, NotFoundError
from edgepi.plugin import CommandContext, common_arguments, instance_argument
from edgepi_iexec.backend import JOURNAL, IexecBackend
from edgepi_iexec.status import jobs_view, task_detail, task_row

__all__ = ["Asked", "add_common", "moment", "span_words"]

T = TypeVar("T")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what each of these commands takes."""
    common_arguments(parser)
    instance_argument(parser, "worker")


class Asked:
    """One worker, asked by a command; *running* says whether a node answered."""

    def __init__(self, args: argparse.Namespace, context: CommandContext) -> None:
        self._context = context
        self.instance = args.instance or _only(context)
        self.running = True

    def status(self) -> dict[str, Any]:
        """What the worker does and did."""
        return self._ask("status", _status_of)

    def tasks(self, limit: int) -> list[dict[str, Any]]:
        """Tasks, newest first."""

        async def read(journal: JobJournal) -> list[dict[str, Any]]:
            return [task_row(record) for record in await journal.history(limit, IexecBackend.name)]

        return self._ask("tasks", read, limit=limit)

    def task(self, task_id: str) -> dict[str, Any]:
        """Everything of one task; the beginning of its id is enough. Raises NotFoundError."""
        whole = self._whole(task_id)

        async def read(journal: JobJournal) -> dict[str, Any]:
            record = await journal.get(whole)
            if record is None:
                raise NotFoundError(f"no task {whole!r} is known here", hint="`edgepi iexec tasks` lists all")
            return task_detail(record, await journal.stages(whole), await journal.logs(whole))

        return self._ask(f"tasks/{whole}", read)

    def _whole(self, begun: str) -> str:
        begun = begun.lower()
        if len(begun) == 66:
            return begun
        found = [row["task"] for row in self.tasks(500) if row["task"].startswith(begun)]
        if len(found) == 1:
            return str(found[0])
        words = "several tasks begin" if found else "no task begins"
        raise NotFoundError(f"{words} with {begun[:70]!r}", hint="`edgepi iexec tasks` lists all")

    def _ask(self, path: str, read: Callable[[JobJournal], Awaitable[T]], **query: object) -> T:
        try:
            answer: T = self._context.node.get(f"plugins/{self.instance}/{path}", **query)
        except NodeNotRunningError:
            self.running = False
            return asyncio.run(_with(self._context.folder_of(self.instance) / JOURNAL, read))
        return answer


def _only(context: CommandContext) -> str:
    """The one worker of the configuration; the plugin's own name where there are none, or many."""
    names = context.instances()
    return names[0] if len(names) == 1 else context.plugin


async def _status_of(journal: JobJournal) -> dict[str, Any]:
    records = await journal.history(12, IexecBackend.name)
    return jobs_view(None, records, await journal.totals(IexecBackend.name), None).to_json()


async def _with(path: Path, read: Callable[[JobJournal], Awaitable[T]]) -> T:
    if not await asyncio.to_thread(path.is_file):
        raise NotFoundError(f"no worker ever ran: there is no {path}", hint="`edgepi run` starts the node")
    journal = JobJournal(path)
    await journal.open()
    try:
        return await read(journal)
    finally:
        await journal.close()


def moment(time: datetime | str | None) -> str:
    """A time in UTC to the second, whether it came from the API or the journal."""
    if time is None:
        return ""
    known = datetime.fromisoformat(time) if isinstance(time, str) else time
    return f"{known.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def span_words(seconds: float) -> str:
    """A span in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

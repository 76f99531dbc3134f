from __future__ import annotations

from typing import Any

import pytest

from edgepi.errors import NotFoundError, RequestError
from edgepi.plugin import Request
from edgepi_iexec.routes import cards_of, routes_of
from tests.plugins.iexec.faces.house import FakeBackend, S, paid, record, status, task_id


async def ask(backend: FakeBackend, path: str, query: dict[str, str] | None = None, **names: str) -> Any:
    route = next(each for each in routes_of(backend) if each.path == path)  # type: ignore[arg-type]
    assert route.method == "GET"
    assert not route.writes
    return (await route.handler(Request(names, query or {}))).data


async def filled(backend: FakeBackend) -> FakeBackend:
    await backend.journal.put(record(1, S.STARTED))
    await backend.journal.put(record(1, S.COMPUTING))
    for number in range(2, 30):
        await backend.journal.put(paid(number))
    await backend.journal.write_logs(task_id(2), "3.14\n", "")
    return backend


async def test_status_has_every_open_job_and_the_latest_others(backend: FakeBackend) -> None:
    await filled(backend)
    backend.worker = status((1, S.COMPUTING))
    told = await ask(backend, "status")
    assert told["state"] == "working"
    assert told["paid"] == 28
    assert [job["job_id"] for job in told["jobs"]][:2] == [task_id(1), task_id(29)]
    assert len(told["jobs"]) == 13


async def test_tasks_are_limited(backend: FakeBackend) -> None:
    await filled(backend)
    assert [row["task"] for row in await ask(backend, "tasks", {"limit": "2"})] == [task_id(29), task_id(28)]
    for wrong in ("0", "-1", "501", "many"):
        with pytest.raises(RequestError, match="from 1 to 500"):
            await ask(backend, "tasks", {"limit": wrong})


async def test_a_task_is_told_with_stages_and_logs(backend: FakeBackend) -> None:
    await filled(backend)
    told = await ask(backend, "tasks/{task}", task=task_id(1))
    assert [each["stage"] for each in told["stages"]] == ["STARTED", "COMPUTING"]
    assert told["logs"] is None
    told = await ask(backend, "tasks/{task}", task=task_id(2).upper().replace("X", "x"))
    assert told["logs"] == {"stdout": "3.14\n", "stderr": ""}
    assert told["earned_rlc_per_wh"] == 1.0
    assert await ask(backend, "tasks/{task}/logs", task=task_id(2)) == {"stdout": "3.14\n", "stderr": ""}


async def test_what_is_not_there_is_said(backend: FakeBackend) -> None:
    await backend.journal.put(record(1, S.STARTED, backend="another"))
    for path in ("tasks/{task}", "tasks/{task}/logs"):
        with pytest.raises(NotFoundError):
            await ask(backend, path, task=task_id(1))


def test_the_card_names_its_routes() -> None:
    (card,) = cards_of("iexec")
    assert card.kind == "jobs"
    assert card.options == {"list": "plugins/iexec/status", "job": "plugins/iexec/tasks"}
    assert next(iter(cards_of("second"))).title == "iExec jobs, second"

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edgepi.compute.journal import JobJournal, JobRecord
from edgepi.errors import ConfigError, NodeNotRunningError, NotFoundError
from edgepi.plugin import Request
from edgepi_iexec.commands import status as status_command
from edgepi_iexec.commands import task as task_command
from edgepi_iexec.commands import tasks as tasks_command
from edgepi_iexec.routes import routes_of
from tests.commands import context_of
from tests.plugins.iexec.faces.house import FakeBackend, S, paid, record, status, task_id


@dataclass
class Printed:
    lines: list[str] = field(default_factory=list)

    def line(self, text: str = "") -> None:
        self.lines.append(text)

    def json(self, data: Any) -> None:
        self.lines.append(json.dumps(data, default=str))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        self.lines += [" | ".join(map(str, row)) for row in (headers, *rows)]

    def progress(self, text: str) -> None:
        raise AssertionError(text)


class Shell:
    """Runs commands over a folder, with or without a node."""

    def __init__(self, folder: Path, *, running: bool = False, instances: Sequence[str] = ("iexec",)) -> None:
        self.folder = folder
        self.running = running
        self.instances = instances
        self.asked: list[str] = []
        self.out = Printed()

    @property
    def path(self) -> Path:
        return self.folder / "plugins" / self.instances[0] / "jobs.db"

    def fill(self, *records: JobRecord) -> None:
        async def write() -> None:
            journal = JobJournal(self.path)
            await journal.open()
            for each in records:
                await journal.put(each)
            await journal.write_logs(records[0].job_id, "hello\n\x1b[2Jworld\n", "")
            await journal.close()

        asyncio.run(write())

    def get(self, path: str, **query: object) -> Any:
        self.asked.append(path)
        if not self.running:
            raise NodeNotRunningError(self.folder)
        return asyncio.run(self._served(path, query))

    async def _served(self, path: str, query: Mapping[str, object]) -> Any:
        journal = JobJournal(self.path)
        await journal.open()
        backend = FakeBackend(journal, worker=status((1, S.COMPUTING)))
        plugins, _, *tail = path.split("/")
        assert plugins == "plugins"
        place = "tasks/{task}" if len(tail) == 2 else tail[0]
        route = next(each for each in routes_of(backend) if each.path == place)  # type: ignore[arg-type]
        asked = Request({"task": tail[-1]}, {key: str(value) for key, value in query.items()})
        try:
            answer = (await route.handler(asked)).data
        finally:
            await journal.close()
        return json.loads(json.dumps(answer, default=str))

    def _configs(self) -> Mapping[str, Any]:
        if not self.instances[0]:
            raise ConfigError([])
        return dict.fromkeys(self.instances)

    def run(self, module: Any, *words: str) -> str:
        parser = argparse.ArgumentParser()
        parser.set_defaults(json=False)
        module.add_arguments(parser)
        context = context_of("iexec", self._configs, self.folder, node=self, out=self.out)
        self.out.lines.clear()
        assert module.run(parser.parse_args(words), context) == 0
        return "\n".join(self.out.lines)


@pytest.fixture(params=[True, False], ids=["node runs", "no node runs"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    made = Shell(tmp_path, running=request.param)
    failed = paid(3, stage="ABORTED", outcome="aborted: APP_COMPUTE_FAILED", earned_nrlc=0)
    made.fill(paid(2), record(1, S.COMPUTING), failed)
    return made


def test_status_says_what_was_earned_and_whether_a_node_runs(shell: Shell) -> None:
    said = shell.run(status_command)
    assert ("no node runs" in said) is not shell.running
    assert ("iexec: working" in said) is shell.running
    assert "1 job paid, 0.5 RLC for 1.00 Wh, 0.5 RLC/Wh" in said
    assert f"{task_id(1)[:12]} | pi | computing | 36 % | 0.50 Wh | 5 min | 0.9 expected" in said


def test_status_as_json(shell: Shell) -> None:
    told = json.loads(shell.run(status_command, "--json"))
    assert told["running"] is shell.running
    assert told["earned_per_wh"] == 0.5
    assert len(told["jobs"]) == 3


def test_tasks_are_listed_newest_first(shell: Shell) -> None:
    lines = shell.run(tasks_command, "--limit", "2").split("\n")
    assert lines[1].startswith(f"{task_id(3)[:12]} | pi | 2025-06-01 12:03:00 | aborted: APP_COMPUTE_FAILED")
    assert lines[2].startswith(f"{task_id(2)[:12]} | pi | 2025-06-01 12:02:00 | completed")
    assert lines[2].endswith("0.5")
    assert len(json.loads(shell.run(tasks_command, "--json"))) == 3


def test_a_task_is_shown_by_the_beginning_of_its_id(shell: Shell) -> None:
    said = shell.run(task_command, task_id(2)[:6])
    assert f"task {task_id(2)}" in said
    assert "earned: 0.5 RLC, 1 RLC/Wh" in said
    assert "  hello\n  [2Jworld" in said
    assert json.loads(shell.run(task_command, task_id(2), "--json"))["stages"][0]["stage"] == "COMPLETED"


def test_a_beginning_that_says_too_little_or_nothing_is_refused(shell: Shell) -> None:
    with pytest.raises(NotFoundError, match="several tasks begin"):
        shell.run(task_command, "0x")
    with pytest.raises(NotFoundError, match="no task begins"):
        shell.run(task_command, "0xffff")
    with pytest.raises(NotFoundError, match="is known here"):
        shell.run(task_command, "0x" + "f" * 64)


def test_without_node_and_journal_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no worker ever ran"):
        Shell(tmp_path).run(status_command)
    assert list(tmp_path.iterdir()) == []


def test_the_instance_is_the_only_one_or_the_one_that_is_named(tmp_path: Path) -> None:
    shell = Shell(tmp_path, instances=("roof",))
    shell.fill(paid(1))
    assert "roof:" in shell.run(status_command)
    many = Shell(tmp_path, instances=("roof", "shed"))
    assert "roof:" in many.run(status_command, "--instance", "roof")
    with pytest.raises(NotFoundError):
        many.run(status_command)

"""What commands of the camera are handed in tests."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import NodeNotRunningError, PluginError
from edgepi.model import NodeInfo
from edgepi.plugin import CommandContext, Message
from edgepi.testing.clock import ManualClock
from edgepi_camera.commands.main import command
from edgepi_camera.config import CameraConfig, config_schema

__all__ = ["NOW", "Answers", "Child", "Shown", "config", "context_of", "ran"]

NOW = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
Answers = Mapping[str, Any]


class Shown:
    """What was printed."""

    def __init__(self) -> None:
        self.text = ""
        self.data: Any = None
        self.told: list[str] = []

    def line(self, text: str = "") -> None:
        self.text += text + "\n"

    def json(self, data: Any) -> None:
        self.data = data

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        for row in (headers, *rows):
            self.line(" | ".join(map(str, row)))

    def progress(self, text: str) -> None:
        self.told.append(text)


class Node:
    """Answers by path; what is an exception is raised, what is callable is asked with the query."""

    def __init__(self, answers: Answers | None) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, object]]] = []

    def get(self, path: str, **query: object) -> Any:
        if self.answers is None:
            raise NodeNotRunningError(Path("/nowhere"))
        if path == "status":
            return {"node": {"time_zone": "Europe/Zurich"}, "time_utc": NOW.isoformat()}
        self.asked.append((path, query))
        found = self.answers[path]
        if isinstance(found, Exception):
            raise found
        return found(**query) if callable(found) else found

    def post(self, path: str, body: object = None) -> Any:
        raise AssertionError("no command changes anything")


class Quick(ManualClock):
    """A clock on which sleeping takes no time."""

    async def sleep(self, seconds: float) -> None:
        await self.advance(seconds)


class Child:
    """The workshop in this process, or only its *answer*; *failure* is what its end would be."""

    def __init__(self, failure: str | None = None, answer: Message | None = None) -> None:
        self.failure = failure
        self.answer = answer
        self.asked: list[Message] = []
        self.stopped = False
        self._on_push: Callable[[Message], None] | None = None

    def __call__(self, target: str, *, name: str, on_push: Any = None, on_end: Any = None) -> Child:
        del name, on_end
        assert target == "edgepi_camera.tuning.main:handle"
        self._on_push = on_push
        return self

    @property
    def alive(self) -> bool:
        return not self.stopped

    async def ask(self, message: Message, *, timeout_s: float) -> Message:
        assert timeout_s > 0
        self.asked.append(message)
        if self.failure:
            raise PluginError(self.failure)
        if self.answer is not None:
            return self.answer
        from edgepi_camera.tuning.main import Workshop

        workshop = Workshop()
        workshop.connect(self._on_push or (lambda _: None))
        return workshop(message)

    async def stop(self) -> None:
        self.stopped = True


def config(**keys: Any) -> CameraConfig:
    """A camera's section, read as from a file."""
    import voluptuous as vol

    schema = config_schema()
    values = vol.Schema(schema.fields)({"source": "rtsp://10.0.0.7/main", **keys})
    return schema.build(**values)


def context_of(
    answers: Answers | None = None,
    configs: Mapping[str, Any] | None = None,
    child: Child | None = None,
) -> tuple[CommandContext, Shown, Node]:
    """A context with what it prints into and whom it asks."""
    shown, node = Shown(), Node(answers)

    @asynccontextmanager
    async def clock() -> AsyncIterator[Clock]:
        yield Quick(NOW + timedelta(days=400))

    context = CommandContext(
        plugin="camera",
        environ={},
        state_dir=Path("/nowhere"),
        out=shown,
        node=node,
        node_dir=lambda: Path("/nowhere"),
        configs=lambda: configs if configs is not None else {"yard": config()},
        clock=clock,
        child=lambda _: child or Child(),
        site=lambda: NodeInfo(
            name="garden", latitude=47.4, longitude=8.5, elevation_m=430, time_zone="Asia/Tokyo"
        ),
    )
    return context, shown, node


def ran(context: CommandContext, *words: str) -> int:
    """Run ``edgepi camera`` with *words*."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(config=None, state_dir=None, json=False)
    what = command()
    what.add_arguments(parser)
    return what.run(parser.parse_args(list(words)), context)

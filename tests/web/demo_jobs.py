"""Jobs that are made up: one that computes, one that waits, one that was paused, some that ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from edgepi.clock import Clock
from edgepi.compute.view import JobFact, JobsView, JobView
from edgepi.errors import NotFoundError
from edgepi.plugin import Card, Request, Response, Route

__all__ = ["DemoJobs", "jobs_card"]

# title, state, stage, sentence, progress, Wh, seconds, earned, expected, begun and ended hours ago
JOBS: tuple[tuple[Any, ...], ...] = (
    ("pi by chance", "working", "computing", "", 0.4, 0.62, 840, None, 0.9, 0.3, None),
    (
        "leaf counter",
        "paused",
        "computing",
        "paused: 1.4 Wh are short for the night, next chance 11:40",
        0.31,
        1.2,
        1500,
        None,
        1.8,
        1.1,
        None,
    ),
    ("pi by chance", "waiting", "waiting for the others", "", 4 / 7, 0.9, 1260, None, 0.45, 1.6, None),
    ("pi by chance", "done", "done", "", 1.0, 0.88, 1230, 0.45, 0.45, 4.0, 3.2),
    (
        "video to text, a name that is much longer than any sensible name",
        "failed",
        "aborted",
        "the app used more memory than it may",
        None,
        0.11,
        95,
        0.0,
        0.9,
        6.5,
        6.4,
    ),
    ("pi by chance", "done", "done", "", 1.0, 0.91, 1275, 0.45, 0.45, 27.0, 26.2),
)


def jobs_card() -> Card:
    """The card that shows them."""
    routes = {"list": "plugins/iexec/status", "job": "plugins/iexec/tasks"}
    return Card("iExec jobs", (), kind="jobs", options=routes)


class DemoJobs:
    """What a source of jobs answers; *stage* is that of the first job."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.stage = "computing"
        self.sentence = "two tasks are in work, as many as the owner allows"
        self.output = "estimate 3.14159\n"

    def routes(self) -> list[Route]:
        """The two routes of the card."""
        return [
            Route("GET", "status", self._status, "What the worker does"),
            Route("GET", "tasks/{task}", self._task, "One task"),
        ]

    def jobs(self) -> list[JobView]:
        """All of them, newest first."""
        return [self._job(number, *row) for number, row in enumerate(JOBS)]

    def _job(self, number: int, *row: Any) -> JobView:
        title, state, stage, sentence, progress, energy_wh, run_s, earned, expected, begun, ended = row
        now = self._clock.now()
        return JobView(
            job_id=f"0x{number + 1:02x}" * 16,
            title=title,
            state=state,
            stage=self.stage if number == 0 else stage,
            sentence=sentence,
            progress=progress,
            energy_wh=energy_wh,
            run_s=run_s,
            earned=earned,
            expected=expected,
            created_utc=now - timedelta(hours=begun),
            ended_utc=None if ended is None else now - timedelta(hours=ended),
        )

    async def _status(self, request: Request) -> Response:
        del request
        view = JobsView(
            state="working",
            sentence=self.sentence,
            unit="RLC",
            paid=37,
            energy_wh=31.4,
            earned=17.25,
            earned_per_wh=0.549,
            facts=(JobFact("Stake free", "3.2 RLC"), JobFact("Stake locked", "0.3 RLC")),
            jobs=tuple(self.jobs()),
        )
        return Response(view.to_json())

    async def _task(self, request: Request) -> Response:
        found = next((job for job in self.jobs() if job.job_id == request.path["task"]), None)
        if found is None:
            raise NotFoundError("no such task")
        stages = ("STARTED", "APP_DOWNLOADED", "DATA_DOWNLOADED", "COMPUTING")
        begun = found.created_utc
        return Response(
            {
                "stages": [
                    {"stage": stage, "time_utc": begun + timedelta(minutes=minute)}
                    for minute, stage in enumerate(stages)
                ],
                "result": "/ipfs/QmRd8W3dnTLQBCXqpPJ1n8WPQZYyhLuFHhn2vjzF8p1xyz",
                "logs": {"stdout": self.output, "stderr": ""},
            }
        )

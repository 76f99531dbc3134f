"""Jobs as people see them: what any source of jobs answers to the page's card of kind ``jobs``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = ["JobFact", "JobState", "JobView", "JobsView", "plain_text"]

JobState = Literal["working", "waiting", "paused", "done", "failed"]


@dataclass(frozen=True, slots=True)
class JobFact:
    """A name and a value beside it, both as words."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job; *progress* from 0 to 1, *earned* and *expected* in the unit of the list, None if not known."""

    job_id: str
    title: str
    state: JobState
    stage: str
    sentence: str
    progress: float | None
    energy_wh: float
    run_s: float
    earned: float | None
    expected: float | None
    created_utc: datetime
    ended_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsView:
    """What a source of jobs does and did; *sentence* says why it works or waits, *unit* what pays for it."""

    state: str
    sentence: str
    unit: str
    paid: int
    energy_wh: float
    earned: float
    earned_per_wh: float | None
    facts: tuple[JobFact, ...] = ()
    jobs: tuple[JobView, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As a route answers it."""
        return asdict(self)


def plain_text(text: object, most: int = 200) -> str:
    """What a stranger wrote, on one line, without what moves a cursor or turns a text around."""
    words = " ".join(str(text).split())
    kept = "".join(c for c in words if c.isprintable())[:most]
    return kept.encode("utf-8", "replace").decode()

"""What became of each task of the node, judged from outside: by the chain and by its journal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edgepi_iexec.chain.model import ContributionStatus, TaskStatus

__all__ = ["RLC", "Counts", "Story", "Verdict", "judged"]

RLC = 10**9
_C = ContributionStatus


@dataclass
class Story:
    """What happened, by task and to the node as a whole."""

    of_task: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(list))
    of_node: list[tuple[datetime, str]] = field(default_factory=list)

    def told(self, task_id: str) -> str:
        """A task's history, with what befell the node meanwhile."""
        own = self.of_task.get(task_id, [])
        if not own:
            return "  nothing is known of it"
        first, last = own[0][0], own[-1][0]
        meanwhile = [(at, f"-- {what}") for at, what in self.of_node if first <= at <= last]
        lines = [*own, *meanwhile]
        return "\n".join(f"  {at:%d %H:%M:%S} {what}" for at, what in sorted(lines, key=lambda one: one[0]))


@dataclass
class Counts:
    """What happened in all; *wrong* holds a sentence for each thing that must not be."""

    wanted: int = 0
    offered: int = 0
    taken: int = 0
    declined: int = 0
    computed: int = 0
    abandoned_before: int = 0
    abandoned_after: int = 0
    no_consensus: int = 0
    contributed: int = 0
    revealed: int = 0
    stakes_lost: int = 0
    computed_twice: int = 0
    completed: int = 0
    unsettled: int = 0
    earned_nrlc: int = 0
    task_wh: float = 0.0
    cuts: int = 0
    dark_cuts: int = 0
    sleeps: int = 0
    up_h: float = 0.0
    lowest_soc: float = 1.0
    cpu_s: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def wh_per_task(self) -> float:
        """Energy above the idle node (Wh) for each task that was paid."""
        return self.task_wh / self.completed if self.completed else 0.0


@dataclass(frozen=True)
class Verdict:
    """How one task ended for the node."""

    contributed: bool
    revealed: bool
    completed: bool
    abandoned: bool
    decided: bool
    wrong: str = ""


def judged(state: Any, task_id: str, node: str, *, outcome: str | None, known: bool) -> Verdict:
    """Judge one task by the chain's *state* and the *outcome* that the journal has (None: not over)."""
    task = state.tasks.get(task_id)
    mine = state.contributions.get((task_id, node))
    there = mine is not None and mine.status is not _C.UNSET
    revealed = mine is not None and mine.status is _C.REVEALED
    agreed = bool(there and task.consensus == mine.result_hash)
    decided = task is not None and task.status in {TaskStatus.REVEALING, TaskStatus.COMPLETED}
    wrong = ""
    if there and mine.status is _C.REJECTED:
        wrong = "its contribution was not revealed in time"
    elif there and decided and agreed and not revealed and task.status is TaskStatus.COMPLETED:
        wrong = "it was not revealed"
    elif there and decided and not agreed:
        wrong = "its result is another than that of the rest"
    elif known and outcome is None:
        wrong = "the journal still holds it open"
    elif outcome == "completed" and not revealed:
        wrong = "the journal says completed, the chain does not"
    return Verdict(
        contributed=there,
        revealed=revealed,
        completed=bool(revealed and task.status is TaskStatus.COMPLETED),
        abandoned=known and outcome is not None and outcome != "completed",
        decided=decided and agreed,
        wrong=wrong,
    )


def seized(state: Any, node: str) -> list[str]:
    """The tasks that cost the node its stake."""
    return [
        str(event.arguments["ref"])
        for event in state.events
        if event.name == "Seize" and event.arguments["owner"] == node
    ]

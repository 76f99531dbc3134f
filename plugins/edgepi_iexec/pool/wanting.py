"""Tasks that want workers, in the order in which they are given away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from edgepi_iexec.pool.model import PoolTask, Stage
from edgepi_iexec.protocol.tags import needs_gpu

__all__ = ["Wanting", "precedence"]

Precedence = tuple[bool, datetime]


def precedence(task: PoolTask) -> Precedence:
    """What tasks are sorted by: running before new, then by contribution deadline."""
    return task.stage is not Stage.RUNNING, task.contribution_deadline_utc


class Wanting:
    """Sorted when it has changed only, and tasks that few can take stand aside: each ask looks through it."""

    def __init__(self) -> None:
        self._since_s: dict[str, float] = {}
        self._places: dict[str, Precedence] = {}
        self._tasks: dict[str, PoolTask] = {}
        self._sorted: dict[bool, list[PoolTask]] | None = None

    def __bool__(self) -> bool:
        return bool(self._since_s)

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._since_s

    def ids(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._since_s)

    def since_s(self, task_id: str) -> float:
        """When it began to want workers, monotonic."""
        return self._since_s[task_id]

    def put(self, task: PoolTask, now_s: float) -> None:
        """Add it, or take note that it has changed."""
        self._since_s.setdefault(task.task_id, now_s)
        self._tasks[task.task_id] = task
        place = precedence(task)
        if self._places.get(task.task_id) != place:
            self._places[task.task_id] = place
            self._sorted = None

    def drop(self, task_id: str) -> None:
        """Take it out if it is in."""
        if self._since_s.pop(task_id, None) is not None:
            del self._places[task_id], self._tasks[task_id]
            self._sorted = None

    def in_order(self, *, gpu: bool) -> Sequence[PoolTask]:
        """Tasks for a worker with a GPU, or for one without, the first to be given first."""
        if self._sorted is None:
            every = sorted(self._tasks.values(), key=precedence)
            self._sorted = {True: every, False: [task for task in every if not needs_gpu(task.tag)]}
        return self._sorted[gpu]

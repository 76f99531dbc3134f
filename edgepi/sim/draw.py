"""What everything truly draws, whatever the node and its consumers believe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from edgepi.errors import WorldError

__all__ = ["BOARDS", "BoardDraw", "DrawTable", "Job", "NodeState", "draw_table"]


class NodeState(StrEnum):
    """What the computer is doing, seen from its power plug."""

    OFF = "off"
    BOOTING = "booting"
    UP = "up"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class Job:
    """One lease as the node tells of it."""

    offer: str
    consumer: str
    state: str

    @property
    def computes(self) -> bool:
        """Whether it runs right now."""
        return self.state == "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDraw:
    """A computer at its 5 V plug, and how long its operating system takes to come up and go down."""

    idle_w: float
    boot_w: float
    halted_w: float
    job_w: float
    boot_s: float = 25.0
    halt_s: float = 5.0


# Idle and load: averages of public measurements at the plug; boot and halt: the vendor's table and forum.
BOARDS: Mapping[str, BoardDraw] = MappingProxyType(
    {
        "pi5": BoardDraw(idle_w=2.65, boot_w=4.6, halted_w=1.8, job_w=5.9, boot_s=20.0),
        "cm5": BoardDraw(idle_w=2.3, boot_w=4.2, halted_w=1.4, job_w=5.0, boot_s=20.0),
        "pi4": BoardDraw(idle_w=2.25, boot_w=3.5, halted_w=1.9, job_w=3.3),
        "pi400": BoardDraw(idle_w=2.4, boot_w=3.6, halted_w=1.2, job_w=2.6),
        "cm4": BoardDraw(idle_w=2.3, boot_w=3.4, halted_w=1.0, job_w=2.6),
        "pi3b+": BoardDraw(idle_w=2.7, boot_w=3.2, halted_w=0.6, job_w=2.5, boot_s=35.0),
        "pi3b": BoardDraw(idle_w=1.6, boot_w=2.4, halted_w=0.5, job_w=2.4, boot_s=35.0),
        "zero2w": BoardDraw(idle_w=0.6, boot_w=1.2, halted_w=0.3, job_w=1.8, boot_s=40.0),
        "zero": BoardDraw(idle_w=0.55, boot_w=0.9, halted_w=0.28, job_w=0.6, boot_s=60.0),
        "other": BoardDraw(idle_w=2.5, boot_w=3.8, halted_w=1.0, job_w=4.0),
    }
)

# A camera module draws 250 mA at 5 V (the vendor's table of currents), however few of its pictures are looked
# at, which costs the computer the rest; for a still each ten minutes it is on for seconds.
_CONSUMERS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "weather": {"full": 0.02},
        "wittypi": {"full": 0.01},
        "ina219": {"full": 0.01},
        "camera": {"full": 0.001},
        ".watch": {"snapshot": 0.03, "saver": 1.4, "full": 1.75},  # of a camera, whatever its name
        "mqtt": {"full": 0.06},
    }
)
_UNKNOWN_W = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawTable:
    """True powers: at the 5 V plug, and what the battery gives for them."""

    board: BoardDraw
    consumers: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: _CONSUMERS)
    jobs: Mapping[str, float] = field(default_factory=dict)
    converter_efficiency: float = 0.90
    standby_w: float = 0.1

    def consumer_w(self, consumer: str, level: str) -> float:
        """Return W that a duty adds at a level; a stranger draws a quarter of a watt unless off."""
        instance, dot, duty = consumer.partition(".")
        known = self.consumers.get(dot + duty) or self.consumers.get(instance) or {}
        return known.get(level, 0.0 if level == "off" else _UNKNOWN_W)

    def node_w(self, state: NodeState, levels: Mapping[str, str], jobs: Iterable[Job]) -> float:
        """Return W at the 5 V plug."""
        if state is NodeState.OFF:
            return 0.0
        if state is not NodeState.UP:
            return self.board.boot_w if state is NodeState.BOOTING else self.board.halted_w
        duties_w = sum(self.consumer_w(consumer, level) for consumer, level in levels.items())
        jobs_w = sum(self.jobs.get(job.consumer, self.board.job_w) for job in jobs if job.computes)
        return self.board.idle_w + duties_w + jobs_w

    def battery_w(self, node_w: float) -> float:
        """Return W that the battery side gives for the node, the board's own needs included."""
        return node_w / self.converter_efficiency + self.standby_w


def draw_table(model: str, *, standby_w: float = 0.1) -> DrawTable:
    """Return the table for a board; raises WorldError for one that the world does not know."""
    try:
        return DrawTable(board=BOARDS[model], standby_w=standby_w)
    except KeyError:
        known = ", ".join(sorted(BOARDS))
        raise WorldError(f"the world has no board {model!r}", hint=f"it knows {known}") from None

"""The world together with its time, and what the node tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgepi.hardware import Phase
from edgepi.hardware.wire import scale_to_wire
from edgepi.sim.chips import BoardEvent
from edgepi.sim.draw import Job, NodeState
from edgepi.sim.film import Cameras
from edgepi.sim.timekeeper import TimeKeeper
from edgepi.sim.world import World

__all__ = ["Push", "Simulation"]

Push = Callable[[Mapping[str, Any]], None]
_NODE = "the node "
_BOARD = "the board has asked for shut-down"


class Simulation:
    """One world, one clock; whoever listens is told of time, lines and pulses."""

    def __init__(
        self,
        world: World,
        keeper: TimeKeeper,
        *,
        network_time: bool = True,
        cameras: Cameras | None = None,
    ) -> None:
        self.world = world
        self.keeper = keeper
        self.cameras = cameras or Cameras()
        self.cameras.plug_in(powered=lambda: world.rail_on, now_s=lambda: world.time_s)
        self.network_time = network_time
        self._clock_stopped_s: float | None = None
        self.processes: set[str] = set()
        self.halting: str | None = None
        self.phase: Phase | None = None
        self.on_halt: Callable[[str], None] = lambda _reason: None
        self.on_phase: Callable[[Phase], None] = lambda _phase: None
        self.on_board: Callable[[BoardEvent], None] = lambda _event: None
        self._listeners: list[Push] = []
        keeper.on_change = lambda: self._push(self.clock())
        world.on_line = lambda pin, high: self._push({"push": "line", "pin": pin, "high": high})
        world.on_key = lambda code: self._push({"push": "key", "code": code})
        world.on_board = self._board_did
        self._pushed_pulses: Mapping[int, int] = {}

    def listen(self, push: Push) -> Callable[[], None]:
        """Be told of every change; returns what ends it."""
        self._listeners.append(push)
        return lambda: self._listeners.remove(push)

    def _push(self, message: Mapping[str, Any]) -> None:
        for listener in tuple(self._listeners):
            listener(message)

    def advance(self) -> None:
        """Bring the world up to its clock."""
        self.world.advance(self.keeper.monotonic_s)

    def push_pulses(self) -> None:
        """Tell the totals of the pulse inputs, if they changed."""
        totals = self.world.pulses.totals
        if totals != self._pushed_pulses:
            self._pushed_pulses = totals
            self._push(self.pulses())

    def everything(self) -> tuple[Mapping[str, Any], ...]:
        """What somebody who begins to listen must be told first."""
        lines = [{"push": "line", "pin": pin, "high": high} for pin, high in self.world.lines.items()]
        keys = {"push": "keys", "codes": list(self.world.keys)}
        return (self.clock(), *lines, keys, self.pulses())

    def pulses(self) -> dict[str, Any]:
        """How often each switch has closed since the world began, and until when that was counted."""
        return {"push": "pulses", "totals": self.world.pulses.totals, "at_s": self.world.time_s}

    def clock(self) -> dict[str, Any]:
        """What the node is told of time."""
        return {
            "push": "clock",
            "scale": scale_to_wire(self.keeper.node_scale),
            "trusted": self.keeper.trusted,
        }

    def true_clock(self) -> dict[str, Any]:
        """What other machines of the world are told of time."""
        return {"push": "clock", "scale": scale_to_wire(self.keeper.scale), "trusted": True}

    def _board_did(self, event: BoardEvent) -> None:
        if event.kind == "request":
            self.keeper.slow(_BOARD)
        elif event.kind in {"cut", "reboot_seen", "power_lost"}:
            self.keeper.release(_BOARD)
        self.on_board(event)

    def node_is(self, phase: Phase) -> None:
        """Take over the phase the node says it is in."""
        self.phase = phase
        self._forget_phase()
        if phase is not Phase.READY:
            self.keeper.slow(_NODE + phase.value)
        self.on_phase(phase)

    def _forget_phase(self) -> None:
        for phase in Phase:
            self.keeper.release(_NODE + phase.value)

    def halt(self, reason: str) -> None:
        """Take over that the node wants its operating system to halt."""
        self.halting = reason
        self.node_is(Phase.STOPPING)
        self.on_halt(reason)

    def power_came(self) -> None:
        """Start the node's clock as an operating system does: from the network, or where it last stopped."""
        if self.network_time:
            self.keeper.set_node_wall(self.keeper.wall_s)
        elif self._clock_stopped_s is not None:
            self.keeper.set_node_wall(self._clock_stopped_s, trusted=False)

    def power_went(self) -> None:
        """Keep what the node's clock showed last."""
        self._clock_stopped_s = self.keeper.node_wall_s
        self.node_ended(NodeState.OFF)

    def node_started(self) -> None:
        """Note that the node's process runs now and boots at real speed."""
        self.halting = None
        self.world.node = NodeState.UP
        self.node_is(Phase.BOOTING)

    def node_ended(self, state: NodeState) -> None:
        """Note that the node's process is gone; time may run again."""
        self.phase = None
        self._forget_phase()
        self.world.node_ended(state)

    def told(self, levels: Mapping[str, str], jobs: Sequence[Job]) -> None:
        """Take over what runs."""
        self.world.levels, self.world.jobs = levels, jobs

    def status(self) -> dict[str, Any]:
        """Time, phase and truth in one."""
        return {
            "rate": self.keeper.rate,
            "asked_rate": self.keeper.asked_rate,
            "slow_because": list(self.keeper.reasons),
            "phase": self.phase.value if self.phase else None,
            "node_clock_off_s": self.keeper.offset_s,
            **self.world.truth(),
        }

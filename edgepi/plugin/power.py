"""The base classes of meters and of boards that switch the node."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from edgepi.model import Supply, WakePlan, WakeReason, WakeReceipt

__all__ = ["PowerCapabilities", "PowerController", "SupplyMeter"]


class SupplyMeter(ABC):
    """Measures input, output or battery."""

    name: ClassVar[str] = "meter"
    interval_s: float = 10.0
    timeout_s: float = 10.0

    async def start(self) -> None:  # noqa: B027 (optional to override)
        """Open the device. Called again after a failure."""

    @abstractmethod
    async def read(self) -> Supply:
        """Measure now; what is not measured stays None."""

    async def stop(self) -> None:  # noqa: B027 (optional to override)
        """Let go of the device; must not fail if `start` did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCapabilities:
    """What a board can do.

    *measures* is whether it is a meter, too: the records of one that is not are empty.
    *can_wake_on_power* is a wake by the input being connected again, *can_wake_on_charge* one by the
    charge of `WakePlan.recovery_percent`. *recovers_from_low_only*: voltage or charge wakes the node only
    after the board has cut for a low input, so that this can stand armed always; any other board would
    end each sleep at once that begins above it. *needs_up_signal*: it cuts after a halt only if it was
    told before that the node is up; *cuts_only_if_halt_seen*: nothing else makes it cut, such as an alarm of
    its own. *cut_delay_s* is the range of seconds between the node's halt and the
    cut; *wake_horizon_s* how far ahead an alarm may lie (0: any time), *alarm_resolution_s* how coarse it
    is; *min_interval_s* how often its telemetry may be read without harm.

    A board with a watchdog gets `heartbeat` each *heartbeat_s*, and cuts the power, or restarts the node,
    after *watchdog_s* without one (0: it only wants to be asked).
    """

    can_cut: bool
    can_wake_at: bool
    can_wake_on_voltage: bool = False
    can_wake_on_charge: bool = False
    can_wake_on_power: bool = False
    recovers_from_low_only: bool = False
    measures: bool = True
    needs_up_signal: bool = False
    cuts_only_if_halt_seen: bool = False
    has_watchdog: bool = False
    heartbeat_s: float = 10.0
    watchdog_s: float = 0.0
    has_clock: bool = False
    cut_delay_s: tuple[float, float] = (0.0, 0.0)
    wake_horizon_s: float = 0.0
    alarm_resolution_s: float = 1.0
    min_interval_s: float = 1.0


class PowerController(SupplyMeter):
    """A board that measures the supply and can cut and restore the node's power.

    The order of a planned night: `arm` (and see what the board really holds),
    `prepare_cut`, then the machine halts and the board cuts.

    Whoever runs the node sets *on_shutdown_request*; the controller calls it in the event
    loop's thread, with a sentence, when the board itself asks the node to go. The board
    then cuts after its own delay, whether the node has halted or not. *identity* is its model
    and firmware for people, empty until it is found.
    """

    name: ClassVar[str] = "power"
    identity: str = ""
    on_shutdown_request: Callable[[str], None] | None = None

    @property
    @abstractmethod
    def capabilities(self) -> PowerCapabilities:
        """What this board can do."""

    @abstractmethod
    async def ready(self) -> None:
        """Tell the board that the node is up."""

    @abstractmethod
    async def last_reason(self) -> WakeReason:
        """Why the node was switched on."""

    @abstractmethod
    async def arm(self, plan: WakePlan) -> WakeReceipt:
        """Set every wake trigger the board has, read them back, say what is really held."""

    @abstractmethod
    async def disarm(self) -> None:
        """Take back a wake that is no longer wanted."""

    @abstractmethod
    async def prepare_cut(self) -> None:
        """Make the board ready to cut once the machine has halted."""

    async def heartbeat(self) -> None:
        """Feed the board's watchdog.

        Called each *heartbeat_s* once the board was found, even while reading it fails, for as long as
        the energy loop goes round; a good place to ask whether the board wants the node to go.
        """

    async def health(self) -> Sequence[str]:
        """Say in a sentence each what a person should look after; called after each reading."""
        return ()

    async def clock(self) -> datetime | None:
        """Return the time of the board's clock in UTC, or None if it has none or lost it."""
        return None

    async def set_clock(self, now_utc: datetime) -> None:
        """Set the board's clock."""

"""What every board of the family is to the controller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from edgepi.errors import VerificationError
from edgepi.model import WakePlan, WakeReasonKind, WakeReceipt
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.quirks import Quirks

__all__ = [
    "CLOCK_TOLERANCE",
    "NO_REASON",
    "Armed",
    "Board",
    "Reason",
    "Telemetry",
    "Watched",
    "see_clock_set",
]

CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the board measures; *on_battery* is whether a battery feeds it, None if it cannot know."""

    input_v: float
    output_v: float
    output_a: float
    temperature_c: float | None = None
    on_battery: bool | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the board switched the node on; *asks_to_go* says that it may stand behind a request to go."""

    kind: WakeReasonKind
    text: str
    asks_to_go: bool = False


NO_REASON = Reason(WakeReasonKind.UNKNOWN, "the board gives no reason", asks_to_go=True)


@dataclass(frozen=True, slots=True)
class Armed:
    """What is held, and what was changed against the wish."""

    receipt: WakeReceipt
    notes: tuple[str, ...] = ()


class Board(Protocol):
    """One board that was found. Every call blocks and may raise HardwareError."""

    @property
    def model(self) -> str:
        """Name, such as "Witty Pi 4 L3V7"."""

    @property
    def firmware(self) -> str:
        """Such as "revision 7" or "1.4"."""

    @property
    def quirks(self) -> Quirks:
        """How it differs from others."""

    def measure(self) -> Telemetry:
        """Measure afresh; no more often than each *min_interval_s*."""

    def clock(self) -> datetime | None:
        """Time of the board's clock, None if it was lost."""

    def set_clock(self, now: Callable[[], datetime]) -> None:
        """Set the clock to what *now* says and read it back; not within the last seconds of a minute."""

    def reason(self) -> Reason:
        """Why it switched the node on last, or, while it asks the node to go, why."""

    def configure(self, config: WittyPiConfig) -> tuple[str, ...]:
        """Bring the settings in order; returns what a person should know of it."""

    def arm(self, plan: WakePlan, now_utc: datetime, *, margin_s: float) -> Armed:
        """Set every wake trigger, read all back, and say what is really held."""

    def disarm(self) -> None:
        """Take the wake back; fall-backs that hold without a plan stay."""

    def woken(self) -> None:
        """Clear what woke the node, now that it is up."""

    def prepare_cut(self) -> None:
        """Make sure that the board waits as long as it can before it cuts."""

    def heartbeat(self) -> Reason | None:
        """Say that the node lives; returns why the board asks the node to go, if it does."""

    def health(self) -> tuple[str, ...]:
        """Sentences that a person should read; empty where all is well."""


@runtime_checkable
class Watched(Protocol):
    """A board whose watchdog cuts the power of a node that it does not hear of."""

    def let_go(self) -> None:
        """Stop the watchdog, for nobody will feed it from now on; not while a cut is coming."""


def see_clock_set(held: datetime | None, begun: datetime, ended: datetime) -> None:
    """See that a clock holds what it was set to between two times.

    Raises:
        VerificationError: it does not.
    """
    if held is None or not begun - CLOCK_TOLERANCE <= held <= ended + CLOCK_TOLERANCE:
        raise VerificationError(
            f"the clock of the Witty Pi shows {held} after it was set to {begun}",
            hint="its battery may be empty or its clock chip broken",
        )

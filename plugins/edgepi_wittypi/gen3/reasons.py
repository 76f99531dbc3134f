"""What can be known of why a Witty Pi 3 switched the node on: the board itself gives no reason. Blocks."""

from __future__ import annotations

from edgepi.model import WakeReasonKind
from edgepi_wittypi.access import Access
from edgepi_wittypi.family import Reason
from edgepi_wittypi.gen3.clock import Clock
from edgepi_wittypi.gen3.registers import UNSET, Reg, Status

__all__ = ["asked", "woke"]

MEASURED = (Reg.VIN_CENTI, Reg.VOUT_CENTI, Reg.IOUT_CENTI)  # are read without measuring
ALARM = Reason(WakeReasonKind.ALARM, "the wake alarm was due")
SECOND_ALARM = Reason(WakeReasonKind.ALARM, "the second wake alarm was due; the first had not come")
CONNECTED = Reason(
    WakeReasonKind.POWER_CONNECTED,
    "the input was connected: the board has measured nothing since it got power",
    asks_to_go=True,
)
RECOVERED = Reason(
    WakeReasonKind.VOLTAGE_RECOVERED,
    "the input rose to the recovery voltage, or the button was pressed, after a low-voltage shut-down",
)
BUTTON_AFTER_LOW = Reason(
    WakeReasonKind.BUTTON, "the button was pressed, after a low-voltage shut-down", asks_to_go=True
)
UNKNOWN = Reason(
    WakeReasonKind.UNKNOWN,
    "the board gives no reason; no alarm was due, so the button was pressed or the node rebooted",
    asks_to_go=True,
)
WAS_LOW = "; its input had been too low"

ASKED_LOW = Reason(WakeReasonKind.LOW_VOLTAGE, "the input fell below the low voltage", asks_to_go=True)
ASKED_BY_BUTTON = Reason(WakeReasonKind.BUTTON, "the button was pressed", asks_to_go=True)
ALARM_WHILE_UP = Reason(WakeReasonKind.ALARM, "a wake alarm came while the node was up")


def woke(board: Access, clock: Clock) -> Reason:
    """Why the node was switched on, as far as flags tell that nobody has cleared yet."""
    if not any(board.read(register) for register in MEASURED):
        return CONNECTED
    due = clock.due()
    low = board.read(Reg.LV_SHUTDOWN) == 1
    if due:
        reason = ALARM if due & Status.ALARM1 else SECOND_ALARM
        return Reason(reason.kind, reason.text + WAS_LOW) if low else reason
    if not low:
        return UNKNOWN
    return BUTTON_AFTER_LOW if board.read(Reg.RECOVERY_VOLTAGE) == UNSET else RECOVERED


def asked(board: Access, clock: Clock) -> Reason:
    """Why the request line fell while the node was up: the button pulls it, too, and leaves no trace."""
    if board.read(Reg.LV_SHUTDOWN) == 1:
        return ASKED_LOW
    return ALARM_WHILE_UP if clock.due() else ASKED_BY_BUTTON

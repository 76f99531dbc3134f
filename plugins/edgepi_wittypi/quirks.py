"""How each board differs from what one would expect: one table, by model and firmware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

__all__ = ["ANY", "Quirks", "quirks_of"]

VENDOR_5 = ("wp5d", "sudo systemctl disable --now wp5d")
VENDOR_4 = ("wittypi/daemon.sh", "sudo systemctl disable --now wittypi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What the controller, or the board's own driver, must know.

    ==========================  ==================================================================
    *min_interval_s*            each fresh reading of a 4 burns EEPROM cells, rated for some 100,000 writes
    *cut_delay_s*               from the board's request (or the halt) to the cut, once set up
    *alarm_horizon_s*           an alarm knows the day of the month only
    *halt_pin*                  falls when the board asks the node to go; None: it is asked by heartbeat
    *sys_up_pin*                is pulsed to say that the node is up; None: the heartbeat says it
    *deaf_s*                    SYS_UP is not seen while the LED on the same pin shines after start
    *heartbeat_s*               how often the board wants to hear of the node; None: never
    *watchdog_s*                it cuts after so long without; 0: it only wants to be asked
    *vendor*                    the vendor's daemon (words of its command line), and how to stop it
    *wakes_on_voltage*          the board can wake the node when its input has recovered
    *guaranteed_wake*           4: register 49 works (from revision 7)
    *longest_cut_delay*         4: 254 tenths of a second; a stored 255 counts as unset; 5: seconds
    *longest_default_on_delay*  4: above 32 s the firmware's 16-bit product overflows
    *recovery_needs_low*        4: with low voltage off, recovery also wakes after a planned shut-down
    *cuts_only_if_halt_seen*    3: its shut-down alarm, too, waits for the fall of TXD
    *battery_mode*              4: what register 7 shows while a battery feeds it; None: it cannot know
    *wakes_on_usb*              4: register 22 is no voltage: unless zero, 5 V at USB again wakes the node
    *highest_low_voltage*       L3V7: a cut-off above it would switch off a cell that is anything but full
    *charge_pins*               low while its charger charges, and when the battery is full
    ==========================  ==================================================================
    """

    min_interval_s: float = 60.0
    cut_delay_s: tuple[float, float] = (25.4, 25.4)
    alarm_horizon_s: float = 27 * 86400.0
    halt_pin: int | None = 4
    sys_up_pin: int | None = 17
    deaf_s: float = 5.0
    heartbeat_s: float | None = None
    watchdog_s: float = 0.0
    vendor: tuple[str, str] = VENDOR_4
    wakes_on_voltage: bool = True
    guaranteed_wake: bool = True
    longest_cut_delay: int = 254
    longest_default_on_delay: int = 32
    recovery_needs_low: bool = True
    cuts_only_if_halt_seen: bool = False
    battery_mode: int | None = None
    wakes_on_usb: bool = False
    highest_low_voltage: float = 25.0
    charge_pins: tuple[int, int] | None = None


ANY = Quirks()

_L3V7 = Quirks(
    wakes_on_voltage=False,
    recovery_needs_low=False,
    battery_mode=2,
    wakes_on_usb=True,
    highest_low_voltage=4.0,
    charge_pins=(5, 6),
)

_GEN3 = Quirks(
    min_interval_s=10.0,  # reading wears nothing
    deaf_s=0.0,  # its LED has a line of its own
    guaranteed_wake=False,
    cuts_only_if_halt_seen=True,
)

_GEN5 = Quirks(
    min_interval_s=1.0,  # nothing wears
    cut_delay_s=(120.0, 120.0),
    longest_cut_delay=120,  # from the node's word on, so a whole shut-down with a service that hangs must fit
    halt_pin=None,
    sys_up_pin=None,
    deaf_s=0.0,
    heartbeat_s=1.0,
    watchdog_s=600.0,
    vendor=VENDOR_5,
    wakes_on_voltage=False,  # only after it has switched off by itself, and not before an alarm
    guaranteed_wake=False,
    recovery_needs_low=False,
)

# Identity (register 0): firmware from which on it holds, and the quirks; the last that fits counts.
_TABLE: Mapping[int, tuple[tuple[tuple[int, ...], Quirks], ...]] = {
    0x26: (
        ((0,), Quirks(guaranteed_wake=False)),
        ((7,), Quirks()),
    ),
    0x37: (
        ((0,), replace(_L3V7, guaranteed_wake=False)),
        ((7,), _L3V7),
    ),
    0x24: (((0,), _GEN3),),
    0x51: (((0,), _GEN5),),
}


def quirks_of(identity: int, firmware: tuple[int, ...]) -> Quirks:
    """Quirks of a model with a firmware; those of the Witty Pi 4 for one that the table does not have."""
    found = ANY
    for since, quirks in _TABLE.get(identity, ()):
        if firmware >= since:
            found = quirks
    return found

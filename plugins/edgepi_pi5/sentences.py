"""What a person should look after, and what to type."""

from __future__ import annotations

from edgepi_pi5.loader import EDIT, Settings

__all__ = ["cell_ails", "halt_ails", "supply_ails"]

NO_CELL_V, LOW_CELL_V = 0.5, 2.6
UNREAD = (
    "the boot loader's settings cannot be read, so a halt may leave the Pi on and an alarm may not "
    "wake it: look with `rpi-eeprom-config`, and say `power_off_on_halt: yes` if they are right"
)
STAYS_ON = (
    "a halt leaves the Pi using 1.8 to 2.7 W, and an alarm may not wake it: set POWER_OFF_ON_HALT=1 "
    f"and WAKE_ON_GPIO=0 with `{EDIT}`, then reboot"
)
WAITS = (
    "after an outage of its supply the Pi waits for its button: remove WAIT_FOR_POWER_BUTTON "
    f"with `{EDIT}`, then reboot"
)


def halt_ails(settings: Settings | None, *, assumed: bool) -> tuple[str, ...]:
    """Say why neither the cut nor the wake after it is certain; *assumed* stands in for what is not read."""
    if settings is None:
        return () if assumed else (UNREAD,)
    return () if settings.switches_off else (STAYS_ON,)


def supply_ails(settings: Settings | None) -> tuple[str, ...]:
    """Say if the supply's return would not start it."""
    return () if settings is None or settings.starts_with_supply else (WAITS,)


def cell_ails(cell_v: float | None) -> tuple[str, ...]:
    """Say what an outage of the supply would cost."""
    if cell_v is None or cell_v >= LOW_CELL_V:
        return ()
    if cell_v < NO_CELL_V:
        return ("no cell at J5: with its supply the Pi loses time and alarm",)
    charge = "a cell that may be charged: dtparam=rtc_bbat_vchg=3000000 in config.txt"
    return (f"the cell at J5 has {cell_v:.2f} V: with its supply the Pi may lose time and alarm ({charge})",)

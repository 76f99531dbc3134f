"""Names of what can be broken in a running world."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["FAULTS"]

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "nak": "a chip does not answer",
        "nak_next": "the same, for the next transactions only",
        "garbage": "a chip answers noise",
        "deaf": "a chip acknowledges writes and ignores them",
        "stuck": "the whole bus hangs",
        "process": "another program runs, such as the vendor's daemon",
        "txd_held_high": "something keeps the line TXD high, so that the board never cuts",
        "clock_lost": "the power board's clock loses the time",
        "clock_off": "the power board's clock is off by so much, as in a wrong time zone",
        "alarm_missed": "the power board lets its next alarms pass",
        "power_cut": "the battery is unplugged for a while",
        "power_cut_at_write": "the battery is unplugged during a register write that is to come",
        "sun_gone": "the panel is covered for some hours",
        "camera_unplugged": "the camera is gone, for a while or until it is plugged in again",
        "camera_hangs": "the camera is there and sends nothing",
        "camera_torn": "the camera's stream is torn: packets are lost, cut or noise",
        "camera_resized": "the camera suddenly sends pictures of another size",
        "clear": "nothing is broken any more",
    }
)

"""When calendar work is due, whatever the wall clock does: pure decisions on triggers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

__all__ = ["Appointment"]

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Appointment:
    """The next date of a trigger and the last one that was kept; *next_utc* None is over.

    Only the next fire time is ever computed, so that a wall clock that jumps over a
    year of them costs no more than one that jumps over a second.
    """

    trigger: BaseTrigger
    next_utc: datetime | None = None
    kept_utc: datetime | None = None

    def planned(self, now: datetime) -> Appointment:
        """Find the next date from *now* on; a lone date in the past is due at once."""
        return replace(self, next_utc=self.trigger.get_next_fire_time(None, now))

    def kept(self, now: datetime) -> Appointment:
        """Take the date as kept and find the next after both it and *now*."""
        kept = self.next_utc or now
        return replace(self, next_utc=self._after(max(kept, now)), kept_utc=kept)

    def rebased(self, now: datetime) -> Appointment:
        """Find the next date after a step of the wall clock.

        A date that was jumped over stays due, once. After a step back the trigger is asked
        anew, and the date kept last is not kept twice.
        """
        if self.next_utc is None or self.next_utc <= now:
            return self
        planned = self.planned(now)
        if planned.next_utc is not None and planned.next_utc == self.kept_utc:
            return replace(planned, next_utc=self._after(planned.next_utc))
        return planned

    def _after(self, moment: datetime) -> datetime | None:
        found = self.trigger.get_next_fire_time(None, moment + _TICK)
        if found is not None and found <= moment:  # a date inside it that lies in the past
            found = self.trigger.get_next_fire_time(moment, moment + _TICK)
        return found if found is not None and found > moment else None

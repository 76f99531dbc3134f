"""What the end of the last run means for this one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgepi.clock import Clock
from edgepi.files import remove_drafts
from edgepi.runtime.quarantine import Quarantine
from edgepi.runtime.registry import PluginRegistry
from edgepi.runtime.safemode import StartFlag, leave_out_third_party
from edgepi.runtime.watchdog import take_report

__all__ = ["LastRun", "review"]


@dataclass(frozen=True, slots=True)
class LastRun:
    """*notes* are sentences for whoever looks at the node; *safe_mode* is whether it runs reduced."""

    safe_mode: bool
    notes: tuple[str, ...]


def review(
    *,
    state_dir: Path,
    registry: PluginRegistry,
    clock: Clock,
    flag: StartFlag,
    allow_safe_mode: bool = True,
) -> LastRun:
    """Tidy up, quarantine who blocked the last run, hoist the flag, go into safe mode after a crash.

    When the watchdog knows the culprit, the others need not stay out. Blocks: use a thread.
    """
    notes: list[str] = []
    remove_drafts(state_dir)
    report = take_report(state_dir, clock)
    if report is not None:
        who = f"plugin {report.plugin!r}" if report.plugin else "the node itself"
        notes.append(f"the last run was ended because of {who}: {report.sentence}")
    Quarantine(state_dir).mark(registry)
    try:
        crashed = flag.hoist()
    except OSError as error:
        # A node that cannot write must still guard its battery.
        notes.append(f"nothing can be written to {state_dir}: {error.strerror}; free or mend its disk")
        crashed = False
    culprit_known = report is not None and report.plugin is not None
    if not (crashed and allow_safe_mode) or culprit_known:
        return LastRun(safe_mode=False, notes=tuple(notes))
    left_out = leave_out_third_party(registry)
    notes.append(f"safe mode: the last start crashed; left out: {', '.join(left_out) or 'nothing'}")
    return LastRun(safe_mode=True, notes=tuple(notes))

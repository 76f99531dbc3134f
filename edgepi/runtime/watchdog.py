"""A thread that notices when something blocks the event loop, and who it is.

What blocks the loop cannot be contained in one process: the watchdog writes down what ran,
the process ends, and the next start leaves that plugin in quarantine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgepi.clock import Clock
from edgepi.files import atomic_write
from edgepi.runtime.blame import plugin_on, stack_of
from edgepi.runtime.quarantine import Quarantine

__all__ = ["EXIT_CODE", "REPORT_NAME", "LoopWatchdog", "take_report"]

EXIT_CODE = 75  # EX_TEMPFAIL: start again, it will go better
REPORT_NAME = "watchdog.json"
log = logging.getLogger("edgepi.watchdog")


@dataclass(frozen=True, slots=True)
class Report:
    """What ran when the loop was blocked; *plugin* None when no plugin was on the stack."""

    plugin: str | None
    blocked_s: float
    stack: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Say it to a user."""
        where = self.stack[-1] if self.stack else "an unknown place"
        return f"it held up the node for more than {self.blocked_s:.0f} s at {where}"


class LoopWatchdog:
    """Ends the process when the loop has not turned for *limit_s* real seconds.

    *packages* maps import packages to plugin names; *end* is called after the report was written.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        packages: Mapping[str, str],
        limit_s: float = 20.0,
        end: Callable[[int], None] = os._exit,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = state_dir / REPORT_NAME
        self._packages = dict(packages)
        self._limit_s = limit_s
        self._end = end
        self._stopwatch = stopwatch
        self._turned_s = stopwatch()
        self._halt = threading.Event()
        self._handle: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running loop; call it in the loop's thread."""
        loop = asyncio.get_running_loop()
        self._turn(loop)
        self._thread = threading.Thread(
            target=self._watch, args=(threading.get_ident(),), name="edgepi-watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._halt.set()
        if self._handle is not None:
            self._handle.cancel()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turned_s = self._stopwatch()
        self._handle = loop.call_later(self._limit_s / 10, self._turn, loop)

    def _watch(self, loop_thread: int) -> None:
        looked_s = self._stopwatch()
        while not self._halt.wait(self._limit_s / 10):
            before_s, looked_s = looked_s, self._stopwatch()
            if looked_s - before_s > self._limit_s / 2:
                # The whole machine stood still (suspended, starved): that is nobody's fault.
                self._turned_s = looked_s
            elif looked_s - self._turned_s > self._limit_s:
                self._report(loop_thread, looked_s - self._turned_s)
                return

    def _report(self, loop_thread: int, blocked_s: float) -> None:
        frame = sys._current_frames().get(loop_thread)  # noqa: SLF001 (the one way to see another thread)
        report = Report(plugin_on(frame, self._packages), blocked_s, tuple(stack_of(frame)[-30:]))
        log.critical("the event loop is blocked, plugin %r: %s", report.plugin, report.sentence)
        with contextlib.suppress(OSError):
            atomic_write(self._path, _dump(report), 0o600)
        self._end(EXIT_CODE)


def take_report(state_dir: Path, clock: Clock) -> Report | None:
    """Read what the last run's watchdog wrote, put its plugin in quarantine, and remove the report.

    Blocks: call it in a thread.
    """
    path = state_dir / REPORT_NAME
    try:
        report = _load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s cannot be read (%s)", path, error)
        report = None
    if report is not None and report.plugin is not None:
        since = clock.now() if clock.trusted else None
        Quarantine(state_dir).confine(report.plugin, report.sentence, since)
    path.unlink(missing_ok=True)
    return report


def _dump(report: Report) -> str:
    table = {"plugin": report.plugin, "blocked_s": round(report.blocked_s, 1), "stack": report.stack}
    return json.dumps(table, indent=2) + "\n"


def _load(text: str) -> Report:
    table = json.loads(text)
    plugin = table["plugin"]
    return Report(
        None if plugin is None else str(plugin),
        float(table["blocked_s"]),
        tuple(str(line) for line in table["stack"]),
    )

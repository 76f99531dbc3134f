"""Brings what waits to one service, with patience."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from edgepi.clock import Clock
from edgepi.errors import RecorderError, UploadError
from edgepi.plugin import RunBlocking
from edgepi_weather.uploads.queue import Queue
from edgepi_weather.uploads.report import Report
from edgepi_weather.uploads.service import Service, StationRefusedError, WrongReportError

__all__ = ["Courier", "wait_s"]

FIRST_WAIT_S, LONGEST_WAIT_S = 60.0, 3600.0
# What gathered while the node was off goes out without haste.
AT_A_TIME, PAUSE_S = 20, 1.0


class Courier:
    """Sends until nothing waits; what fails is tried again later and later, a refusal ends it."""

    def __init__(
        self, service: Service, queue: Queue, *, clock: Clock, run_blocking: RunBlocking, log: logging.Logger
    ) -> None:
        self.service = service
        self._queue, self._clock, self._run, self._log = queue, clock, run_blocking, log
        self.refused = False
        self._failures = 0
        self._quiet_until_s = float("-inf")

    async def deliver(self) -> None:
        """Send a few of those that wait; raises RecorderError where the queue cannot be read."""
        for place in range(AT_A_TIME):
            if not self._may_send():
                return
            now = self._clock.now()
            report = await self._run(self._queue.next, self.service.name, self.service.rule, now)
            if report is None:
                return
            if place:
                await self._clock.sleep(PAUSE_S)
            await self._send(report)

    def _may_send(self) -> bool:
        return not self.refused and self._clock.trusted and self._clock.monotonic() >= self._quiet_until_s

    async def _send(self, report: Report) -> None:
        name = self.service.name
        if not self.service.rule.repeatable:
            await self._run(self._queue.begin, name, report)
        try:
            await self.service.send(report)
        except UploadError as error:
            await self._failed(report, error)
            return
        await self._note(partial(self._queue.sent, name, report, self._clock.now()))
        if self._failures:
            self._log.info("%s takes reports again", self.service.title)
        self._failures = 0

    async def _failed(self, report: Report, error: UploadError) -> None:
        wrong = isinstance(error, WrongReportError)
        self.refused = isinstance(error, StationRefusedError)
        if self.refused:
            self._log.error(
                "%s: %s; nothing more is sent until the node starts again", self.service.title, error
            )
        elif wrong or not self._failures:
            self._log.warning("%s: %s", self.service.title, error)
        if not wrong:
            self._rest(error.retry_after_s or 0.0)
        name, now = self.service.name, self._clock.now()
        await self._note(partial(self._queue.failed, name, report, str(error), now, keep=not wrong))

    async def _note(self, note: Callable[[], None]) -> None:
        """Write down what became of a report; if that fails, it would be sent again at once and for ever."""
        try:
            await self._run(note)
        except RecorderError:
            self._rest()
            raise

    def _rest(self, least_s: float = 0.0) -> None:
        self._quiet_until_s = self._clock.monotonic() + max(wait_s(self._failures), least_s)
        self._failures += 1


def wait_s(failures: int) -> float:
    """Return how long to wait after so many failures before this one."""
    return float(min(FIRST_WAIT_S * 2.0 ** min(failures, 20), LONGEST_WAIT_S))

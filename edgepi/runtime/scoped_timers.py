"""The timers of one plugin instance: named after it, and gone with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from edgepi.plugin import TimerHandle, Timers

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

__all__ = ["ScopedTimers"]

Callback = Callable[[], Awaitable[None] | None]


class ScopedTimers:
    """Implements `Timers` on shared ones; `cancel_all` takes back whatever it started."""

    def __init__(self, timers: Timers, scope: str) -> None:
        self._timers = timers
        self._scope = scope
        self._handles: list[TimerHandle] = []

    def every(
        self, interval_s: float, callback: Callback, *, name: str, at_once: bool = False
    ) -> TimerHandle:
        """Call each *interval_s*."""
        return self._keep(self._timers.every(interval_s, callback, name=self._name(name), at_once=at_once))

    def on(self, trigger: BaseTrigger, callback: Callback, *, name: str) -> TimerHandle:
        """Call when a trigger fires."""
        return self._keep(self._timers.on(trigger, callback, name=self._name(name)))

    def after(self, delay_s: float, callback: Callback, *, name: str) -> TimerHandle:
        """Call once after *delay_s*."""
        return _Once(self, delay_s, callback, name)

    def shared_after(self, delay_s: float, callback: Callback, name: str) -> TimerHandle:
        """Call once on the shared timers; kept until `forget`."""
        return self._keep(self._timers.after(delay_s, callback, name=self._name(name)))

    def forget(self, handle: TimerHandle) -> None:
        """Let go of a handle that has fired or was cancelled."""
        if handle in self._handles:
            self._handles.remove(handle)

    def cancel_all(self) -> None:
        """Never fire again."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()

    def _keep(self, handle: TimerHandle) -> TimerHandle:
        self._handles.append(handle)
        return handle

    def _name(self, name: str) -> str:
        return f"{self._scope}: {name}"


class _Once:
    """A one-shot timer that its scope forgets once it has fired, however many are made."""

    def __init__(self, scope: ScopedTimers, delay_s: float, callback: Callback, name: str) -> None:
        self._scope = scope
        self._callback = callback
        self._handle = scope.shared_after(delay_s, self._fire, name)

    def cancel(self) -> None:
        self._handle.cancel()
        self._scope.forget(self._handle)

    def _fire(self) -> Awaitable[None] | None:
        self._scope.forget(self._handle)
        return self._callback()

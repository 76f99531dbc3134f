"""Real pins through gpiozero, imported when the first pin is opened."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from edgepi.errors import HardwareError

__all__ = ["LinuxCounter", "LinuxInput", "LinuxOutput"]


def _device(kind: str, pin: int, factory: Any, **options: Any) -> Any:
    try:
        import gpiozero
    except ImportError as error:
        raise HardwareError("the package gpiozero is missing", hint="pip install 'edgepi[pins]'") from error
    try:
        return getattr(gpiozero, kind)(pin, pin_factory=factory, **options)
    except (gpiozero.GPIOZeroError, OSError, ValueError, RuntimeError) as error:
        raise HardwareError(
            f"GPIO{pin} cannot be used: {error}",
            hint="is it in use by another program, and is the user in the group gpio?",
        ) from error


class LinuxOutput:
    """One driven pin."""

    def __init__(self, pin: int, *, high: bool, factory: Any = None) -> None:
        self._device = _device("DigitalOutputDevice", pin, factory, initial_value=high)

    def set(self, high: bool) -> None:
        """Drive the pin."""
        self._device.value = high

    def close(self) -> None:
        """Let go of the pin."""
        self._device.close()


class LinuxInput:
    """One watched pin; *on_change* is handed over to the event loop's thread."""

    def __init__(
        self,
        pin: int,
        *,
        pull_up: bool,
        on_change: Callable[[bool], None] | None,
        loop: asyncio.AbstractEventLoop | None,
        factory: Any = None,
    ) -> None:
        self._pull_up = pull_up
        self._device = _device("DigitalInputDevice", pin, factory, pull_up=pull_up)
        if on_change is not None and loop is not None:
            self._device.when_activated = lambda: loop.call_soon_threadsafe(on_change, not pull_up)
            self._device.when_deactivated = lambda: loop.call_soon_threadsafe(on_change, pull_up)

    def value(self) -> bool:
        """Whether the pin is high now; gpiozero calls a pulled-up pin active when low."""
        return bool(self._device.value) != self._pull_up

    def close(self) -> None:
        """Let go of the pin."""
        self._device.close()


class LinuxCounter:
    """Counts closures in gpiozero's own thread."""

    def __init__(self, pin: int, *, pull_up: bool, bounce_s: float, factory: Any = None) -> None:
        self._total = 0
        self._lock = threading.Lock()
        self._device = _device(
            "DigitalInputDevice", pin, factory, pull_up=pull_up, bounce_time=bounce_s or None
        )
        self._device.when_activated = self._count

    def _count(self) -> None:
        with self._lock:
            self._total += 1

    def total(self) -> int:
        """Closures since the counter was opened."""
        return self._total

    def close(self) -> None:
        """Let go of the pin."""
        self._device.close()

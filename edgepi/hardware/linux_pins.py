"""Real pins through libgpiod's own binding, imported when the first pin is opened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgepi.errors import HardwareError
from edgepi.hardware.closures import NUMBERS, Closures

if TYPE_CHECKING:
    from gpiod import LineRequest, LineSettings

__all__ = ["Header", "LinuxCounter", "LinuxInput", "LinuxOutput"]

# The chip that drives the 40-pin header: Pi 5, Pi 4, all before.
LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
MOST_CHIPS = 16
CONSUMER = "edgepi"
KEPT_EDGES = 1024  # as many as the kernel is willing to


class Header:
    """The chip behind the 40-pin header, found by its label: its number depends on board and kernel."""

    def __init__(self, open_chip: Callable[[str], Any] | None = None) -> None:
        self._open_chip = open_chip or _open_chip
        self._path: str | None = None

    def request(self, pin: int, settings: LineSettings, *, keep: int | None = None) -> LineRequest:
        """Reserve a pin, named as the Broadcom chip does; raises HardwareError.

        *keep* is how many edges the kernel shall keep until somebody looks, None for its own 16.
        """
        path = self._path or self._find()
        try:
            with self._open_chip(path) as chip:
                request: LineRequest = chip.request_lines(
                    {pin: settings}, consumer=CONSUMER, event_buffer_size=keep
                )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise HardwareError(
                f"GPIO{pin} cannot be used: {reason}",
                hint="is it in use by another program (`gpioinfo`), and is the user in the group gpio?",
            ) from error
        return request

    def _find(self) -> str:
        paths = (f"/dev/gpiochip{number}" for number in range(MOST_CHIPS))
        labels = {path: label for path in paths if (label := self._label(path)) is not None}
        for wanted in LABELS:
            for path, label in labels.items():
                if label == wanted:
                    self._path = path
                    return path
        found = ", ".join(f"{path} ({label})" for path, label in labels.items()) or "none that can be opened"
        raise HardwareError(
            f"no chip drives a Raspberry Pi's pins here; GPIO chips: {found}",
            hint="on a Pi: is the user in the group gpio?",
        )

    def _label(self, path: str) -> str | None:
        try:
            with self._open_chip(path) as chip:
                return str(chip.get_info().label)
        except OSError:
            return None


def _open_chip(path: str) -> Any:
    return _gpiod().Chip(path)


def _gpiod() -> Any:
    try:
        import gpiod
    except ImportError as error:
        raise HardwareError("the package gpiod is missing", hint="pip install 'edgepi[pins]'") from error
    return gpiod


def _watching(edge: str, *, pull_up: bool) -> LineSettings:
    gpiod = _gpiod()
    line = gpiod.line
    settings: LineSettings = gpiod.LineSettings(
        direction=line.Direction.INPUT,
        bias=line.Bias.PULL_UP if pull_up else line.Bias.PULL_DOWN,
        edge_detection=getattr(line.Edge, edge),
    )
    return settings


class LinuxOutput:
    """One driven pin."""

    def __init__(self, header: Header, pin: int, *, high: bool) -> None:
        self._gpiod = _gpiod()
        self._pin = pin
        settings = self._gpiod.LineSettings(
            direction=self._gpiod.line.Direction.OUTPUT, output_value=self._value(high)
        )
        self._request = header.request(pin, settings)

    def _value(self, high: bool) -> Any:
        value = self._gpiod.line.Value
        return value.ACTIVE if high else value.INACTIVE

    def set(self, high: bool) -> None:
        """Drive the pin."""
        self._request.set_value(self._pin, self._value(high))

    def close(self) -> None:
        """Stop driving the pin and let go of it; the kernel alone would go on driving it."""
        if self._request:
            released = self._gpiod.LineSettings(direction=self._gpiod.line.Direction.INPUT)
            with contextlib.suppress(OSError):
                self._request.reconfigure_lines({self._pin: released})
            self._request.release()


class LinuxInput:
    """One watched pin; *on_change* is called from *loop*, which waits for the kernel's events."""

    def __init__(
        self,
        header: Header,
        pin: int,
        *,
        pull_up: bool,
        on_change: Callable[[bool], None] | None,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._pin = pin
        self._on_change = on_change
        self._loop = loop if on_change is not None else None
        edge = "NONE" if self._loop is None else "BOTH"
        self._request = header.request(pin, _watching(edge, pull_up=pull_up))
        self._rising = _gpiod().EdgeEvent.Type.RISING_EDGE
        if self._loop is not None:
            self._loop.add_reader(self._request.fd, self._changed)

    def _changed(self) -> None:
        if self._on_change is not None:
            for event in self._request.read_edge_events():
                self._on_change(event.event_type is self._rising)

    def value(self) -> bool:
        """Whether the pin is high now."""
        return bool(self._request.get_value(self._pin).value)

    def close(self) -> None:
        """Let go of the pin."""
        if not self._request:
            return
        if self._loop is not None:
            self._loop.remove_reader(self._request.fd)
        self._request.release()


class LinuxCounter:
    """Counts closures of a switch, by the kernel's own times of its edges: exact however busy the node is.

    The kernel keeps the newest `KEPT_EDGES` until somebody looks and numbers them all. *monotonic_ns* is
    the clock of its times.
    """

    def __init__(
        self, header: Header, pin: int, *, pull_up: bool, bounce_s: float, monotonic_ns: Callable[[], int]
    ) -> None:
        closing = "FALLING" if pull_up else "RISING"
        edge = "BOTH" if bounce_s > 0.0 else closing
        self._request = header.request(pin, _watching(edge, pull_up=pull_up), keep=KEPT_EDGES)
        kinds = _gpiod().EdgeEvent.Type
        self._closing = getattr(kinds, f"{closing}_EDGE")
        self._monotonic_ns = monotonic_ns
        self._numbered = 0
        closed = bool(self._request.get_value(pin).value) is not pull_up
        self._closures = Closures(round(bounce_s * 1e9), closed=closed) if bounce_s > 0.0 else None

    def total(self) -> int:
        """Closures since the counter was opened."""
        if self._request:
            self._look()
        return self._numbered if self._closures is None else self._closures.total()

    def most(self, within_s: float) -> int | None:
        """Most closures in any time of that length since this was asked last; None without a debounce."""
        if self._closures is None:
            return None
        if self._request:
            self._look()
        return self._closures.most(round(within_s * 1e9))

    def _look(self) -> None:
        now_ns = self._monotonic_ns()  # before the edges: one may come meanwhile
        while self._request.wait_edge_events(0):
            events = self._request.read_edge_events()
            if self._closures is None:
                self._numbered += (events[-1].line_seqno - self._numbered) % NUMBERS
                continue
            for event in events:
                closed = event.event_type is self._closing
                self._closures.edge(event.timestamp_ns, event.line_seqno, closed=closed)
        if self._closures is not None:
            self._closures.settle(now_ns)

    def close(self) -> None:
        """Let go of the pin."""
        self.total()
        self._request.release()  # more than once does no harm

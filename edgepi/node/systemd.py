"""What systemd wants to hear: ready, status, watchdog, stopping."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

__all__ = ["Notifier", "watchdog_interval_s"]


MARGIN_S = 10.0


class Notifier:
    """Sends ``sd_notify`` messages to *address*; does nothing where there is none.

    The protocol is one datagram of ``KEY=value`` lines (sd_notify(3)); an address that
    begins with ``@`` is abstract.
    """

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    def send(self, **fields: str | int) -> None:
        """Send some fields; a service manager that does not listen is no error."""
        if not self._address:
            return
        message = "\n".join(f"{key.upper()}={value}" for key, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as peer:
            peer.setblocking(False)
            try:
                peer.sendto(message.encode(), self._address)
            except OSError:
                return

    def ready(self, status: str) -> None:
        """Say that the node is up."""
        self.send(ready=1, status=status)

    def busy(self, status: str, within_s: float) -> None:
        """Say what is being done before ready or after stopping, and ask for the time that it may take."""
        self.send(status=status, extend_timeout_usec=round((within_s + MARGIN_S) * 1e6), watchdog=1)

    def stopping(self, status: str) -> None:
        """Say that the node is going down."""
        self.send(stopping=1, status=status)

    def feed(self, ticks: Callable[[], int]) -> Callable[[], None]:
        """Make a function that feeds the watchdog only if *ticks* has advanced since its last call."""
        last = -1

        def feed_if_alive() -> None:
            nonlocal last
            if (now := ticks()) != last:
                last = now
                self.send(watchdog=1)

        return feed_if_alive


def watchdog_interval_s(env: Mapping[str, str], pid: int) -> float | None:
    """Half the watchdog time that systemd set for this process, or None without a watchdog."""
    if env.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    try:
        return int(env["WATCHDOG_USEC"]) / 2e6
    except (KeyError, ValueError):
        return None

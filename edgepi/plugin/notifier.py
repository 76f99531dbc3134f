"""The base class of ways to tell people something."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Notifier"]


class Notifier(ABC):
    """Sends short messages to people."""

    name: str

    async def start(self) -> None:  # noqa: B027 (optional to override)
        """Get ready."""

    @abstractmethod
    async def notify(self, title: str, message: str) -> None:
        """Send one message; raise `EdgePiError` if it could not be sent."""

    async def stop(self) -> None:  # noqa: B027 (optional to override)
        """Let go of what was opened."""

"""A process of a plugin's own, for what may abort, hang or weigh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["ChildProcess", "Message", "StartChild"]


@dataclass(frozen=True, slots=True)
class Message:
    """*kind* says what it is, *fields* must fit into JSON, *data* is sent as it is."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    data: bytes = b""


class ChildProcess(Protocol):
    """An interpreter that runs one function of a plugin; started by `ask`, also after its end."""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""

    async def ask(self, message: Message, *, timeout_s: float) -> Message:
        """Send a message and wait for the answer, so many real seconds at most; one question at a time.

        Raises:
            TimeoutError: it took longer; it was killed.
            PluginError: it failed, died, or is still waiting to be started again.
        """

    async def stop(self) -> None:
        """End it; a later `ask` starts it again."""


class StartChild(Protocol):
    """Makes a child process of ``module:function`` (a `Message` in, a `Message` or None out).

    *on_push* hears what it sends unasked (kinds that begin with ``push.``), *on_end* that it ended.
    """

    def __call__(
        self,
        target: str,
        *,
        name: str,
        on_push: Callable[[Message], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> ChildProcess:
        """Make it; nothing is started yet."""

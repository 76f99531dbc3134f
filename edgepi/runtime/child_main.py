"""The child's side: ``python -m edgepi.runtime.child_main MODULE:FUNCTION PARENT_PID``.

A handler with a method ``connect`` is handed a function that sends a message at any time.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import BinaryIO

from edgepi.errors import EdgePiError
from edgepi.runtime.messages import Message, encode, read_message
from edgepi.runtime.supervisor import explain

__all__ = ["Handler", "main"]

Handler = Callable[[Message], Message | None]
PR_SET_PDEATHSIG = 1


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the request was made
        os._exit(1)


def main(target: str, parent: int) -> None:
    """Answer messages with what the handler returns, until the parent closes the pipe."""
    _die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    # Whatever a library prints must not get into the messages.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module, _, name = target.partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)
    send = _Sender(replies)
    getattr(handler, "connect", lambda _: None)(lambda message: send(encode(message)))
    send(encode(Message("ready")))
    while (message := read_message(sys.stdin.buffer)) is not None:
        send(_answer(handler, message))


def _answer(handler: Handler, message: Message) -> bytes:
    try:
        return encode(handler(message) or Message("done"))
    except Exception as error:  # noqa: BLE001 (sent to the parent, which raises it there)
        if not isinstance(error, EdgePiError | OSError | TimeoutError):
            traceback.print_exc()
        return encode(Message("error", {"error": explain(error)}))


class _Sender:
    """Sends whole messages, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._turn = threading.Lock()

    def __call__(self, content: bytes) -> None:
        with self._turn:
            self._stream.write(content)
            self._stream.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

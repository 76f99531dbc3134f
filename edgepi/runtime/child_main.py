"""The child's side: ``python -m edgepi.runtime.child_main MODULE:FUNCTION PARENT_PID``."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import BinaryIO

from edgepi.runtime.messages import Message, encode, read_message

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
    # Whatever a library prints must not get into the messages.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module, _, name = target.partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)
    _send(replies, Message("ready"))
    while (message := read_message(sys.stdin.buffer)) is not None:
        _send(replies, _answer(handler, message))


def _answer(handler: Handler, message: Message) -> Message:
    try:
        return handler(message) or Message("done")
    except Exception as error:  # noqa: BLE001 (sent to the parent, which raises it there)
        traceback.print_exc()
        return Message("error", {"error": f"{type(error).__name__}: {error}"})


def _send(stream: BinaryIO, message: Message) -> None:
    stream.write(encode(message))
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

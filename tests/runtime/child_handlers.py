"""What the children of the tests run."""

from __future__ import annotations

import os
import sys
import threading
import time

from edgepi.runtime.messages import Message


def handle(message: Message) -> Message | None:
    if message.kind == "echo":
        return Message("echo", {**message.fields, "pid": os.getpid()}, message.data[::-1])
    if message.kind == "fail":
        raise ValueError("as asked")
    if message.kind == "abort":
        sys.stderr.write("about to abort\n")
        os.abort()
    if message.kind == "abort soon":
        threading.Timer(0.05, os.abort).start()
    if message.kind == "abort soon with heir":
        if os.fork() == 0:  # it holds the pipes, so that only the exit code tells of the end
            time.sleep(0.5)
            os._exit(0)
        threading.Timer(0.05, os.abort).start()
    if message.kind == "hang":
        time.sleep(60)
    if message.kind == "print":
        sys.stdout.write("chatter on standard output\n")
    return None

"""Calls of other threads are done in one, in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from edgepi.errors import RequestError
from edgepi_camera.child.calls import Calls


@pytest.fixture
def calls() -> Iterator[Calls]:
    """Yield calls that a thread does until the test ends."""
    changed, over = threading.Condition(), threading.Event()
    calls = Calls(changed)

    def run() -> None:
        while not over.is_set():
            with changed:
                changed.wait_for(lambda: bool(calls) or over.is_set(), 20)
            calls.do()

    thread = threading.Thread(target=run, name="camera")
    thread.start()
    yield calls
    over.set()
    with changed:
        changed.notify_all()
    thread.join()


def test_a_call_is_done_in_the_thread_that_does_them_and_its_result_comes_back(calls: Calls) -> None:
    assert calls.ask(lambda: threading.current_thread().name, 20) == "camera"


def test_what_a_call_refuses_is_raised_where_it_was_asked_and_the_next_one_is_done(calls: Calls) -> None:
    def refuse() -> None:
        raise RequestError("not now")

    with pytest.raises(RequestError, match="not now"):
        calls.ask(refuse, 20)
    assert calls.ask(lambda: 7, 20) == 7


def test_a_call_that_nobody_does_says_so() -> None:
    calls = Calls(threading.Condition())
    with pytest.raises(TimeoutError, match="busy or hangs"):
        calls.ask(lambda: 1, 0.01)
    assert calls, "it waits still"

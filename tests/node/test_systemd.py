from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgepi.node.systemd import Notifier, watchdog_interval_s


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.bind(str(tmp_path / "notify"))
        peer.setblocking(False)
        yield peer


def test_ready_carries_a_line_for_people(manager: socket.socket) -> None:
    Notifier(manager.getsockname()).ready("3 plugins")
    assert manager.recv(1000) == b"READY=1\nSTATUS=3 plugins"


def test_without_a_service_manager_nothing_happens() -> None:
    Notifier(None).ready("fine")
    Notifier("/nowhere/at/all").ready("fine")


def test_the_watchdog_is_fed_only_while_ticks_advance(manager: socket.socket) -> None:
    ticks = [5]
    feed = Notifier(manager.getsockname()).feed(lambda: ticks[0])
    feed()
    assert manager.recv(1000) == b"WATCHDOG=1"
    feed()
    with pytest.raises(BlockingIOError):
        manager.recv(1000)
    ticks[0] += 1
    feed()
    assert manager.recv(1000) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_asked(env: dict[str, str], expected: float | None) -> None:
    assert watchdog_interval_s(env, 7) == expected

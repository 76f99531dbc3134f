from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from edgepi.config import LoggingSettings, Settings
from edgepi.model import NodeInfo
from edgepi.node.logs import follow_clock, set_up_logging
from edgepi.testing.clock import ManualClock

SETTINGS = Settings(node=NodeInfo(name="n", latitude=0, longitude=0, elevation_m=0, time_zone="UTC"))


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    root.handlers[:], root.level = before
    logging.getLogger("edgepi.loud").setLevel(logging.NOTSET)


def test_a_secret_never_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(replace(SETTINGS, secrets=frozenset({"hunter2hunter2"})), journal=False)
    logging.getLogger("edgepi.x").warning("the password is %s", "hunter2hunter2")
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "the password is" in said


def test_levels_are_as_configured_for_each_logger(capsys: pytest.CaptureFixture[str]) -> None:
    logs = LoggingSettings(level="warning", levels={"edgepi.loud": "debug"})
    set_up_logging(replace(SETTINGS, logging=logs), journal=True)
    logging.getLogger("edgepi.quiet").info("not this")
    logging.getLogger("edgepi.loud").debug("but this")
    assert capsys.readouterr().err == "DEBUG edgepi.loud: but this\n"


def test_lines_carry_the_time_of_the_nodes_own_clock(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    follow_clock(set_up_logging(SETTINGS, journal=False), clock)
    logging.getLogger("edgepi.x").warning("hello")
    assert capsys.readouterr().err.startswith(f"{clock.now():%H:%M:%S} WARNING")

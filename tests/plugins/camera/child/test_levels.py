from __future__ import annotations

import pytest

from edgepi_camera.child.levels import CALM_S, FINISH_S, KEYLESS_S, Level, Levels, Mode


def at(level: Level, time_s: float = 0.0) -> Levels:
    levels = Levels()
    levels.wish(level, time_s)
    levels.settle(time_s, recording=False)
    levels.opened(time_s)
    return levels


@pytest.mark.parametrize(
    ("level", "mode"),
    [
        (Level.OFF, Mode.CLOSED),
        (Level.SNAPSHOT, Mode.CLOSED),
        (Level.SAVER, Mode.KEYS),
        (Level.FULL, Mode.ALL),
    ],
)
def test_a_level_says_what_is_looked_at(level: Level, mode: Mode) -> None:
    assert at(level).mode(1.0, recording=False) is mode


def test_what_closes_the_camera_waits_for_the_event() -> None:
    levels = at(Level.FULL)
    levels.wish(Level.OFF, 10.0)
    assert not levels.settle(10.0, recording=True)
    assert levels.mode(10.0, recording=True) is Mode.ALL
    assert not levels.overdue(10.0 + FINISH_S)
    assert levels.overdue(10.1 + FINISH_S)
    assert levels.settle(12.0, recording=False)
    assert levels.held is Level.OFF


def test_saver_is_taken_at_once_and_the_event_is_watched_whole() -> None:
    levels = at(Level.FULL)
    levels.wish(Level.SAVER, 10.0)
    assert levels.settle(10.0, recording=True)
    assert levels.mode(10.0, recording=True) is Mode.ALL
    assert levels.mode(10.0, recording=False) is Mode.KEYS


def test_suspicion_is_watched_whole_until_it_has_been_calm() -> None:
    levels = at(Level.SAVER)
    levels.key(9.0)
    levels.stirred(10.0)
    assert levels.mode(10.0 + CALM_S, recording=False) is Mode.ALL
    assert levels.mode(10.1 + CALM_S, recording=False) is Mode.KEYS


def test_a_stream_that_sends_no_keys_is_watched_whole() -> None:
    levels = at(Level.SAVER, 100.0)
    assert levels.mode(99.9 + KEYLESS_S, recording=False) is Mode.KEYS
    assert levels.mode(100.0 + KEYLESS_S, recording=False) is Mode.ALL
    levels.key(130.0)
    assert levels.mode(131.0, recording=False) is Mode.KEYS


def test_asking_again_does_not_begin_the_wait_anew() -> None:
    levels = at(Level.FULL)
    levels.wish(Level.SNAPSHOT, 10.0)
    levels.wish(Level.SNAPSHOT, 20.0)
    assert levels.overdue(10.1 + FINISH_S)

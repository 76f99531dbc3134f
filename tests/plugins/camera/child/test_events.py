from __future__ import annotations

import itertools

from edgepi_camera.child.events import Events, identities
from edgepi_camera.model import Box, Sight


def events(after_s: float = 2.0) -> Events:
    return Events(after_s, map(str, itertools.count()).__next__)


def moving(time_s: float, began_s: float | None = None, *boxes: Box) -> Sight:
    return Sight(time_s=time_s, moving=True, suspect=True, began_s=began_s, score=0.7, boxes=boxes)


def still(time_s: float) -> Sight:
    return Sight(time_s=time_s)


def test_an_event_begins_where_the_motion_did_and_is_over_after_some_quiet() -> None:
    watched = events()
    assert not watched.see(still(1.0))
    assert watched.see(moving(2.0, 1.7))
    assert not watched.see(moving(2.1, 1.7))
    assert watched.current is not None
    assert watched.current.began_s == 1.7
    assert not watched.over(4.0)
    watched.see(still(4.2))
    assert watched.over(4.2)


def test_motion_is_counted_without_the_pauses_in_it() -> None:
    watched = events()
    watched.see(moving(2.0, 1.5))
    watched.see(moving(3.0, 1.5))
    watched.see(still(3.5))
    watched.see(moving(4.0, 3.9))
    assert watched.current is not None
    assert watched.current.motion_s == 2.0


def test_an_event_does_not_begin_before_the_last_one_ended() -> None:
    watched = events()
    watched.see(moving(2.0, 1.5))
    watched.see(moving(9.0, 1.5))
    watched.end("longest")
    watched.see(moving(9.1, 1.5))
    assert watched.current is not None
    assert watched.current.began_s == 9.0


def test_the_best_picture_is_that_of_the_largest_and_surest_thing() -> None:
    watched = events()
    small, large = Box(0.1, 0.1, 0.1, 0.1, 1, (), 0.9), Box(0.2, 0.2, 0.3, 0.3, 1, ("door",), 0.8)
    watched.see(moving(2.0, 2.0, small))
    assert watched.better(moving(2.0, 2.0, small))
    assert not watched.better(moving(2.1, 2.0, small))
    watched.see(moving(2.2, 2.0, large))
    assert watched.better(moving(2.2, 2.0, large))
    event = watched.end("")
    assert event is not None
    assert event.fields()["zones"] == ["door"]
    assert event.fields()["boxes"][0]["width"] == 0.3


def test_names_are_unique_and_sort_by_age() -> None:
    one, other = identities(), identities()
    names = [next(one) for _ in range(1000)]
    assert names == sorted(set(names))
    assert {len(name) for name in names} == {20}
    assert not set(names) & {next(other) for _ in range(1000)}

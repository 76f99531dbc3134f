from __future__ import annotations

from edgepi_camera.model import Box, Sight
from edgepi_camera.tuning.seconds import Seconds
from edgepi_camera.tuning.spells import Spells

BOX = Box(0.1, 0.2, 0.1, 0.1, track=1, zones=("door",), score=0.5)


def sight(time_s: float, *, score: float = 0.5, began_s: float | None = None) -> Sight:
    return Sight(time_s=time_s, moving=True, began_s=began_s, score=score, boxes=(BOX,), changed=0.02)


def test_motion_with_short_rests_is_one_event() -> None:
    spells = Spells(gap_s=5.0)
    assert spells.add(sight(10.0, began_s=9.5))
    assert not spells.add(sight(11.0, score=0.4))
    assert not spells.add(Sight(time_s=12.0))
    assert spells.add(sight(15.5, score=0.8, began_s=15.2))
    assert not spells.add(sight(21.0, score=0.1, began_s=20.4))
    (event,) = spells.all
    assert event.to_json() == {
        "start_s": 9.5,
        "end_s": 21.0,
        "score": 0.8,
        "best_s": 15.5,
        "zones": ["door"],
    }


def test_a_longer_rest_begins_another() -> None:
    spells = Spells(gap_s=5.0)
    spells.add(sight(10.0))
    spells.add(sight(15.5))
    assert [event.began_s for event in spells.all] == [10.0, 15.5]


def test_seconds_keep_the_most_of_what_they_hold() -> None:
    seconds = Seconds()
    seconds.add(Sight(time_s=0.1, changed=0.5, note="light"))
    seconds.add(sight(0.9))
    seconds.add(Sight(time_s=1.0))
    first, second = (each.to_json() for each in seconds.all)
    assert first == {
        "at_s": 0,
        "pictures": 2,
        "moving": 1,
        "changed_percent": 50.0,
        "boxes": 1,
        "score": 0.5,
        "notes": ["light"],
    }
    assert second["at_s"] == 1
    assert second["moving"] == 0

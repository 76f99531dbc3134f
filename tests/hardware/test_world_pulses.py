from __future__ import annotations

from edgepi.hardware.world_pulses import Tally, WorldCounter


def told(*points: tuple[float, int]) -> Tally:
    tally = Tally(0, 0.0)
    for at_s, total in points:
        tally.tell(total, at_s)
    return tally


def test_the_most_is_that_of_any_time_of_the_length() -> None:
    tally = told((1.5, 10), (3.0, 40), (4.5, 60), (6.0, 65))
    assert tally.most(3.0, 0.0) == 50
    assert tally.most(3.0, 4.5) == 25


def test_of_a_longer_time_the_mean_counts_however_late_it_is_told() -> None:
    assert told((30.0, 300)).most(3.0, 0.0) == 30
    assert told((1.5, 15), (60.0, 600), (60.5, 605)).most(3.0, 0.0) == 30


def test_of_a_shorter_time_no_more_is_made_than_there_was() -> None:
    assert told((0.5, 20)).most(3.0, 0.0) == 20


def test_what_was_asked_before_is_not_told_again() -> None:
    tally = told((3.0, 90))
    counter = WorldCounter(lambda: tally)
    tally.tell(120, 6.0)
    assert counter.most(3.0) == 30
    assert counter.most(3.0) == 0
    tally.tell(125, 9.0)
    assert counter.most(3.0) == 5


def test_a_counter_counts_from_when_it_was_opened() -> None:
    tally = told((3.0, 530))
    counter = WorldCounter(lambda: tally)
    assert counter.total() == 0
    tally.tell(540, 4.0)
    assert counter.total() == 10


def test_before_the_world_has_told_anything_nothing_is_known() -> None:
    counter = WorldCounter(lambda: None)
    assert counter.total() == 0
    assert counter.most(3.0) is None

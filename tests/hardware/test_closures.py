from __future__ import annotations

from itertools import count

from edgepi.hardware.closures import KEPT_TIMES, Closures

MS = 1_000_000


def feed(closures: Closures, *edges: tuple[float, bool], first: int = 1) -> None:
    """Feed edges of (ms, closed), numbered on."""
    for number, (at_ms, closed) in zip(count(first), edges, strict=False):
        closures.edge(int(at_ms * MS), number, closed=closed)


def test_each_closure_that_lasts_counts() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(closures, (10, True), (13, False), (20, True), (23, False))
    assert closures.total() == 2


def test_bounces_at_closing_and_at_opening_do_not_count() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(
        closures, (10, True), (10.4, False), (10.9, True), (20, False), (20.5, True), (21, False), (40, True)
    )
    assert closures.total() == 1


def test_a_spike_shorter_than_a_bounce_is_none() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(closures, (10, True), (10.1, False), (50, True), (50.1, False))
    closures.settle(100 * MS)
    assert closures.total() == 0


def test_a_dropout_of_a_closed_switch_is_no_second_closure() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(closures, (10, True), (20, False), (21, True), (40, False))
    closures.settle(50 * MS)
    assert closures.total() == 1


def test_a_switch_that_stays_closed_counts_once_it_has_settled() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(closures, (10, True))
    closures.settle(11 * MS)
    assert closures.total() == 0
    closures.settle(12 * MS)
    closures.settle(13 * MS)
    assert closures.total() == 1


def test_a_switch_that_was_closed_at_the_beginning_has_not_closed() -> None:
    closures = Closures(2 * MS, closed=True)
    feed(closures, (10, False), (11, True))
    closures.settle(20 * MS)
    assert closures.total() == 0


def test_edges_without_room_are_taken_to_be_like_the_others() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(closures, *((10 * n, n % 2 == 0) for n in range(100)))
    feed(closures, *((10_000 + 10 * n, n % 2 == 0) for n in range(100)), first=401)
    closures.settle(20_000 * MS)
    assert abs(closures.total() - 250) <= 3


def test_the_total_never_falls_when_noise_follows_closures() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(closures, *((10 * n, n % 2 == 0) for n in range(100)), first=101)
    before = closures.total()
    feed(closures, *((2000 + n / 10, n % 2 == 0) for n in range(200)), first=201)
    assert closures.total() >= before


def test_edges_missed_before_the_first_that_was_seen_count_too() -> None:
    closures = Closures(2 * MS, closed=False)
    feed(closures, *((10 * n, n % 2 == 0) for n in range(16)), first=85)
    closures.settle(1000 * MS)
    assert closures.total() == 50


def test_the_kernels_numbers_may_start_over() -> None:
    closures = Closures(2 * MS, closed=False)
    closures.edge(0, 1, closed=True)
    closures._number = (1 << 32) - 1
    closures.edge(10 * MS, 0, closed=False)
    closures.edge(20 * MS, 1, closed=True)
    closures.settle(30 * MS)
    assert closures.total() == 2


def test_the_most_within_a_time_slides() -> None:
    closures = Closures(2 * MS, closed=False)
    for start_ms in (0, 900, 1000, 1100, 1200, 5000):
        closures.edge(start_ms * MS, closures.total() * 2 + 1, closed=True)
        closures.edge((start_ms + 20) * MS, closures.total() * 2 + 2, closed=False)
        closures.settle((start_ms + 30) * MS)
    assert closures.total() == 6
    assert closures.most(300 * MS) == 3
    assert closures.most(300 * MS) == 0


def test_what_began_before_it_was_asked_last_goes_on() -> None:
    closures = Closures(2 * MS, closed=False)
    asked = []
    for start_ms in (100, 200, 300, 400):
        closures.edge(start_ms * MS, closures.total() * 2 + 1, closed=True)
        closures.edge((start_ms + 20) * MS, closures.total() * 2 + 2, closed=False)
        closures.settle((start_ms + 30) * MS)
        asked.append(closures.most(300 * MS))
    assert asked == [1, 2, 3, 3]


def test_times_that_nobody_asks_for_are_not_kept_for_ever() -> None:
    closures = Closures(0, closed=False)
    for n in range(5000):
        closures.edge(2 * n * MS, 2 * n + 1, closed=True)
        closures.edge((2 * n + 1) * MS, 2 * n + 2, closed=False)
    assert closures.total() == 5000
    assert closures.most(10**12) == KEPT_TIMES

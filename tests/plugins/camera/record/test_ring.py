from __future__ import annotations

import sys
import threading

import av

from edgepi_camera.record.ring import Kept, Ring


def kept(time_s: float, *, key: bool, size: int = 100) -> Kept:
    return Kept(av.Packet(size), time_s, time_s, key, size)


def filled(ring: Ring, seconds: int, *, gop: int = 4, size: int = 100) -> Ring:
    for number in range(seconds * 4):
        ring.add(kept(number / 4, key=number % gop == 0, size=size))
    return ring


def test_it_reaches_back_to_a_key_so_many_seconds_old() -> None:
    ring = filled(Ring(5.0, 10**9), 20)
    held = list(ring.since(0.0))
    assert held[0].key
    assert held[0].time_s == 14.0  # the last key is of 19.0, and the next younger one would be too young
    assert ring.seconds == 5.75
    assert ring.size == len(held) * 100


def test_since_begins_with_the_key_at_or_before() -> None:
    ring = filled(Ring(100.0, 10**9), 10)
    assert next(ring.since(5.0)).time_s == 5.0
    assert next(ring.since(5.9)).time_s == 5.0
    assert next(ring.since(-3.0)).time_s == 0.0


def test_short_memory_drops_whole_groups() -> None:
    ring = filled(Ring(100.0, 1000), 10)
    assert ring.size <= 1000
    assert next(ring.since(0.0)).key


def test_what_has_no_key_or_is_larger_than_the_memory_is_not_held() -> None:
    ring = Ring(5.0, 1000)
    ring.add(kept(0.0, key=False))
    assert list(ring.since(0.0)) == []
    for number in range(100):
        ring.add(kept(1.0 + number, key=number == 0))
    assert list(ring.since(0.0)) == []
    ring.add(kept(200.0, key=True))
    assert [entry.time_s for entry in ring.since(0.0)] == [200.0]


def test_cleared_it_holds_nothing() -> None:
    ring = filled(Ring(5.0, 10**9), 3)
    ring.clear()
    assert (ring.size, ring.seconds, list(ring.since(0.0))) == (0, 0.0, [])


def test_another_thread_may_ask_at_any_time_how_far_it_reaches() -> None:
    ring, asked, done = Ring(0.5, 10**9), [], threading.Event()
    usual_s = sys.getswitchinterval()

    def fill() -> None:
        try:
            for number in range(30_000):
                ring.add(kept(number / 25, key=True))
                if number % 100 == 0:
                    ring.clear()
        finally:
            done.set()

    sys.setswitchinterval(1e-6)
    try:
        filler = threading.Thread(target=fill)
        filler.start()
        while not done.is_set():
            asked.append(ring.seconds)
        filler.join()
    finally:
        done.wait()
        sys.setswitchinterval(usual_s)
    assert min(asked) >= 0.0
    assert max(asked) <= 1.0

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av

from edgepi_camera.source.nal import parameter_sets
from edgepi_camera.source.whole import Whole
from tests.cameras import film_of, moving_square

SLICE = b"\0\0\1"


def packet(data: bytes, pts: int | None, *, key: bool) -> av.Packet[Any]:
    made = av.Packet(data)
    made.pts = made.dts = pts
    made.time_base, made.is_keyframe = Fraction(1, 25), key
    return made


def parts(*, split: bool, pictures: int = 30) -> Iterator[av.Packet[Any]]:
    """Pictures in two slices, the keys among them torn in two packets, with parameter sets before each."""
    film = film_of(map(moving_square, range(pictures)), gop=10, slices=2)
    for number, (_, data) in enumerate(film.rows):
        key = number % 10 == 0
        last = data.rindex(SLICE)
        if not (key and split):
            yield packet(data, number, key=key)
            continue
        yield packet(data[:last], None if number == 0 else number, key=True)
        yield packet(parameter_sets(data, "h264") + data[last:], number, key=True)


def joined(packets: Iterator[av.Packet[Any]]) -> list[av.Packet[Any]]:
    whole, found = Whole(packets.__next__, "h264"), []
    with suppress(StopIteration):
        while True:
            found.append(whole.read())
    return found


def test_a_key_in_two_packets_becomes_one_picture() -> None:
    found = joined(parts(split=True))
    assert [(one.pts, one.is_keyframe) for one in found] == [(n, n % 10 == 0) for n in range(30)]
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    shown: list[Any] = [frame for one in [*found, None] for frame in decoder.decode(one)]
    assert [frame.pts for frame in shown] == list(range(30))
    assert not any(frame.is_corrupt for frame in shown)


def test_whole_pictures_are_left_as_they_are_and_waited_for_once_only() -> None:
    given: list[int] = []

    def counted() -> Iterator[av.Packet[Any]]:
        for one in parts(split=False):
            given.append(1)
            yield one

    read, ahead = Whole(counted().__next__, "h264").read, []
    for number in range(30):
        assert read().pts == number
        ahead.append(len(given) - number - 1)
    assert ahead == [1] + [0] * 29


def test_a_part_whose_beginning_was_lost_is_no_part_of_the_picture_before() -> None:
    packets = list(parts(split=True, pictures=20))
    first, rest = packets[:4], packets[12:]  # the key of picture 10 lacks its first half
    found = joined(iter([*first, *rest]))
    assert [one.pts for one in found] == [0, 1, 2, *range(10, 20)]
    assert bytes(found[2]) == bytes(first[3])

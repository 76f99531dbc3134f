from __future__ import annotations

from edgepi_camera.source.nal import continuation, parameter_sets

SPS, PPS, SEI, SLICE = b"\x67\x64\x00\x1e", b"\x68\xee", b"\x06\x05\x01", b"\x65\x88\x80"
LONG, SHORT = b"\0\0\0\1", b"\0\0\1"


def test_sets_before_the_first_slice_are_found_whatever_start_codes_they_have() -> None:
    data = LONG + SPS + SHORT + PPS + SHORT + SEI + SHORT + SLICE + LONG + SPS
    assert parameter_sets(data, "h264") == LONG + SPS + LONG + PPS


def test_a_picture_without_any_gives_none() -> None:
    assert parameter_sets(LONG + SLICE, "h264") == b""
    assert parameter_sets(b"", "h264") == b""
    assert parameter_sets(b"no start code", "h264") == b""


def test_those_of_h265_have_other_numbers() -> None:
    sets = [bytes([kind << 1, 1, 7]) for kind in (32, 33, 34)]
    data = b"".join(LONG + unit for unit in (*sets, bytes([19 << 1, 1, 7])))
    assert parameter_sets(data, "hevc") == b"".join(LONG + unit for unit in sets)


def test_slices_that_go_on_with_a_picture_are_told_from_those_that_begin_one() -> None:
    assert continuation(LONG + SPS + SHORT + PPS + SHORT + SLICE, "h264") is None
    assert continuation(LONG + SPS + SHORT + b"\x65\x04\xc8", "h264") == len(LONG + SPS)
    assert continuation(LONG + bytes([19 << 1, 1, 0x80]), "hevc") is None
    assert continuation(LONG + bytes([19 << 1, 1, 0x20]), "hevc") == 1
    assert continuation(LONG + SPS, "h264") is None

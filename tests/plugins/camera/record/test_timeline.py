from __future__ import annotations

import pytest

from edgepi_camera.record.timeline import Timeline


def test_it_begins_now_and_follows_the_source() -> None:
    line = Timeline(live=True)
    first, second = line.place(7.0, 7.0, 100.0), line.place(7.04, 7.04, 100.3)
    assert first.time_s == 100.0
    assert first.fresh
    assert second.time_s == pytest.approx(100.04)
    assert not second.fresh


@pytest.mark.parametrize("jump_s", [-3600.0, -1.0, 3600.0])
def test_a_clock_that_jumps_begins_a_stretch_that_goes_on_forward(jump_s: float) -> None:
    line = Timeline(live=True)
    line.place(5000.0, 5000.0, 100.0)
    stamp = line.place(5000.04 + jump_s, 5000.04 + jump_s, 100.04)
    assert stamp.fresh
    assert stamp.dts_s == pytest.approx(100.04)
    assert not line.place(5000.08 + jump_s, 5000.08 + jump_s, 100.08).fresh


def test_a_pause_of_the_camera_is_no_jump() -> None:
    line = Timeline(live=True)
    line.place(0.0, 0.0, 100.0)
    assert not line.place(30.0, 30.0, 130.0).fresh


def test_times_that_repeat_or_step_back_a_little_still_go_forward() -> None:
    line = Timeline(live=True)
    stamps = [line.place(time_s, time_s, 100.0) for time_s in (1.0, 1.04, 1.04, 1.04, 0.9, 1.08)]
    assert not any(stamp.fresh for stamp in stamps[1:])
    times = [stamp.dts_s for stamp in stamps]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(100.08)


def test_pictures_that_look_ahead_keep_their_order() -> None:
    line = Timeline(live=False)
    line.place(0.08, 0.0, 100.0)
    stamp = line.place(0.2, 0.04, 100.0)
    assert stamp.time_s == pytest.approx(100.2)
    assert stamp.dts_s == pytest.approx(100.04)


def test_without_times_it_is_now_or_the_rate_that_counts() -> None:
    live, file = Timeline(live=True), Timeline(live=False, fps=10.0)
    assert [live.place(None, None, now_s).time_s for now_s in (100.0, 100.3)] == [100.0, 100.3]
    assert [file.place(None, None, 100.0).time_s for _ in range(3)] == pytest.approx([100.0, 100.1, 100.2])


def test_a_first_packet_without_a_time_does_not_squeeze_those_that_have_one() -> None:
    line = Timeline(live=True)
    line.place(None, None, 100.0)
    second, third = line.place(0.02, 0.02, 100.0), line.place(1.02, 1.02, 100.9)
    assert not second.fresh
    assert third.dts_s - second.dts_s == pytest.approx(1.0)


def test_a_camera_that_stamps_all_with_the_same_time_is_followed_by_our_own_clock() -> None:
    line = Timeline(live=True)
    stamps = [line.place(7.0, 7.0, 100.0 + number / 10) for number in range(200)]
    assert not any(stamp.fresh for stamp in stamps[1:])
    assert stamps[-1].time_s == pytest.approx(119.9)
    assert stamps[-1].time_s - stamps[-11].time_s == pytest.approx(1.0)


@pytest.mark.parametrize("pts_s", [4e15, -4e15, 3600.0])
def test_a_picture_that_claims_to_be_shown_at_another_age_is_shown_at_once(pts_s: float) -> None:
    line = Timeline(live=True)
    line.place(5.0, 5.0, 100.0)
    stamp = line.place(pts_s, 5.04, 100.04)
    assert stamp.time_s == stamp.dts_s == pytest.approx(100.04)

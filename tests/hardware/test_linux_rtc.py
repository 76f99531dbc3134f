from __future__ import annotations

import errno
import fcntl
import struct
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from edgepi.errors import HardwareError
from edgepi.hardware.linux_rtc import RTC_SET_TIME, set_rtc


def test_the_kernel_is_given_utc_in_its_own_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, bytes]] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda _handle, request, data: given.append((request, data)))
    device = tmp_path / "rtc0"
    device.touch()
    set_rtc(datetime(2026, 7, 1, 14, 5, 6, tzinfo=timezone(timedelta(hours=2))), device)
    assert [request for request, _ in given] == [RTC_SET_TIME]
    assert struct.unpack("9i", given[0][1])[:6] == (6, 5, 12, 1, 6, 126)


def test_a_machine_without_such_a_chip_says_so(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="No such file") as caught:
        set_rtc(datetime.now(UTC), tmp_path / "rtc0")
    assert caught.value.errno == errno.ENOENT
    assert caught.value.hint


def test_what_is_no_clock_is_not_set(tmp_path: Path) -> None:
    plain = tmp_path / "rtc0"
    plain.touch()
    with pytest.raises(HardwareError, match="cannot be set"):
        set_rtc(datetime.now(UTC), plain)

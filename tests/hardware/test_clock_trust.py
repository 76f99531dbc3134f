from __future__ import annotations

from pathlib import Path

import pytest

from edgepi.hardware import clock_trust
from edgepi.hardware.clock_trust import clock_is_set, kernel_says_synchronised, rtc_set_the_clock


@pytest.mark.parametrize(
    ("hctosys", "since_epoch", "believed"),
    [("1", "1790000000", True), ("0", "1790000000", False), ("1", "12345", False), ("1", "", False)],
)
def test_a_clock_chip_is_believed_if_it_was_used_and_had_kept_time(
    tmp_path: Path, hctosys: str, since_epoch: str, believed: bool
) -> None:
    (tmp_path / "hctosys").write_text(hctosys)
    (tmp_path / "since_epoch").write_text(since_epoch)
    assert rtc_set_the_clock(tmp_path) is believed


def test_a_machine_without_a_clock_chip_is_not_believed(tmp_path: Path) -> None:
    assert not rtc_set_the_clock(tmp_path / "rtc0")


def test_the_kernel_can_be_asked_without_rights() -> None:
    assert kernel_says_synchronised() in {True, False}


def test_any_one_source_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clock_trust, "kernel_says_synchronised", lambda: False)
    monkeypatch.setattr(clock_trust, "rtc_set_the_clock", lambda: False)
    monkeypatch.setattr(clock_trust, "TIMESYNC", tmp_path / "synchronized")
    assert not clock_is_set()
    (tmp_path / "synchronized").touch()
    assert clock_is_set()

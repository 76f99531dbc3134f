from __future__ import annotations

from pathlib import Path

import pytest

from edgepi.runtime import safemode
from edgepi.runtime.lastrun import review
from edgepi.runtime.records import PluginRecord, PluginStatus
from edgepi.runtime.registry import PluginRegistry
from edgepi.runtime.safemode import FLAG_NAME, StartFlag, boot_id, leave_out_third_party
from edgepi.testing.clock import ManualClock


def test_a_first_start_is_no_crash(tmp_path: Path) -> None:
    assert not StartFlag(tmp_path, "boot 1").hoist()


def test_a_start_that_was_finished_is_no_crash(tmp_path: Path) -> None:
    flag = StartFlag(tmp_path, "boot 1")
    flag.hoist()
    flag.lower()
    assert not StartFlag(tmp_path, "boot 1").hoist()


def test_a_start_that_ended_in_the_same_boot_was_a_crash(tmp_path: Path) -> None:
    StartFlag(tmp_path, "boot 1").hoist()
    assert StartFlag(tmp_path, "boot 1").hoist()


def test_a_start_cut_off_by_a_power_cut_is_no_crash_until_it_is_the_third(tmp_path: Path) -> None:
    assert [StartFlag(tmp_path, f"boot {n}").hoist() for n in range(4)] == [False, False, False, True]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"boot": 1}', b"\xff", b"[" * 200_000])
def test_a_torn_flag_counts_as_a_crash(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FLAG_NAME).write_bytes(content)
    assert StartFlag(tmp_path, "boot 1").hoist()


def test_lowering_twice_is_no_error(tmp_path: Path) -> None:
    StartFlag(tmp_path, "boot 1").lower()


def test_a_lowered_flag_does_not_come_back_after_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[Path, bool]] = []
    flag = StartFlag(tmp_path, "boot")
    flag.hoist()
    monkeypatch.setattr(
        safemode, "sync_directory", lambda path: synced.append((path, (tmp_path / FLAG_NAME).exists()))
    )
    flag.lower()
    assert synced == [(tmp_path, False)]


def test_this_boot_has_a_name() -> None:
    assert boot_id() == boot_id() != ""


def test_third_party_plugins_are_left_out_and_ours_are_kept() -> None:
    registry = PluginRegistry(
        [
            PluginRecord(name="weather", distribution="edgepi", version="1", target="a.plugin"),
            PluginRecord(name="camera", distribution="edgepi-camera", version="1", target="b.plugin"),
            PluginRecord(
                name="sick",
                distribution="edgepi-sick",
                version="1",
                target="c.plugin",
                status=PluginStatus.LOAD_ERROR,
                reason="broken",
            ),
        ]
    )
    assert leave_out_third_party(registry) == ("camera",)
    assert registry.record("weather").status is PluginStatus.AVAILABLE
    assert registry.record("camera").status is PluginStatus.DISABLED
    assert "safe mode" in registry.record("camera").reason
    assert registry.record("sick").reason == "broken"


def test_a_flag_that_cannot_be_lowered_is_said_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    StartFlag(tmp_path, "boot 1").lower()
    assert "cannot be removed: Read-only file system" in caplog.text


def test_a_full_disk_keeps_no_node_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edgepi.runtime.safemode.atomic_write", full)
    last = review(
        state_dir=tmp_path,
        registry=PluginRegistry([]),
        clock=ManualClock(),
        flag=StartFlag(tmp_path, "boot 1"),
    )
    assert not last.safe_mode
    assert last.notes == (
        f"nothing can be written to {tmp_path}: No space left on device; free or mend its disk",
    )


def test_a_start_removes_the_drafts_that_a_power_cut_left(tmp_path: Path) -> None:
    (tmp_path / ".energy.json.ab_c1234.new").write_text("{")
    (tmp_path / "energy.json").write_text("{}")
    flag = StartFlag(tmp_path, "boot 1")
    review(state_dir=tmp_path, registry=PluginRegistry([]), clock=ManualClock(), flag=flag)
    assert {path.name for path in tmp_path.iterdir()} == {"energy.json", "starting"}

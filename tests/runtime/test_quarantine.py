from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edgepi.runtime.quarantine import QUARANTINE_NAME, Quarantine
from edgepi.runtime.records import PluginRecord, PluginStatus
from edgepi.runtime.registry import PluginRegistry

WHEN = datetime(2025, 6, 1, 12, tzinfo=UTC)

DEEP = b"[" * 200_000


def test_who_is_confined_stays_in_until_released(tmp_path: Path) -> None:
    Quarantine(tmp_path).confine("camera", "it held up the node", WHEN)
    Quarantine(tmp_path).confine("radio", "it, too", None)
    confined = Quarantine(tmp_path).confined()
    assert confined["camera"].reason == "it held up the node"
    assert confined["camera"].since == "2025-06-01T12:00:00+00:00"
    assert confined["radio"].since == ""
    assert Quarantine(tmp_path).release("camera") == confined["camera"]
    assert list(Quarantine(tmp_path).confined()) == ["radio"]
    assert Quarantine(tmp_path).release("camera") is None


def test_the_registry_learns_who_is_in_and_how_to_let_it_out(tmp_path: Path) -> None:
    record = PluginRecord(name="camera", distribution="d", version="1", target="p.plugin")
    registry = PluginRegistry([record])
    Quarantine(tmp_path).confine("camera", "it held up the node", WHEN)
    Quarantine(tmp_path).confine("gone", "it, too", WHEN)
    Quarantine(tmp_path).mark(registry)
    marked = registry.record("camera")
    assert marked.status is PluginStatus.QUARANTINED
    assert "`edgepi plugins release camera`" in marked.reason


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": {}}', b"\xff\xfe", DEEP])
def test_a_file_that_cannot_be_read_holds_nobody_and_is_said(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / QUARANTINE_NAME).write_bytes(content)
    assert Quarantine(tmp_path).confined() == {}
    assert "cannot be read" in caplog.text


def test_no_file_holds_nobody_silently(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert Quarantine(tmp_path).confined() == {}
    assert caplog.text == ""

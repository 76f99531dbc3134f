from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edgepi.budget.store import EnergyStore, Saved, lease_from_dict, lease_to_dict
from edgepi.model import Lease, LeaseState, Offer, WaitPhase

NOW = datetime(2025, 6, 1, 10, 0, tzinfo=UTC)


def test_a_lease_survives_the_way_through_json(make_offer: Callable[..., Offer]) -> None:
    offer = make_offer(deadline_h=5, wait=WaitPhase(until_utc=NOW, check_every_s=60.0))
    lease = Lease(offer=offer, state=LeaseState.COMMITTED, since_utc=NOW, used_wh=1.5, sentence="yes")
    assert lease_from_dict(json.loads(json.dumps(lease_to_dict(lease)))) == lease


async def test_what_was_saved_is_loaded(tmp_path: Path, make_offer: Callable[..., Offer]) -> None:
    lease = Lease(offer=make_offer(), state=LeaseState.RUNNING, since_utc=NOW)
    saved = Saved(saved_utc=NOW, monotonic_s=5.0, going=True, stored_wh=3.0, leases=(lease,), boots=2)
    store = EnergyStore(tmp_path / "not there yet")
    await store.save(saved)
    assert await store.load() == (saved, None)
    assert store.path.stat().st_mode & 0o077 == 0


async def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    old = {
        "format": "edgepi-energy-1", "saved_utc": NOW.isoformat(), "monotonic_s": 5.0, "going": False,
        "stored_wh": 3.0, "boots": 7, "soc": {}, "governor_name": "thresholds",
        "governor": {"computing": True}, "leases": [], "ledger": None,
    }  # fmt: skip
    store = EnergyStore(tmp_path)
    store.path.write_text(json.dumps(old))
    saved, complaint = await store.load()
    assert complaint is None
    assert saved is not None
    assert (saved.boots, saved.governors, saved.more) == (7, {"thresholds": {"computing": True}}, {})


async def test_nothing_saved_is_nothing_wrong(tmp_path: Path) -> None:
    assert await EnergyStore(tmp_path).load() == (None, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b'{"format": "edgepi-energy-1", "saved_utc"',
        b"[]",
        b'{"format": "something else"}',
        b'{"format": "edgepi-energy-1"}',
        b"[" * 100_000,
    ],
)
async def test_a_torn_or_foreign_file_is_moved_aside_and_said(tmp_path: Path, content: bytes) -> None:
    store = EnergyStore(tmp_path)
    for number in (1, 2):
        store.path.write_bytes(content)
        saved, complaint = await store.load()
        assert saved is None
        assert complaint == (
            f"energy.json cannot be read; it was moved to energy.broken-{number}.json, the books begin anew"
        )
        assert (tmp_path / f"energy.broken-{number}.json").read_bytes() == content
    assert not store.path.exists()


async def test_a_file_that_cannot_even_be_opened_stops_no_node(tmp_path: Path) -> None:
    store = EnergyStore(tmp_path)
    store.path.mkdir()
    saved, complaint = await store.load()
    assert saved is None
    assert complaint == (
        "energy.json cannot be read; it was moved to energy.broken-1.json, the books begin anew"
    )


async def test_a_file_that_cannot_be_moved_aside_is_said_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Path:
        raise OSError(30, "Read-only file system")

    store = EnergyStore(tmp_path)
    store.path.write_text("{")
    monkeypatch.setattr(Path, "replace", refuse)
    _, complaint = await store.load()
    assert complaint == (
        "energy.json cannot be read; nor can it be moved aside (Read-only file system), the books begin anew"
    )

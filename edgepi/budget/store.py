"""What the budget keeps through a power cut: ledger, open leases, charge, the governor's memory."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from edgepi.files import atomic_write
from edgepi.model import FinishPhase, Lease, LeaseState, Offer, RunPhase, WaitPhase

__all__ = ["EnergyStore", "Saved", "lease_from_dict", "lease_to_dict"]

_log = logging.getLogger("edgepi.budget.store")

FORMAT = "edgepi-energy-1"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What an earlier life left; *going* tells whether the node was about to go down.

    *governors* holds the memory of each governor by its name, *more* what other parts keep.
    """

    saved_utc: datetime
    monotonic_s: float
    going: bool = False
    stored_wh: float | None = None
    soc: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] | None = None
    governors: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    leases: tuple[Lease, ...] = ()
    boots: int = 0


class EnergyStore:
    """``energy.json`` in the state directory: replaced as a whole and synced, never torn."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "energy.json"

    async def load(self) -> tuple[Saved | None, str | None]:
        """Read it; a file that is torn or foreign is moved aside, and a sentence says so."""
        return await asyncio.to_thread(self._load)

    async def save(self, saved: Saved) -> None:
        """Write it and wait until it is on disk; raises OSError."""
        text = await asyncio.to_thread(_encode, saved)
        await asyncio.to_thread(self._write, text)

    def _write(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(self.path, text, 0o600)

    def _load(self) -> tuple[Saved | None, str | None]:
        try:
            return _decode(json.loads(self.path.read_bytes())), None
        except FileNotFoundError:
            return None, None
        except _UNREADABLE as error:
            _log.debug("%s is no energy file: %r", self.path, error)
            return None, f"{self.path.name} cannot be read; {self._set_aside()}, the books begin anew"

    def _set_aside(self) -> str:
        aside = self._free_name()
        try:
            self.path.replace(aside)
        except OSError as error:
            return f"nor can it be moved aside ({error.strerror})"
        return f"it was moved to {aside.name}"

    def _free_name(self) -> Path:
        number = 1
        while (aside := self.path.with_name(f"energy.broken-{number}.json")).exists():
            number += 1
        return aside


def _encode(saved: Saved) -> str:
    data = {
        "format": FORMAT,
        "saved_utc": saved.saved_utc.isoformat(),
        "monotonic_s": saved.monotonic_s,
        "going": saved.going,
        "stored_wh": saved.stored_wh,
        "boots": saved.boots,
        "soc": dict(saved.soc),
        "governors": dict(saved.governors),
        "more": dict(saved.more),
        "leases": [lease_to_dict(lease) for lease in saved.leases],
        "ledger": saved.ledger,
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def _decode(data: Any) -> Saved:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r}")
    stored = data["stored_wh"]
    return Saved(
        saved_utc=_moment(data["saved_utc"]),
        monotonic_s=float(data["monotonic_s"]),
        going=data["going"] is True,
        stored_wh=None if stored is None else float(stored),
        boots=int(data["boots"]),
        soc=dict(data["soc"]),
        governors=_governors(data),
        more=dict(data.get("more", {})),
        leases=tuple(_leases(data["leases"])),
        ledger=None if data["ledger"] is None else dict(data["ledger"]),
    )


def _governors(data: Mapping[str, Any]) -> dict[str, Any]:
    """Memories by name; earlier files hold one governor's alone."""
    if "governors" in data:
        return dict(data["governors"])
    return {str(data["governor_name"]): dict(data["governor"])}


def _leases(items: Iterable[Any]) -> Iterable[Lease]:
    return (lease_from_dict(item) for item in items)


def lease_to_dict(lease: Lease) -> dict[str, Any]:
    """Turn a lease into JSON-able values."""
    return {key: _plain(value) for key, value in asdict(lease).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value


def lease_from_dict(data: Mapping[str, Any]) -> Lease:
    """Read what `lease_to_dict` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    rest = {key: value for key, value in data.items() if key != "offer"}
    rest["state"] = LeaseState(rest["state"])
    rest["since_utc"] = _moment(rest["since_utc"])
    return Lease(offer=_offer(dict(data["offer"])), **rest)


def _offer(data: dict[str, Any]) -> Offer:
    data["run"] = RunPhase(**data["run"])
    if wait := data.get("wait"):
        data["wait"] = WaitPhase(**{**wait, "until_utc": _moment(wait["until_utc"])})
    if finish := data.get("finish"):
        data["finish"] = FinishPhase(**{**finish, "deadline_utc": _moment(finish["deadline_utc"])})
    return Offer(**data)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment

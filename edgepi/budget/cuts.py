"""Whether the board has been seen to cut the power after a halt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepi.model import WakeReason, WakeReasonKind
from edgepi.plugin import PowerController

__all__ = ["UNPROVEN", "UNSEEN", "CutProof"]

UNPROVEN = "this board has not been seen yet to cut after a halt"
UNSEEN = "this board cuts only if it sees the halt, and it has not been seen to do so yet"
# Starts that only a board gives whose node had no power.
_BY_THE_BOARD = (WakeReasonKind.ALARM, WakeReasonKind.GUARANTEED, WakeReasonKind.VOLTAGE_RECOVERED)


class CutProof:
    """Proven by a start of the board's own after a halt; in doubt again after one that it did not give."""

    def __init__(self) -> None:
        self._seen = False
        self._halts = False
        self._halted_before = False

    def halts(self, *, halts: bool = True) -> None:
        """Note that the machine halts now, or that it did not after all."""
        self._halts = halts

    def started(self, reason: WakeReason | None) -> None:
        """Take in why the node was switched on; counts once in a life, and only if the last one halted."""
        if self._halted_before and reason is not None:
            self._halted_before = False
            self._seen = reason.kind in _BY_THE_BOARD

    def doubts(self, board: PowerController | None) -> list[str]:
        """Say so if the node might halt and stay on for good."""
        if self._seen or board is None:
            return []
        if board.capabilities.cuts_only_if_halt_seen:
            return [UNSEEN]
        return [UNPROVEN] if board.capabilities.needs_up_signal else []

    def memory(self) -> Mapping[str, Any]:
        """What must outlive a restart."""
        return {"seen": self._seen, "halts": self._halts or self._halted_before}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Take over an earlier `memory`."""
        self._seen, self._halted_before = memory["seen"] is True, memory["halts"] is True

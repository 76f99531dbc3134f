"""Asks the governor, and holds the guards whatever it says."""

from __future__ import annotations

import logging

from edgepi.energy import Governor, Situation, Verdict, enforce

__all__ = ["Adviser"]

_log = logging.getLogger("edgepi.budget")


class Adviser:
    """A governor that fails is logged once; levels stay then, and the guards hold."""

    def __init__(self, governor: Governor) -> None:
        self._governor = governor
        self._failed = False

    def decide(self, situation: Situation) -> Verdict:
        """Say what shall be now."""
        try:
            verdict = self._governor.decide(situation)
            self._failed = False
        except Exception:  # noqa: BLE001 (the guards must hold whatever a governor does)
            if not self._failed:
                _log.exception("the governor failed; levels stay, guards hold")
            self._failed = True
            verdict = Verdict(levels={duty.consumer: duty.level for duty in situation.duties})
        return enforce(situation, verdict)

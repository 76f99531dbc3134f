"""Decisions as they are published: once, and again only when something changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from edgepi.clock import Clock
from edgepi.model import Decision, DecisionMade
from edgepi.runtime.bus import EventBus

__all__ = ["Sayings"]

_REMEMBERED = 500


class Sayings:
    """Remembers the latest decision of each subject; *mask* takes secrets out of sentences."""

    def __init__(self, bus: EventBus, clock: Clock, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self._bus = bus
        self._clock = clock
        self._latest: dict[str, Decision] = {}
        self._published: dict[str, tuple[str, str]] = {}

    def publish(self, decision: Decision) -> None:
        """Publish a decision unless its action and cause are the subject's latest already."""
        if (sentence := self._mask(decision.sentence)) != decision.sentence:
            decision = replace(decision, sentence=sentence, cause=self._mask(decision.cause))
        self._latest[decision.subject] = decision
        word = (decision.action, decision.cause)
        if self._published.get(decision.subject) == word:
            return
        self._published.pop(decision.subject, None)
        self._published[decision.subject] = word
        self._bus.publish(DecisionMade(decision))
        if len(self._published) > _REMEMBERED:
            oldest = next(iter(self._published))
            del self._published[oldest]
            self._latest.pop(oldest, None)

    def say(
        self, subject: str, action: str, sentence: str, numbers: Mapping[str, float] | None = None
    ) -> None:
        """Publish something that happened, unless it was the last thing said of the subject."""
        self.publish(
            Decision(
                time_utc=self._clock.now(),
                subject=subject,
                action=action,
                sentence=sentence,
                numbers=numbers or {},
                cause=sentence,
            )
        )

    def latest(self, subject: str) -> str:
        """The latest sentence about a subject, changing numbers included."""
        decision = self._latest.get(subject)
        return decision.sentence if decision else ""

from __future__ import annotations

import pytest

from edgepi.energy.clearness import ClearnessMemory, day_clearness, transitions
from edgepi.energy.settings import EngineSettings


def test_rows_of_the_chain_are_probabilities_and_clear_follows_clear() -> None:
    shares = EngineSettings().class_prior
    rows = transitions(shares, 0.36)
    assert all(sum(row) == pytest.approx(1.0) for row in rows)
    assert rows[-1][-1] > shares[-1] > rows[0][-1]


def test_without_correlation_every_day_is_drawn_anew() -> None:
    shares = EngineSettings().class_prior
    for row in transitions(shares, 0.0):
        assert row == pytest.approx(shares, abs=2e-3)


def test_a_day_of_which_little_was_measured_says_nothing() -> None:
    assert day_clearness([None] * 47 + [5.0], [1.0] * 48) is None
    assert day_clearness([None] * 24 + [0.5] * 24, [1.0] * 48) == pytest.approx(0.5)


def test_membership_lies_between_neighbouring_centres() -> None:
    memory = ClearnessMemory(EngineSettings())
    memory.learn(0.5)
    chain = memory.chain()
    assert sum(chain.membership) == pytest.approx(1.0)
    mean = sum(m * c for m, c in zip(chain.membership, chain.centres, strict=True))
    assert mean == pytest.approx(0.5, abs=1e-6)


def test_memory_outlives_a_restart() -> None:
    memory, other = ClearnessMemory(EngineSettings()), ClearnessMemory(EngineSettings())
    for clearness in (0.2, None, 0.9, 0.8):
        memory.learn(clearness)
    other.recall(memory.memory())
    assert other.chain() == memory.chain()

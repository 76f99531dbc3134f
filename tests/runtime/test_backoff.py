from __future__ import annotations

from edgepi.runtime.backoff import Failures, RetryPolicy

POLICY = RetryPolicy(first_s=5, factor=2, max_s=60, jitter=0.1, faults=3, window_s=100)


def test_waits_double_up_to_their_limit() -> None:
    assert [POLICY.delay_s(n, 0.0) for n in (1, 2, 3, 4, 5, 500)] == [5, 10, 20, 40, 60, 60]


def test_chance_adds_up_to_its_share() -> None:
    assert POLICY.delay_s(1, 1.0) == 5.5


def test_faults_within_the_window_are_enough_at_the_limit() -> None:
    failures = Failures(POLICY)
    assert [failures.add(at, fault=True) for at in (0, 10, 20)] == [False, False, True]


def test_faults_that_are_old_no_longer_count() -> None:
    failures = Failures(POLICY)
    assert [failures.add(at, fault=True) for at in (0, 60, 120, 180, 240)] == [False] * 5


def test_failures_that_are_no_faults_never_are_enough() -> None:
    failures = Failures(POLICY)
    assert not any(failures.add(at, fault=False) for at in range(50))
    assert failures.in_a_row == 50
    failures.succeeded()
    assert failures.in_a_row == 0

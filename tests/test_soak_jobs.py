"""The soak's look from outside tells what must not be from what may."""

from __future__ import annotations

import pytest

from tools.soak_jobs import COMPLETED, FAILED, REJECTED, REVEALED, complaint

ACTIVE, CONTRIBUTED = 1, 1
WHOLE = ["COMPUTING", "COMPUTED", "CONTRIBUTING", "CONTRIBUTED"]


@pytest.mark.parametrize(
    ("task", "contribution", "outcome", "stages", "why"),
    [
        (COMPLETED, CONTRIBUTED, None, WHOLE, "its stake is lost"),
        (ACTIVE, REJECTED, None, WHOLE, "its stake is lost"),
        (ACTIVE, CONTRIBUTED, "aborted: UNKNOWN", WHOLE, "let go of after its contribution"),
        (COMPLETED, 0, "completed", WHOLE, "the journal says completed"),
        (ACTIVE, 0, None, [*WHOLE[:2], "COMPUTING"], "computed though its result was there"),
    ],
)
def test_what_must_not_be(
    task: int, contribution: int, outcome: str | None, stages: list[str], why: str
) -> None:
    assert why in complaint(task, contribution, outcome, stages)


@pytest.mark.parametrize(
    ("task", "contribution", "outcome", "stages"),
    [
        (COMPLETED, REVEALED, "completed", WHOLE),
        (COMPLETED, 0, "aborted: ABORTED_BY_WORKER", ["COMPUTING"]),
        (FAILED, CONTRIBUTED, "aborted: CONTRIBUTION_TIMEOUT", WHOLE),
        (ACTIVE, CONTRIBUTED, None, ["COMPUTING", *WHOLE]),
    ],
)
def test_what_may_be(task: int, contribution: int, outcome: str | None, stages: list[str]) -> None:
    assert not complaint(task, contribution, outcome, stages)

from __future__ import annotations

from pathlib import Path

from edgepi.config import Finding


def test_finding_shows_the_line_a_caret_and_what_was_meant() -> None:
    finding = Finding(
        path=Path("e.yaml"),
        line=3,
        column=4,
        message="unknown key 'ab'",
        suggestion="abc",
        excerpt="\t  ab: 1",
    )
    assert finding.render() == (
        "e.yaml:3:4: unknown key 'ab'\n    3 | \t  ab: 1\n      | \t  ^\n        did you mean 'abc'?"
    )


def test_finding_without_a_line_is_one_line() -> None:
    finding = Finding(path=Path("e.yaml"), line=1, column=1, message="m", severity="warning")
    assert finding.render() == "e.yaml:1:1: warning: m"

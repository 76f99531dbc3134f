"""What the guest finds out, as rows: what, expected, got, whether that is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from edgepi.errors import EdgePiError

__all__ = ["Row", "about", "exact", "refusal", "said", "tell"]


class Row(NamedTuple):
    """One line of the table."""

    what: str
    expected: str
    got: str
    ok: bool


def exact(what: str, expected: object, got: object) -> Row:
    """They must be the same."""
    return Row(what, str(expected), str(got), expected == got)


def about(what: str, expected: float, got: float | None, within: float) -> Row:
    """They must agree as closely as what was measured is resolved."""
    ok = got is not None and abs(got - expected) <= within
    return Row(what, f"{expected:g} +-{within:g}", "nothing" if got is None else f"{got:.5g}", ok)


def said(what: str, words: str, text: str) -> Row:
    """A sentence must have these words in it."""
    return Row(what, words, text, words in text)


def refusal(what: str, kind: type[EdgePiError], words: str, act: Callable[[], object]) -> Row:
    """It must fail with an error of this kind whose sentence has these words."""
    try:
        got = f"no error but {act()}"
    except EdgePiError as error:
        return Row(what, f"{kind.__name__}: {words}", f"{type(error).__name__}: {error.message}",
                   isinstance(error, kind) and words in error.message)  # fmt: skip
    return Row(what, f"{kind.__name__}: {words}", got, ok=False)


def tell(row: Row) -> None:
    """Print a row for the machine outside."""
    print("row " + json.dumps(row), flush=True)

"""The page on the iExec worker names every key of its configuration, and what the worker really says."""

from __future__ import annotations

import ast
import re

import pytest

from edgepi_iexec.config import IexecConfig, config_schema
from tests.docs.pages import ROOT, section, text_of

PAGE = text_of("how-to/iexec-worker.md")
ROWS = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", PAGE.partition("### All keys")[2], re.MULTILINE)
DEFAULTS = {key: default.strip("` ") for key, _, default in ROWS}


def test_every_key_and_no_other_is_described() -> None:
    assert [key for key, _, _ in ROWS] == [str(key) for key in IexecConfig.__dataclass_fields__]
    assert {key for key, _, _ in ROWS} == {str(key) for key in config_schema().fields}


@pytest.mark.parametrize(
    "key",
    [name for name, field in IexecConfig.__dataclass_fields__.items() if field.default not in (None, ())],
)
def test_every_default_is_the_real_one(key: str) -> None:
    default = IexecConfig.__dataclass_fields__[key].default
    shown = DEFAULTS[key]
    if key == "longest":
        assert (default, shown) == (3600.0, "1h")
    elif isinstance(default, bool):
        assert shown == str(default).lower()
    elif isinstance(default, int | float):
        assert float(shown) == default
    elif isinstance(default, str):
        assert shown == default
    else:
        assert isinstance(default, tuple)
        assert shown == default[0]


def said() -> list[str]:
    """All that the worker may say, with a gap where it puts in particulars."""
    found = []
    for file in [
        *(ROOT / "plugins" / "edgepi_iexec").rglob("*.py"),
        *(ROOT / "edgepi" / "compute").glob("*.py"),
    ]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(
                        getattr(part, "value", "") if isinstance(part, ast.Constant) else "\0"
                        for part in node.values
                    )
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in comments:
                found.append(node.value)
    return found


def troubles() -> list[str]:
    table = section(PAGE, "When something is wrong")
    return re.findall(r"^\| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE)[1:]


SAID = said()


@pytest.mark.parametrize("sentence", troubles())
def test_every_sentence_of_the_table_of_troubles_is_said(sentence: str) -> None:
    parts = [words.strip(" :") for words in sentence.split("...")]
    assert any(all(words in told for words in parts) for told in SAID)


def test_there_are_troubles() -> None:
    assert len(troubles()) > 20

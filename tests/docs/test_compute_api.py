"""What the pages say of `edgepi.compute` is there."""

from __future__ import annotations

import ast
import importlib
import inspect
import re

import pytest

from edgepi.compute.sandbox import Sandbox
from tests.docs.pages import code_blocks, section, text_of

API = section(text_of("reference/plugin-api.md"), "edgepi.compute")
ROWS = re.findall(r"^\| `(\w+)` \| `(edgepi\.\w+\.\w+)` \| (.+) \|$", API, re.MULTILINE)


def test_the_table_names_what_plugins_use() -> None:
    assert {name for name, _, _ in ROWS} >= {"Sandbox", "Box", "Engine", "JobJournal", "BoxedJob", "JobsView"}


@pytest.mark.parametrize(("name", "module", "text"), ROWS)
def test_every_name_is_where_the_table_says_and_can_what_it_says(name: str, module: str, text: str) -> None:
    found = getattr(importlib.import_module(module), name)
    methods = set(re.findall(r"`(\w+)\(", text))
    assert methods <= set(dir(found))


def test_the_example_of_a_box_calls_what_there_is() -> None:
    (example,) = [
        code for language, code in code_blocks(text_of("how-to/write-a-plugin.md")) if language == "py"
    ]
    known = {name: getattr(importlib.import_module(module), name) for name, module, _ in ROWS}
    calls = [node for node in ast.walk(ast.parse(example)) if isinstance(node, ast.Call)]
    made = {node.func.id: node for node in calls if isinstance(node.func, ast.Name)}
    assert set(made) == {"Engine", "Sandbox", "owner_of", "Limits", "BoxedJob"}
    for name, call in made.items():
        inspect.signature(known[name]).bind(*call.args, **{key.arg or "": 0 for key in call.keywords})
    for node in calls:
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "boxes":
            assert hasattr(Sandbox, node.func.attr)

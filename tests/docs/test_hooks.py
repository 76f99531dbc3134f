"""The pages on the plugin contract say what the contract says."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from edgepi import plugin
from edgepi.plugin import PluginContext, fields, hookspecs
from tests.docs.pages import code_blocks, section, text_of

HOOKS = text_of("reference/hooks.md")
API = text_of("reference/plugin-api.md")


def signatures() -> dict[str, str]:
    """Every hook with its signature as it stands in the source."""
    tree = ast.parse(Path(inspect.getfile(hookspecs)).read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            returns = ast.unparse(node.returns) if node.returns else ""
            found[node.name] = f"def {node.name}({ast.unparse(node.args)}) -> {returns}"
    return found


def test_every_hook_and_no_other_has_a_section() -> None:
    assert re.findall(r"^## (\w+)$", HOOKS, re.MULTILINE) == list(signatures())
    assert set(signatures()) == set(hookspecs.__all__)


@pytest.mark.parametrize("hook", sorted(signatures()))
def test_each_hook_stands_with_its_signature_and_an_example_that_fits(hook: str) -> None:
    (_, signature), (_, example) = code_blocks(section(HOOKS, hook))
    assert signature.strip() == signatures()[hook]
    (function,) = [node for node in ast.parse(example).body if isinstance(node, ast.FunctionDef)]
    spec = getattr(hookspecs, hook)
    assert function.name == hook
    assert ast.unparse(function.decorator_list[0]) == "hookimpl"
    assert [argument.arg for argument in function.args.args] == list(inspect.signature(spec).parameters)


def named(text: str) -> set[str]:
    """What stands in the first column of the tables."""
    first = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    return {name for cell in first for name in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("module", [plugin, fields], ids=lambda module: module.__name__)
def test_every_public_name_and_no_other_is_described(module: ModuleType) -> None:
    assert named(section(API, module.__name__)) == set(module.__all__)


def test_every_part_of_the_context_is_described() -> None:
    assert named(section(API, "PluginContext")) == set(PluginContext.__dataclass_fields__)


def test_methods_that_are_named_exist() -> None:
    for name, described in re.findall(r"^\| `(\w+)` \| base class (.*) \|$", API, re.MULTILINE):
        base = getattr(plugin, name)
        known = {*dir(base), *(key for each in base.__mro__ for key in inspect.get_annotations(each))}
        words = set(re.findall(r"`(\w+)(?:\([^`]*\))?`", described.partition(":")[2]))
        assert words, name
        assert words - known - {"SupplyMeter", "Supply", "SunForecast", "ForecastError"} == set(), name

"""The page on the command of each of our plugins names every action and option, and no other."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterator, Mapping

import pytest

from edgepi.plugin import MANIFEST_NAME, Manifest
from tests.docs.pages import DOCS, ROOT, section, text_of
from tests.docs.test_commands import OPTION, in_tables, parsers, shown_options

ALWAYS = {"-h", "--help", "-c", "--config", "--state-dir", "--json"}
MANIFESTS = [Manifest.read(path) for path in sorted((ROOT / "plugins").glob(f"*/{MANIFEST_NAME}"))]
# It has one action, which is described beside the boards.
ELSEWHERE = {"wittypi"}
PLUGINS = {
    command.name: manifest.name
    for manifest in MANIFESTS
    for command in manifest.commands
    if command.name not in ELSEWHERE
}


def below(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """The parsers of the actions of a parser."""
    return {
        name: one
        for each in parser._actions
        if isinstance(each, argparse._SubParsersAction)
        for name, one in each.choices.items()
    }


def parser_of(name: str) -> argparse.ArgumentParser:
    hooks = importlib.import_module(f"edgepi_{PLUGINS[name]}.plugin")
    (command,) = [each for each in hooks.commands() if each.name == name]
    parser = argparse.ArgumentParser(prog=name)
    command.add_arguments(parser)
    return parser


def actions() -> Iterator[object]:
    for name in PLUGINS:
        for action, parser in below(parser_of(name)).items():
            yield pytest.param(name, action, parser, id=f"{name} {action}")


def page(name: str) -> str:
    return text_of(f"reference/{name}-commands.md")


every_action = pytest.mark.parametrize(("name", "action", "parser"), list(actions()))


def test_every_command_and_no_other_has_a_page() -> None:
    pages = {path.name.removesuffix("-commands.md") for path in (DOCS / "reference").glob("*-commands.md")}
    assert pages == set(PLUGINS)


@pytest.mark.parametrize("name", PLUGINS)
def test_every_action_and_no_other_has_a_section(name: str) -> None:
    assert re.findall(r"^## (.+)$", page(name), re.MULTILINE) == list(below(parser_of(name)))


@every_action
def test_every_option_and_no_other_is_described(
    name: str, action: str, parser: argparse.ArgumentParser
) -> None:
    assert set(OPTION.findall(in_tables(section(page(name), action)))) == shown_options(parser, ALWAYS)


@every_action
def test_every_action_below_an_action_is_described(
    name: str, action: str, parser: argparse.ArgumentParser
) -> None:
    assert set(re.findall(rf"^\| `{action} ([a-z-]+)", section(page(name), action), re.MULTILINE)) == set(
        below(parser)
    )


@every_action
def test_every_action_takes_what_all_take(name: str, action: str, parser: argparse.ArgumentParser) -> None:
    last = [each for each in parsers(parser) if not below(each)]
    assert last
    for each in last:
        assert {option for known in each._actions for option in known.option_strings} >= ALWAYS

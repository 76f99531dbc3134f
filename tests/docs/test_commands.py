"""The page on commands names every command, action, option and exit code, and no other."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Iterator

import pytest

from edgepi.cli.main import COMMANDS, EXIT_CODES
from edgepi.sim.kinds import FAULTS
from tests.docs.pages import section, text_of

PAGE = text_of("reference/commands.md")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*")


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=command, add_help=False)
    importlib.import_module(f"edgepi.cli.{command.replace('-', '_')}").add_arguments(parser)
    return parser


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from parsers(child)


def options(command: str) -> set[str]:
    found = {
        option
        for parser in parsers(parser_of(command))
        for action in parser._actions
        for option in action.option_strings
    }
    return found - {"-h", "--help"}


def actions(command: str) -> set[str]:
    return {
        name
        for action in parser_of(command)._actions
        if action.choices and action.dest in {"what", "action"}
        for name in action.choices
    }


def shown_options(parser: argparse.ArgumentParser, less: set[str]) -> set[str]:
    """Options of a parser and of those below it, less those that all have."""
    found = {
        option
        for each in parsers(parser)
        for known in each._actions
        for option in known.option_strings
        if known.help != argparse.SUPPRESS
    }
    return found - less


def in_tables(text: str) -> str:
    """The first columns of all tables."""
    return "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("|"))


def test_every_command_and_no_other_has_a_section() -> None:
    general = ["Exit codes", "Where things are"]
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == [*general, *COMMANDS]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_and_no_other_is_described(command: str) -> None:
    shown = set(OPTION.findall(in_tables(section(PAGE, command))))
    public = {option for option in options(command) if not hidden(command, option)}
    assert shown == public


def hidden(command: str, option: str) -> bool:
    """Whether help does not show it either."""
    return any(
        action.help == argparse.SUPPRESS
        for parser in parsers(parser_of(command))
        for action in parser._actions
        if option in action.option_strings
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_action_and_no_other_is_described(command: str) -> None:
    shown = set(re.findall(rf"^\| `{command} ([a-z-]+)", section(PAGE, command), re.MULTILINE))
    assert shown == actions(command)


def test_every_fault_is_described() -> None:
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", section(PAGE, "sim"), re.MULTILINE))
    assert rows == set(FAULTS)


def test_every_exit_code_and_no_other_is_described() -> None:
    shown = re.findall(r"^\| (\d+) \| (.+) \|$", section(PAGE, "Exit codes"), re.MULTILINE)
    assert [int(code) for code, _ in shown] == list(EXIT_CODES)
    for code, meaning in shown:
        assert meaning.startswith(EXIT_CODES[int(code)].partition(";")[0])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json(command: str) -> None:
    assert "--json" in options(command)

"""The page on the commands of the iExec plugin names every action and option, and no other."""

from __future__ import annotations

import argparse
import re

import pytest

from edgepi_iexec.commands import main
from edgepi_iexec.commands.main import ACTIONS
from tests.docs.pages import section, text_of
from tests.docs.test_commands import OPTION, in_tables, parsers, shown_options

PAGE = text_of("reference/iexec-commands.md")
ALWAYS = {"-h", "--help", "-c", "--config", "--state-dir", "--json"}


def parser_of(action: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=action)
    main._module(action).add_arguments(parser)
    return parser


def test_every_action_and_no_other_has_a_section() -> None:
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == list(ACTIONS)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_option_and_no_other_is_described(action: str) -> None:
    assert set(OPTION.findall(in_tables(section(PAGE, action)))) == shown_options(parser_of(action), ALWAYS)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_below_an_action_is_described(action: str) -> None:
    below = {
        name
        for each in parser_of(action)._actions
        if isinstance(each, argparse._SubParsersAction)
        for name in each.choices
    }
    assert set(re.findall(rf"^\| `{action} ([a-z-]+)", section(PAGE, action), re.MULTILINE)) == below


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_takes_what_all_take(action: str) -> None:
    taken = {
        option
        for parser in parsers(parser_of(action))
        for each in parser._actions
        for option in each.option_strings
    }
    assert taken >= ALWAYS

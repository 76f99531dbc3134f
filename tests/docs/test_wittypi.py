"""The page on the Witty Pi names every key, every entity and every option of its command."""

from __future__ import annotations

import argparse
import re

from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_wittypi import plugin
from edgepi_wittypi.config import WittyPiConfig
from edgepi_wittypi.detection import FAMILY
from edgepi_wittypi.schedule import command
from tests.docs.pages import text_of
from tests.docs.test_commands import OPTION, in_tables, parsers

PAGE = text_of("how-to/wittypi.md")
PAGE_5 = text_of("how-to/wittypi5.md")


def test_every_key_is_shown() -> None:
    shown = set(re.findall(r"^    (?:# )?([a-z_]+):", PAGE + PAGE_5, re.MULTILINE))
    assert {str(key) for key in plugin.config_schema().fields} == shown


def test_every_entity_is_told(plugin_context: ContextFactory) -> None:
    (sensor,) = plugin.sensors(plugin_context(WittyPiConfig(), plugin="wittypi"))
    assert {f"wittypi.{each.key}" for each in sensor.describe()} == set(re.findall(r"wittypi\.[a-z_]+", PAGE))


def test_every_option_and_no_other_is_described() -> None:
    parser = argparse.ArgumentParser(prog="wittypi")
    command.add_arguments(parser)
    options = {
        option
        for each in parsers(parser)
        for known in each._actions
        for option in known.option_strings
        if known.help != argparse.SUPPRESS
    }
    assert set(OPTION.findall(in_tables(PAGE))) == options - {"-h", "--help", "-c", "--config", "--state-dir"}


def test_every_board_that_is_driven_is_told_with_its_address_and_identity() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| Witty Pi")]
    driven = {identity: member for identity, member in FAMILY.items() if member.drive is not None}
    for identity, member in driven.items():
        told = (member.name, f"0x{member.address:02x}", f"0x{identity:02x}")
        assert any(all(word in row for word in told) for row in rows), told

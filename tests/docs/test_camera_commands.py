"""The page on the commands of the camera plugin names every action and option, and no other."""

from __future__ import annotations

import argparse
import re

import pytest
import voluptuous as vol
import yaml

from edgepi_camera.commands import main
from edgepi_camera.commands.main import ACTIONS
from edgepi_camera.config import config_schema
from tests.docs.pages import code_blocks, section, text_of
from tests.docs.test_commands import OPTION, in_tables, shown_options

PAGE = text_of("reference/camera-commands.md")
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


def test_the_configurations_of_the_how_to_are_valid() -> None:
    text = text_of("how-to/camera.md").replace("!secret ", "")
    found = [yaml.safe_load(code) for language, code in code_blocks(text) if language == "yaml"]
    sections = [block["plugins"]["camera"] for block in found if "plugins" in block]
    assert len(sections) == 5
    schema = config_schema()
    for section_of in sections:
        for entry in section_of if isinstance(section_of, list) else [section_of]:
            keys = {key: value for key, value in entry.items() if key not in {"name", "importance"}}
            schema.build(**vol.Schema(schema.fields)(keys))


def test_every_key_of_a_camera_is_described() -> None:
    text = text_of("how-to/camera.md")
    for key in config_schema().fields:
        assert re.search(rf"^ +(# )?{key}:", text, re.MULTILINE), f"{key} is not described"

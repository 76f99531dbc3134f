"""What the page on cameras says of their keys is true."""

from __future__ import annotations

import re

import voluptuous as vol
import yaml

from edgepi_camera.config import config_schema
from tests.docs.pages import code_blocks, text_of

PAGE = text_of("how-to/camera.md")


def test_the_configurations_of_the_page_are_valid() -> None:
    text = PAGE.replace("!secret ", "")
    found = [yaml.safe_load(code) for language, code in code_blocks(text) if language == "yaml"]
    sections = [block["plugins"]["camera"] for block in found if "plugins" in block]
    assert len(sections) == 5
    schema = config_schema()
    for section_of in sections:
        for entry in section_of if isinstance(section_of, list) else [section_of]:
            keys = {key: value for key, value in entry.items() if key not in {"name", "importance"}}
            schema.build(**vol.Schema(schema.fields)(keys))


def test_every_key_of_a_camera_is_described() -> None:
    for key in config_schema().fields:
        assert re.search(rf"^ +(# )?{key}:", PAGE, re.MULTILINE), f"{key} is not described"

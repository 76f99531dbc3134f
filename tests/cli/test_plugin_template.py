from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from edgepi.cli import plugin_template
from edgepi.errors import EdgePiError


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    plugin_template.add_arguments(parser)
    return parser.parse_args(words)


def test_a_new_plugin_lands_in_a_directory_named_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert plugin_template.run(parsed("soil_moisture")) == 0
    assert (tmp_path / "edgepi-soil-moisture/edgepi_soil_moisture/plugin.py").is_file()
    assert "edgepi-soil-moisture" in capsys.readouterr().out


def test_json_lists_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin_template.run(parsed("soil", "--directory", str(tmp_path / "new"), "--json"))
    files = json.loads(capsys.readouterr().out)["files"]
    assert "edgepi_soil/edgepi-plugin.toml" in files


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(EdgePiError, match="not empty"):
        plugin_template.run(parsed("soil", "--directory", str(tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("Soil-Moisture", "soil_moisture"), ("1wire", "wire"), ("class", "class"), ("../up", "up")],
)
def test_a_name_that_is_no_package_is_refused_with_one_that_is(name: str, suggestion: str) -> None:
    with pytest.raises(EdgePiError) as caught:
        plugin_template.answers(name)
    assert suggestion in str(caught.value.hint)


@pytest.mark.parametrize("text", ['a "quoted" word', "two\nlines", "back\\slash"])
def test_texts_that_would_break_the_files_are_refused(text: str) -> None:
    with pytest.raises(EdgePiError, match="quotes"):
        plugin_template.answers("soil", title=text)


def test_class_names_come_from_the_name() -> None:
    assert plugin_template.answers("soil_moisture_2")["class_name"] == "SoilMoisture2"

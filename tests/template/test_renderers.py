"""The template renders to the same tree with copier and without."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edgepi.cli import plugin_template
from edgepi.plugin import MANIFEST_NAME, Manifest

TEMPLATE = Path(__file__).parents[2] / "plugin-template"
BIN = Path(sys.executable).parent
NAMES = ("thermometer", "soil_moisture", "lm75_2")


def tree(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def rendered(target: Path, name: str, **more: str) -> Path:
    list(plugin_template.render(TEMPLATE / "template", target, plugin_template.answers(name, **more)))
    return target


def run_copier(target: Path, **data: str) -> subprocess.CompletedProcess[str]:
    options = [word for key, value in data.items() for word in ("--data", f"{key}={value}")]
    command = [str(BIN / "copier"), "copy", "--defaults", "--quiet", *options, str(TEMPLATE), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_copier_and_our_renderer_agree(name: str, tmp_path: Path) -> None:
    result = run_copier(tmp_path / "copier", name=name)
    assert result.returncode == 0, result.stderr
    ours = tree(rendered(tmp_path / "ours", name))
    assert tree(tmp_path / "copier") == ours
    assert len(ours) > 8


@pytest.mark.slow
def test_copier_and_our_renderer_agree_on_given_texts(tmp_path: Path) -> None:
    title, summary = "Bodenfühler", "Misst, wie nass die Erde ist"
    run_copier(tmp_path / "copier", name="soil", title=title, summary=summary)
    assert tree(tmp_path / "copier") == tree(
        rendered(tmp_path / "ours", "soil", title=title, summary=summary)
    )


@pytest.mark.slow
def test_copier_refuses_a_name_that_is_no_package(tmp_path: Path) -> None:
    result = run_copier(tmp_path / "copier", name="Soil Moisture")
    assert result.returncode != 0
    assert "lower-case letters" in result.stderr


def test_no_placeholder_is_left(tmp_path: Path) -> None:
    for name, text in tree(rendered(tmp_path, "soil_moisture")).items():
        assert "{{" not in name + text


def test_the_manifest_of_a_rendered_plugin_is_valid(tmp_path: Path) -> None:
    folder = rendered(tmp_path, "soil_moisture", title="Soil")
    manifest = Manifest.read(folder / "edgepi_soil_moisture" / MANIFEST_NAME)
    assert (manifest.name, manifest.title) == ("soil_moisture", "Soil")


@pytest.mark.parametrize("command", [("check", "--select", "E,F,I,B,UP"), ("format", "--check")])
def test_a_rendered_plugin_is_tidy(command: tuple[str, ...], tmp_path: Path) -> None:
    folder = rendered(tmp_path, "soil_moisture")
    result = subprocess.run(
        [str(BIN / "ruff"), *command, "--no-cache", str(folder)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
def test_a_rendered_plugin_has_the_types_it_says(tmp_path: Path) -> None:
    folder = rendered(tmp_path, "soil_moisture")
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = True\n")
    result = subprocess.run(
        [BIN / "mypy", "--config-file", config, "--cache-dir", tmp_path / "cache", "edgepi_soil_moisture"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout

"""The plugin that the page builds works as it stands there, in a folder rendered from the template."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgepi.cli import plugin_template
from edgepi.plugin import MANIFEST_NAME, Manifest, fields
from edgepi.runtime.records import PluginStatus
from edgepi.testing import conformance, faults
from edgepi.testing.pytest_plugin import __all__ as fixtures
from tests.docs.pages import code_blocks, section, text_of

PAGE = text_of("how-to/write-a-plugin.md")
ANSWERS = plugin_template.answers(
    "pond", title="Garden pond", summary="Water temperature and aeration of a pond"
)


def files() -> dict[str, str]:
    """What the page says that each file holds; its first line names the file."""
    return {
        code.split("\n", 1)[0].removeprefix("# "): code
        for language, code in code_blocks(PAGE)
        if language in {"python", "toml"}
    }


@pytest.fixture
def pond(tmp_path: Path) -> Path:
    """The rendered template with the files of the page."""
    list(plugin_template.render(plugin_template.template_folder(), tmp_path, ANSWERS))
    for name, code in files().items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    (tmp_path / "tests" / "test_sensor.py").unlink()
    return tmp_path


def run(*command: str, cwd: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(cwd), "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.slow
def test_its_sensor_and_duty_pass_every_conformance_test(pond: Path) -> None:
    said = run("pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(pond / "tmp"), cwd=pond)
    assert "passed" in said
    assert "skipped" not in said


@pytest.mark.slow
def test_its_code_is_clean_and_typed(pond: Path) -> None:
    run("ruff", "check", "--no-cache", "--select", "E,F,I,B,UP,ASYNC", ".", cwd=pond)
    run("ruff", "format", "--no-cache", "--check", ".", cwd=pond)
    run("mypy", "--strict", "--cache-dir", str(pond / "tmp"), "edgepi_pond", cwd=pond)


def test_what_it_keeps_is_there_after_a_restart(tmp_path: Path) -> None:
    namespace: dict[str, Any] = {}
    exec(files()["edgepi_pond/catches.py"], namespace)
    at_utc = datetime(2026, 5, 1, 6, 0, tzinfo=UTC)
    assert namespace["Catches"](tmp_path).heaviest() is None
    for fish, grams in (("carp", 900.0), ("pike", 4100.0), ("tench", 700.0)):
        namespace["Catches"](tmp_path).add(at_utc, fish, grams)
    assert namespace["Catches"](tmp_path).heaviest() == ("pike", 4100.0)


def test_its_manifest_names_the_hooks_of_the_page(pond: Path) -> None:
    manifest = Manifest.read(pond / "edgepi_pond" / MANIFEST_NAME)
    code = files()["edgepi_pond/plugin.py"]
    assert manifest.name == "pond"
    assert all(f"@hookimpl\ndef {hook}(" in code for hook in manifest.offers)


def test_its_section_of_the_configuration_has_only_keys_of_its_schema() -> None:
    (section_of_page,) = [yaml.safe_load(code) for language, code in code_blocks(PAGE) if language == "yaml"]
    code = files()["edgepi_pond/plugin.py"]
    assert all(f'vol.Optional("{key}")' in code for key in section_of_page["plugins"]["pond"])


def test_every_fixture_suite_fault_field_and_status_is_named() -> None:
    testing_part = section(PAGE, "Test it")
    for name in set(fixtures) - {"ContextFactory"}:
        assert f"`{name}`" in testing_part
    for name in (*conformance.__all__, *faults.__all__):
        assert f"`{name}`" in testing_part
    for name in set(fields.__all__) - {"FieldError", "nearest"}:
        assert f"`{name}`" in PAGE
    for status in PluginStatus:
        assert f"| `{status.value}` |" in section(PAGE, "What the statuses mean")

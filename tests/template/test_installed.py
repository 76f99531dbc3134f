"""A rendered plugin, built and installed on its own beside an installed EdgePi, works unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run(*command: str | Path, cwd: Path) -> str:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command}:\n{result.stdout}\n{result.stderr}"
    return result.stdout


def build(source: Path, target: Path, *kinds: str) -> None:
    run(sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", target, ".", cwd=source)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    build(ROOT, target, "--wheel", "--sdist")
    return target


def test_a_wheel_brings_the_page_the_template_and_the_manifests(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("edgepi-*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert {
        "edgepi/web/static/index.html",
        "edgepi/py.typed",
        "edgepi/_plugin_template/copier.yml",
        "edgepi/_plugin_template/template/edgepi_{{ name }}/plugin.py",
        "edgepi_weather/edgepi-plugin.toml",
        "edgepi_wittypi/edgepi-plugin.toml",
        "edgepi_ina219/edgepi-plugin.toml",
        "edgepi_openmeteo/edgepi-plugin.toml",
    } <= names
    assert not [name for name in names if "node_modules" in name or name.startswith("tests/")]


def test_a_source_archive_builds_the_same_wheel_without_node(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = next(built.glob("edgepi-*.tar.gz"))
    run("tar", "-xzf", archive, "-C", tmp_path, cwd=tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    build(next(tmp_path.iterdir()), tmp_path / "again", "--wheel")
    names = [
        sorted(zipfile.ZipFile(next(folder.glob("*.whl"))).namelist())
        for folder in (built, tmp_path / "again")
    ]
    assert names[0] == names[1]


def test_a_rendered_plugin_installs_passes_its_tests_and_is_listed(built: Path, tmp_path: Path) -> None:
    venv, plugin = tmp_path / "venv", tmp_path / "edgepi-soil-moisture"
    uv = Path(sys.executable).parent / "uv"
    run(uv, "venv", "--no-config", "--python", sys.executable, venv, cwd=tmp_path)
    install = (uv, "pip", "install", "--no-config", "--quiet", "--python", venv / "bin/python")
    run(*install, "--require-hashes", "-r", ROOT / "requirements/run.txt", cwd=tmp_path)
    run(*install, "--no-deps", next(built.glob("edgepi-*.whl")), cwd=tmp_path)

    run(venv / "bin/edgepi", "plugins", "new", "soil_moisture", cwd=tmp_path)
    build(plugin, tmp_path / "plugin-dist", "--wheel")
    wheel = next((tmp_path / "plugin-dist").glob("*.whl"))
    run(*install, "--constraint", ROOT / "requirements/dev.txt", f"{wheel}[test]", cwd=tmp_path)

    assert "passed" in run(venv / "bin/python", "-m", "pytest", "tests", cwd=plugin)
    listed = json.loads(run(venv / "bin/edgepi", "plugins", "list", "--json", cwd=tmp_path))
    found = {each["name"]: each for each in (listed["plugins"] if isinstance(listed, dict) else listed)}
    assert found["soil_moisture"]["distribution"] == "edgepi-soil-moisture"
    assert found["soil_moisture"]["status"] == "available"

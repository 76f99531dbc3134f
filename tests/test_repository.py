"""What must hold for the repository as a whole."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

import edgepi

ROOT = Path(__file__).parents[1]
MB = 1024 * 1024
REGISTRIES = r"pypi\.org|pythonhosted|registry\.npmjs|yarnpkg|--(extra-)?index-url|--find-links|\"resolved\""
MACHINE_PATHS = r"(?<![\w.])/(work|root/\.|opt/(wheels|pypi)|srv/data)\b"
LOCKS = (
    "requirements/build.txt",
    "requirements/dev.txt",
    "requirements/frontend.txt",
    "requirements/run.txt",
)


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def texts() -> dict[str, str]:
    found = {}
    for path in tracked():
        if path == Path(__file__):
            continue
        try:
            found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def places(pattern: str) -> list[str]:
    """Name every file and line that matches."""
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def test_no_file_names_a_package_registry() -> None:
    assert places(REGISTRIES) == []


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert places(MACHINE_PATHS) == []


def test_no_file_is_large() -> None:
    assert [path for path in tracked() if path.stat().st_size > MB] == []


def test_nothing_that_is_built_is_kept() -> None:
    built = re.compile(r"node_modules|web/static/|__pycache__|\.whl$|\.egg-info")
    assert [str(path) for path in tracked() if built.search(str(path.relative_to(ROOT)))] == []


def test_the_licence_is_there_and_named() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert project()["license"] == "Apache-2.0"


def test_the_version_is_said_in_one_place() -> None:
    assert "version" in project()["dynamic"]  # type: ignore[operator]
    said = [name for name, text in texts().items() if re.search(r"^__version__ = ", text, re.MULTILINE)]
    assert said == ["edgepi/__init__.py"]


def test_the_changelog_knows_the_version() -> None:
    assert re.search(
        rf"^## \[({re.escape(edgepi.__version__)}|Unreleased)\]", texts()["CHANGELOG.md"], re.MULTILINE
    )


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_an_exact_version_and_hashes(name: str) -> None:
    text = re.sub(r"#.*", "", texts()[name]).replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line.strip()]
    assert entries
    for entry in entries:
        assert re.match(r"[\w.-]+==\S+.*--hash=sha256:[0-9a-f]{64}", entry), entry


def test_what_runs_is_locked_at_the_version_that_is_tested() -> None:
    versions = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", texts()[name], re.MULTILINE))
        for name in ("requirements/run.txt", "requirements/dev.txt")
    ]
    assert versions[0].items() <= versions[1].items()


def test_every_dependency_is_locked() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*table["dependencies"], *(r for each in table["optional-dependencies"].values() for r in each)]
    names = {re.split(r"[\[<>=;~! ]", wish)[0].lower().replace(".", "-") for wish in wanted} - {"edgepi"}
    locked = set(re.findall(r"^([\w.-]+)==", texts()["requirements/run.txt"], re.MULTILINE))
    assert names <= locked


def test_the_page_is_locked_with_hashes() -> None:
    lock = json.loads((ROOT / "edgepi/web/frontend/package-lock.json").read_text())
    packages = [each for name, each in lock["packages"].items() if name]
    assert packages
    assert all(each.get("integrity") for each in packages)


def test_the_extra_all_brings_every_plugin_of_ours() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    plugins = {path.name.removeprefix("edgepi_") for path in (ROOT / "plugins").glob("edgepi_*")}
    (everything,) = extras["all"]
    assert set(re.findall(r"\w+", everything.partition("[")[2])) == (plugins | {"energy"}) & set(extras)

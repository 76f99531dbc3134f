from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

MakeDist = Callable[..., str]
MANIFEST = '[plugin]\nname = "{name}"\ntitle = "A title"\nsummary = "A summary."\n'


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a directory on ``sys.path`` whose packages are forgotten after the test."""
    directory = tmp_path / "site"
    directory.mkdir()
    monkeypatch.syspath_prepend(str(directory))
    before = set(sys.modules)
    yield directory
    for name in set(sys.modules) - before:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if origin.startswith(str(directory)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def make_dist(site: Path) -> MakeDist:
    """Make throwaway distributions of one plugin each; returns the plugin's name."""

    def make(
        name: str,
        code: str = "",
        *,
        distribution: str | None = None,
        package: str | None = None,
        manifest: str | None = MANIFEST,
        target: str | None = None,
    ) -> str:
        package = package or f"throwaway_{name}"
        distribution = distribution or f"throwaway-{name}"
        info = site / f"{distribution.replace('-', '_')}-1.2.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.3\n")
        target = target or f"{package}.plugin"
        (info / "entry_points.txt").write_text(f"[edgepi.plugins]\n{name} = {target}\n")
        home = site / package
        home.mkdir(exist_ok=True)
        (home / "__init__.py").write_text("")
        (home / "plugin.py").write_text("from edgepi.plugin import *\n" + dedent(code))
        if manifest is not None:
            (home / "edgepi-plugin.toml").write_text(manifest.format(name=name))
        importlib.invalidate_caches()
        return name

    return make
